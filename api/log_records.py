"""What the log keeps, in the form in which it is decided again."""

from __future__ import annotations

from engine import Policy
from engine.audit import DecisionLog
from engine.audit.entry import StoredEntry
from engine.replay import NotReplayableError, Reason, Recorded, stored_policy


def recorded(log: DecisionLog, entry: StoredEntry) -> Recorded:
    """A decision with the facts it was made about, as far as they are still there. Raises LogUnavailable."""
    return Recorded(entry.index, entry.id, entry.body, log.facts(entry.id))


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
