"""The `ostiary` command. Each subcommand is imported only when it is run."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import version
from typing import Final

import click

from api.cli.exit_codes import ExitCode

_COMMANDS: Final = {
    "serve": "Serve decisions over HTTP, on this machine",
    "decide": "Decide requests from a file or standard input, without recording them",
    "check": "Look for mistakes in rules and jurisdictions",
    "test": "Run the rule tests beside the rules",
    "coverage": "Show what answers each paragraph of the law",
}


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"api.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("ostiary"), message="%(prog)s %(version)s")
def ostiary() -> None:
    """Decide, with reasons and citations, whether a cloud account may be opened or kept.

    Exit codes: 0 ok or allowed, 1 usage or input/output, 2 not allowed (decide), 3 rules invalid, 4 tests failed.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code; the `ostiary` console script."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        result = ostiary.main(arguments, prog_name="ostiary", standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        return ExitCode.USAGE_OR_IO
    except click.ClickException as error:
        # click leaves with 2 on wrong usage; 2 means "not allowed" here.
        error.show()
        return ExitCode.USAGE_OR_IO
    except BrokenPipeError:
        # Whoever read our output has gone. What is still buffered must not raise again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.USAGE_OR_IO
    return int(result or ExitCode.OK)
