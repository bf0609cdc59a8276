"""What the log keeps, in the form in which it is decided again."""

from __future__ import annotations

from collections.abc import Container

import orjson

from engine import Policy
from engine.audit import DecisionLog
from engine.audit.destroying import destroyed_in
from engine.audit.entry import StoredEntry
from engine.audit.vault import Vault
from engine.audit.vault.destruction import unfinished
from engine.audit.vault.keystore import find_by_subject
from engine.replay import NotReplayableError, Reason, Recorded, stored_policy


class Destructions:
    """The customers of whom the log says that they were destroyed, or are being; read anew when it says so of more."""

    def __init__(self, log: DecisionLog) -> None:
        self._log = log
        self._last = -1
        self._subjects: frozenset[str] = frozenset()

    def __contains__(self, subject: object) -> bool:
        last = self._log.last_of("destruction_begun", "destruction_done")
        if last is not None and last.index != self._last:
            with self._log.store.reading() as session:
                self._subjects = frozenset([*unfinished(session), *destroyed_in(session)])
            self._last = last.index
        return subject in self._subjects


def recorded(log: DecisionLog, vault: Vault | None, entry: StoredEntry, destroyed: Container[str]) -> Recorded:
    """A decision with the facts it was made about, as far as they are there; without a vault they stay sealed.

    That facts which cannot be opened are of one of those `destroyed` is no guess: the log says it.

    Raises:
        LogUnavailable: the log or the vault cannot be read.
    """
    sealed = log.sealed(entry.index)
    if sealed is not None and vault is not None:
        facts = vault.open_facts(sealed[0], entry.id, sealed[1])
        if facts is not None:
            return Recorded(entry.index, entry.id, entry.body, facts)
    subject = _subject(entry.body) if sealed is None else sealed[0]
    if subject is not None and subject in destroyed and not _has_key(log, subject):
        without = Reason.FACTS_DESTROYED
    else:
        without = Reason.FACTS_GONE if sealed is None else Reason.FACTS_HELD_BACK
    return Recorded(entry.index, entry.id, entry.body, None, without)


def _subject(body: bytes) -> str | None:
    """Whose facts were sealed with the record, None if it does not say that any were."""
    try:
        record = orjson.loads(body)
        return str(record["subject"]) if record["sealed_facts"] else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _has_key(log: DecisionLog, subject: str) -> bool:
    """Whether that customer's key is there: held after all, one keeps it, and what is missing is not destroyed."""
    with log.store.reading_keys() as keys:
        return find_by_subject(keys, subject) is not None


def policy_of(log: DecisionLog, digest: str) -> Policy:
    """The program stored under a digest.

    Raises:
        NotReplayableError: there is none, or this engine cannot decide by it.
        LogUnavailable: the log cannot be read.
    """
    record = log.policy(digest)
    if record is None:
        raise NotReplayableError(Reason.NO_POLICY, f"no policy {digest} is stored in the log")
    return stored_policy(digest, record.document, record.files)
