"""Destroying what identifies customers, on record: said first, done so that no copy is left, and said to be done.

Whatever cuts this short, a later `finish` goes on with it, and says once that it is done. A batch is worked on
together, because a database that rewrites its tables to leave no copies does so once a batch.
"""

from __future__ import annotations

import functools
import itertools
import json
from typing import TYPE_CHECKING

import attrs

from engine.audit.store.many import rows_in
from engine.audit.vault import keystore
from engine.audit.vault.destruction import (
    check,
    count_sealed,
    destroy_key,
    remove_sealed,
    standing,
    unfinished,
)
from engine.audit.vault.errors import NotDestroyable, UnknownSubject
from engine.audit.vault.retention import KeptThrough

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Sequence

    from engine.audit.log import DecisionLog
    from engine.audit.signing import NewEntry
    from engine.audit.store import Session, Transaction
    from engine.audit.vault.retention import Readings

_BATCH = 100
_SECONDS = 600.0
"""How long one transaction may take: PostgreSQL rewrites whole tables."""


@attrs.frozen
class Destroyed:
    """A customer whose key is gone, and how many boxes of sealed facts are gone with it."""

    subject: str
    count: int


@attrs.frozen
class Kept:
    """A customer who was to be destroyed and was not; `reason` is a sentence that names it."""

    subject: str
    reason: str


class _DoneAlready(ValueError):  # noqa: N818  the name states the condition
    """Another process has said that a destruction is done."""


@attrs.frozen
class Destroyer:
    """Destroys customers of one log, as its policy reads the law, on one day.

    Without `readings` nothing new is destroyed; of what was begun, what needs no judgement any more is finished.
    """

    log: DecisionLog
    readings: Readings | None
    day: datetime.date
    new_entry: NewEntry

    def destroy(self, subjects: Iterable[str]) -> list[Destroyed | Kept]:
        """Destroy these customers, in their order.

        Raises:
            LogUnavailable: it is not done, or not known to be; what was begun is finished by `finish`.
        """
        done: list[Destroyed | Kept] = []
        wanted = iter(dict.fromkeys(subjects))
        while batch := list(itertools.islice(wanted, _BATCH)):
            since = self.log.size()
            kept = {subject: why for subject in batch if (why := self._begin(subject)) is not None}
            done += self._finish([subject for subject in batch if subject not in kept], since)
            done += [Kept(subject, why) for subject, why in kept.items()]
        return done

    def finish(self) -> list[Destroyed | Kept]:
        """Finish what was begun and cut short. Raises as `destroy` does."""
        since = self.log.size()
        with self.log.store.reading() as session:
            begun = unfinished(session)
        done: list[Destroyed | Kept] = []
        for start in range(0, len(begun), _BATCH):
            done += self._finish(begun[start : start + _BATCH], since)
        return done

    def _begin(self, subject: str) -> str | None:
        """Put on record that a customer will be destroyed; or why it will not be."""
        if self.readings is None:
            return _unread(subject)
        readings, day = self.readings, self.day
        with self.log.store.reading_keys() as keys:
            found = standing(keys, subject, readings)
        with self.log.store.reading() as session:
            count = count_sealed(session, subject)
        until = found.retention if found is not None else None
        since = until.purge_from.isoformat() if isinstance(until, KeptThrough) else None
        entry = self.new_entry("destruction_begun", {"subject": subject, "due_since": since, "count": count})
        try:
            self.log.change(lambda transaction: _checked(transaction, subject, readings, day), [entry])
        except (NotDestroyable, UnknownSubject) as refusal:
            return str(refusal)
        return None

    def _finish(self, subjects: Sequence[str], since: int) -> list[Destroyed | Kept]:
        """What is left to do for customers whose destruction has begun, and was not done before entry `since`."""
        if not subjects:
            return []
        kept: dict[str, str] = {}

        def destroy_keys(transaction: Transaction) -> None:
            kept.update(self._destroy_keys(transaction, subjects))

        # No copy of a key is left before it is said to be gone.
        self.log.change(destroy_keys, scrubs=True, deadline=_SECONDS)
        gone = [subject for subject in subjects if subject not in kept]
        done: list[Destroyed | Kept] = [Kept(subject, why) for subject, why in kept.items()]
        while gone:
            # Without a key no box is added any more, so this count stands.
            with self.log.store.reading() as session:
                counts = {subject: count_sealed(session, subject) for subject in gone}
            entries = [self.new_entry("destruction_done", {"subject": s, "count": n}) for s, n in counts.items()]
            try:
                remove = functools.partial(_remove_boxes, subjects=list(counts), since=since)
                self.log.change(remove, entries, scrubs=True, deadline=_SECONDS)
            except _DoneAlready:
                with self.log.store.reading() as session:
                    done_elsewhere = set(destroyed_in(session, since))
                gone = [subject for subject in gone if subject not in done_elsewhere]
                continue
            return done + [Destroyed(subject, count) for subject, count in counts.items()]
        return done

    def _destroy_keys(self, transaction: Transaction, subjects: Iterable[str]) -> dict[str, str]:
        """Delete keys; those that are kept after all, with the reason."""
        kept = {}
        for subject in subjects:
            try:
                if self.readings is not None:
                    destroy_key(transaction.keys, subject, self.readings, self.day)
                elif keystore.find_by_subject(transaction.keys, subject) is not None:
                    kept[subject] = _unread(subject)
            except NotDestroyable as refusal:
                kept[subject] = str(refusal)
        return kept


def destroy_restored(log: DecisionLog, new_entry: NewEntry) -> list[str]:
    """Destroy the keys that are there although the log says that they were destroyed, as an old backup brings them.

    A hold of that time is deleted too: the destruction took place after it was released.

    Raises:
        LogUnavailable: it is not known to be done.
    """
    with log.store.reading() as session:
        subjects = list(dict.fromkeys(destroyed_in(session)))
        there = set(rows_in(session, "SELECT DISTINCT subject FROM sealed WHERE subject IN ({})", subjects))
    with log.store.reading_keys() as keys:
        there |= set(rows_in(keys, "SELECT subject FROM vault_key WHERE subject IN ({})", subjects))
    back = [subject for subject in subjects if (subject,) in there]
    if not back:
        return []
    with log.store.reading() as session:
        counts = {subject: count_sealed(session, subject) for subject in back}
    entries = [new_entry("destruction_done", {"subject": s, "count": n, "again": True}) for s, n in counts.items()]

    def destroy(transaction: Transaction) -> None:
        for subject in back:
            transaction.keys.execute("DELETE FROM vault_hold WHERE subject = ?", [subject])
            keystore.delete_customer(transaction.keys, subject)
            remove_sealed(transaction.log, subject)

    log.change(destroy, entries, scrubs=True, deadline=_SECONDS)
    return back


def destroyed_in(session: Session, since: int = 0) -> list[str]:
    """The customers that the log, from entry `since` on, says were destroyed."""
    # The first condition lets an index on the few entries that are no decisions be used.
    query = (
        "SELECT body FROM entry WHERE kind <> 'decision' AND kind = 'destruction_done' AND \"index\" >= ? "
        'ORDER BY "index"'
    )
    return [json.loads(body)["subject"] for (body,) in session.execute(query, [since])]


def _unread(subject: str) -> str:
    return f"`{subject}` is not destroyed: the policy in force does not say how long records are kept"


def _checked(transaction: Transaction, subject: str, readings: Readings, day: datetime.date) -> None:
    check(transaction.keys, subject, readings, day)


def _remove_boxes(transaction: Transaction, subjects: Sequence[str], since: int) -> None:
    if not set(subjects).isdisjoint(destroyed_in(transaction.log, since)):
        raise _DoneAlready
    for subject in subjects:
        remove_sealed(transaction.log, subject)
