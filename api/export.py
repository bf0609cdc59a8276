"""An export put in its place: whole, and of one moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from api.backup import draft_of
from engine.audit import DecisionLog
from engine.audit.export import FactsDestroyed, write_export

_ATTEMPTS = 5


def export(log: DecisionLog, target: Path, signed_size: Callable[[], int]) -> int:
    """Write a log into `target`, which is empty or not there; how many entries.

    `signed_size` has the log signed and says how many entries are; so many are written.

    Raises:
        LogUnavailable: the log cannot be read, or the files cannot be written.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _attempt(log, target, signed_size())
        except FactsDestroyed:
            # The log has more entries now, and among them the one that tells of it.
            continue
    return _attempt(log, target, signed_size())


def _attempt(log: DecisionLog, target: Path, size: int) -> int:
    with draft_of(target) as draft:
        write_export(log, draft, size)
    return size
