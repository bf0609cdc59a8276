"""What the log keeps, in the form in which it is decided again."""

from __future__ import annotations

import orjson

from engine import Policy
from engine.audit import DecisionLog
from engine.audit.entry import StoredEntry
from engine.audit.vault import Vault
from engine.replay import NotReplayableError, Reason, Recorded, stored_policy


def recorded(log: DecisionLog, vault: Vault | None, entry: StoredEntry) -> Recorded:
    """A decision with the facts it was made about, as far as they are there; without a vault they stay sealed.

    Raises:
        LogUnavailable: the log or the vault cannot be read.
    """
    facts, without = _facts(log, vault, entry)
    return Recorded(entry.index, entry.id, entry.body, facts, without)


def _facts(log: DecisionLog, vault: Vault | None, entry: StoredEntry) -> tuple[bytes | None, Reason]:
    sealed = log.sealed(entry.index)
    if sealed is None:
        was_sealed = orjson.loads(entry.body).get("sealed_facts") is not None
        return None, Reason.FACTS_DESTROYED if was_sealed else Reason.FACTS_GONE
    if vault is None:
        return None, Reason.FACTS_HELD_BACK
    subject, box = sealed
    return vault.open_facts(subject, entry.id, box), Reason.FACTS_DESTROYED


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
