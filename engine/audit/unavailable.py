"""Why the log cannot be written or read, in words an operator can act on."""

from __future__ import annotations

import enum
import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RIGHTS = "let the service's user read and write the file and its directory"
FULL = ("the disk is full", "free some space; the log goes on by itself")
STOP = (
    "stop every service on this log, keep it and the file `checkpoint` as they are, run `ostiary log verify` to see "
    "what was changed, and restore a backup"
)
_WORDS = {
    errno.EACCES: ("access is refused", RIGHTS),
    errno.EPERM: ("access is refused", RIGHTS),
    errno.EROFS: ("it may not be written", RIGHTS),
    errno.ENOENT: ("it is not there", "put it back, or correct the setting that names it"),
    errno.EISDIR: ("it is a directory, and a file belongs there", "correct the setting that names it"),
    errno.ENOTDIR: ("a file stands where a directory belongs", "correct the setting that names it"),
    errno.EEXIST: ("something else stands in its place", "move that away, or correct the setting that names it"),
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
}
_OTHER = ("it cannot be used", "put right what the system says and restart the service")


class Cause(enum.Enum):
    """What kind of trouble it is, for those who decide whether to go on."""

    BUSY = enum.auto()
    """Waiting is all that is needed."""
    FULL = enum.auto()
    """There is no room; nothing was written."""
    DAMAGED = enum.auto()
    """Going on could make things worse."""
    OTHER = enum.auto()


class LogUnavailable(Exception):  # noqa: N818  the name states the condition a caller answers with 503
    """The log did not do what was asked, and nothing of it is half-written.

    `reason` says where, what and what to do; `retry_after` is in whole seconds. `may_be_logged` is true only when the
    outcome of a commit is not known: the entry was not acknowledged but may stand in the log, whole. Appending the same
    entry again is safe in either case.
    """

    def __init__(
        self, reason: str, *, retry_after: int = 5, may_be_logged: bool = False, cause: Cause = Cause.OTHER
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.may_be_logged = may_be_logged
        self.cause = cause


def from_os_error(path: Path, error: OSError) -> LogUnavailable:
    """What stands between the service and the file at `path`, and what removes it, in one sentence."""
    what, remedy = _WORDS.get(error.errno or 0, _OTHER)
    return LogUnavailable(f"{path}: {what} ({type(error).__name__}: {error}); {remedy}")


def damaged(name: str, what: str) -> LogUnavailable:
    """The log `name` is not what was logged."""
    return LogUnavailable(f"{name}: {what}; {STOP}", cause=Cause.DAMAGED)


class EntryConflict(ValueError):  # noqa: N818  the name states the condition
    """An id belongs to another entry already; nothing was written."""


class IdempotencyConflict(ValueError):  # noqa: N818
    """An idempotency key was used for another request within its time; nothing was written."""


class KeyOutdated(ValueError):  # noqa: N818
    """The data key that facts were sealed with is no longer, or never became, the customer's; seal them again."""
