"""What a service has recorded of requests, apart from what it records of itself."""

from __future__ import annotations

from engine.audit import DecisionLog, StoredEntry

OF_ITSELF = {"log_created", "policy_activated", "checkpoint_signed"}


def decisions(log: DecisionLog) -> list[StoredEntry]:
    """Every entry that is not one of those a service makes by itself; each has to be a decision."""
    found = [entry for entry in log.entries() if entry.kind not in OF_ITSELF]
    assert {entry.kind for entry in found} <= {"decision"}
    return found
