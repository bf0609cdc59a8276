"""What the commands tell the shell."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; docs/cli.md lists them."""

    OK = 0
    """It worked; for `decide`, every request is allowed."""
    USAGE_OR_IO = 1
    """The command line, a file, a request or the network is at fault."""
    NOT_ALLOWED = 2
    """`decide`: held, up for review, or denied."""
    DIFFERS = 2
    """`log replay`: at least one decision does not come out as it is recorded."""
    RULES_INVALID = 3
    """The rules or jurisdictions have mistakes."""
    TESTS_FAILED = 4
    """`test`: at least one rule test failed; `conformance`: at least one case of a suite."""
