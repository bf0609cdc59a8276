"""The log as a source of accounts: each recorded decision with its action, its day and its facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.replayable import Destructions, recorded
from engine.audit import DecisionLog
from engine.audit.note import encode_base64
from engine.audit.vault import Vault
from engine.decision.request import Violation
from engine.population.reading import Row, Source
from engine.replay import NotReplayableError, Reason
from engine.replay.recorded import read_case

_GONE = frozenset({Reason.FACTS_GONE, Reason.FACTS_DESTROYED})
"""Nothing is wrong when facts are no longer there: they are counted, and the rest is read."""


def recorded_accounts(log: DecisionLog, vault: Vault | None) -> Source:
    """The decisions of a log up to its present size; rows are numbered by the index of the entry.

    Raises:
        LogUnavailable: the log cannot be read, here or while its rows are.
    """
    head = log.head()
    note = log.latest_checkpoint()
    origin: dict[str, Any] = {
        "kind": "log",
        "origin": None if note is None else note.partition("\n")[0],
        "size": head.size,
        "root": encode_base64(head.root()),
    }
    reading = _Reading(log, vault, head.size)
    return Source(log.store.name, "entry", reading.rows(), origin, share=reading.share)


class _Reading:
    def __init__(self, log: DecisionLog, vault: Vault | None, size: int) -> None:
        self._log = log
        self._vault = vault
        self._size = size
        self._index = 0

    def share(self) -> float:
        return self._index / max(self._size, 1)

    def rows(self) -> Iterator[Row]:
        destroyed = Destructions(self._log)
        for entry in self._log.entries(0, self._size):
            self._index = entry.index + 1
            if entry.kind != "decision":
                continue
            try:
                case = read_case(recorded(self._log, self._vault, entry, destroyed))
            except NotReplayableError as error:
                if error.reason in _GONE:
                    yield Row(entry.index, gone=error.detail)
                else:
                    yield Row(entry.index, violations=(Violation("", error.detail),))
            else:
                yield Row(entry.index, case.request)
