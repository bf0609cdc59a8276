"""Destroying what identifies a customer, step by step, each safe to do again after a crash.

1. In the transaction that logs `destruction_begun`: `check`.
2. In another one: `destroy_key`, which checks once more, because a hold or a reopened account may have come in between.
   Where keys and log are not one database, the keys are committed first.
3. In the transaction that logs `destruction_done`: `remove_sealed`. The key is gone by then, so a crash before it
   leaves boxes that nobody can open, and `unfinished` finds them.
4. Once for all of them, the store's `scrub`. In SQLite `secure_delete` overwrites a deleted row, but when an index is
   rebalanced it can leave a copy of an indexed value, so the file of the keys is also written anew (`VACUUM`), and then
   the write-ahead log is emptied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import orjson

from engine.audit.vault import keystore
from engine.audit.vault.errors import NotDestroyable, UnknownSubject
from engine.audit.vault.retention import KeptThrough, Retention, retention_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator

    from engine.audit.store import Session
    from engine.audit.vault.keystore import Customer, Hold
    from engine.audit.vault.retention import Readings


@attrs.frozen
class Standing:
    """Where one customer's records stand.

    `created` is when its key was made, RFC 3339; `accounts` is how many accounts have been told of.
    """

    subject: str
    created: str
    retention: Retention
    holds: tuple[Hold, ...]
    accounts: int

    def obstacle(self, day: datetime.date) -> str | None:
        """Why the key may not be destroyed on that day, None if it is due."""
        if self.holds:
            cases = ", ".join(f"`{hold.case}`" for hold in self.holds)
            return f"held for {cases}; release the hold first"
        if not isinstance(self.retention, KeptThrough) or day <= self.retention.day:
            return str(self.retention)
        return None


def standings(keys: Session, readings: Readings) -> Iterator[Standing]:
    """Every customer that has a key, by subject."""
    return (_standing(found, readings) for found in keystore.customers(keys))


def standing(keys: Session, subject: str, readings: Readings) -> Standing | None:
    """Where one customer stands, None if it has no key, or not any more."""
    found = keystore.customer(keys, subject)
    return None if found is None else _standing(found, readings)


def due(keys: Session, readings: Readings, day: datetime.date) -> Iterator[Standing]:
    """The customers whose keys may be destroyed on that day."""
    return (found for found in standings(keys, readings) if found.obstacle(day) is None)


def check(keys: Session, subject: str, readings: Readings, day: datetime.date) -> Standing:
    """Make sure that a customer may be destroyed on that day, and keep it so until the transaction ends.

    Raises:
        NotDestroyable: it is held, its time is not up, or no end of it is known.
        UnknownSubject: it has no key, or not any more.
    """
    found = standing(keys, subject, readings) if keystore.claim(keys, subject) else None
    if found is None:
        raise UnknownSubject(subject)
    obstacle = found.obstacle(day)
    if obstacle is not None:
        raise NotDestroyable(f"`{subject}` is not destroyed: {obstacle}")
    return found


def destroy_key(keys: Session, subject: str, readings: Readings, day: datetime.date) -> bool:
    """Delete a customer's key, the index it is found by and the days of its accounts; False if they are gone already.

    Raises:
        NotDestroyable: as `check` does.
    """
    try:
        check(keys, subject, readings, day)
    except UnknownSubject:
        return False
    keystore.delete_customer(keys, subject)
    return True


def count_sealed(log: Session, subject: str) -> int:
    """How many boxes of that customer there are."""
    ((count,),) = log.execute("SELECT count(*) FROM sealed WHERE subject = ?", [subject])
    return int(count)


def remove_sealed(log: Session, subject: str) -> int:
    """Delete a customer's boxes, whose key is gone; how many there were."""
    return len(log.execute('DELETE FROM sealed WHERE subject = ? RETURNING "index"', [subject]))


def unfinished(log: Session) -> list[str]:
    """The customers whose destruction is logged as begun and not as done, in the order in which they were begun.

    Each is gone through again from step 2. One that is refused there, for a hold or an account opened again in between,
    keeps its key and is gone through again the next time.
    """
    # The first condition lets an index on the few entries that are no decisions be used.
    query = "SELECT kind, body FROM entry WHERE kind <> 'decision' AND kind IN (?, ?) ORDER BY \"index\""
    begun: dict[str, None] = {}
    for kind, body in log.execute(query, ["destruction_begun", "destruction_done"]):
        subject = orjson.loads(body)["subject"]
        if kind == "destruction_begun":
            begun[subject] = None
        else:
            begun.pop(subject, None)
    return list(begun)


def _standing(found: Customer, readings: Readings) -> Standing:
    retention = retention_of(found.accounts, readings)
    return Standing(found.subject, found.created, retention, found.holds, len(found.accounts))
