"""What the log keeps, in the form in which it is decided again."""

from __future__ import annotations

import orjson

from engine import Policy
from engine.audit import DecisionLog
from engine.audit.entry import StoredEntry
from engine.audit.vault import Vault, is_empty
from engine.audit.vault.keystore import find_by_subject
from engine.replay import NotReplayableError, Reason, Recorded, stored_policy


def recorded(log: DecisionLog, vault: Vault | None, entry: StoredEntry) -> Recorded:
    """A decision with the facts it was made about, as far as they are there; without a vault they stay sealed.

    Raises:
        LogUnavailable: the log or the vault cannot be read.
    """
    sealed = log.sealed(entry.index)
    if sealed is not None and vault is not None:
        facts = vault.open_facts(sealed[0], entry.id, sealed[1])
        if facts is not None:
            return Recorded(entry.index, entry.id, entry.body, facts)
    # A key is destroyed before what it sealed is removed: while it is there, facts that are not are otherwise gone.
    subject = _subject(entry.body) if sealed is None else sealed[0]
    if subject is not None and _is_destroyed(log, subject):
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


def _is_destroyed(log: DecisionLog, subject: str) -> bool:
    """Whether the key of that customer is gone; where all keys are, they were lost and not destroyed."""
    with log.store.reading_keys() as keys:
        return not is_empty(keys) and find_by_subject(keys, subject) is None


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
