"""The rows of the vault: wrapped keys, days of accounts, holds. Every function runs inside the caller's transaction.

Those that write expect to be alone in it, as whoever appends to the log is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from engine.audit.entry import AccountDates
from engine.audit.store.many import rows_in
from engine.audit.vault.accounts import with_told
from engine.audit.vault.errors import UnknownSubject, VaultError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from engine.audit.entry import NewKey, Sealed
    from engine.audit.store import Session

# In the types of the database: {bytes} and {integer}.
TABLES = (
    """CREATE TABLE vault_key (
        subject text NOT NULL PRIMARY KEY, lookup {bytes} UNIQUE, kek text NOT NULL, wrapped {bytes} NOT NULL,
        created text NOT NULL)""",
    """CREATE TABLE vault_account (
        subject text NOT NULL REFERENCES vault_key (subject), account text NOT NULL,
        opened_on text, closed_on text, last_accessed_on text, PRIMARY KEY (subject, account))""",
    """CREATE TABLE vault_hold (
        subject text NOT NULL REFERENCES vault_key (subject), "case" text NOT NULL, reason text NOT NULL,
        set_at text NOT NULL, PRIMARY KEY (subject, "case"))""",
    """CREATE TABLE vault_state (
        id {integer} NOT NULL PRIMARY KEY CHECK (id = 1), kek text NOT NULL, index_key {bytes} NOT NULL)""",
)

_PAGE = 500
_ADD_KEY = (
    "INSERT INTO vault_key (subject, lookup, kek, wrapped, created) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (subject) DO NOTHING"
)
_PUT_ACCOUNT = (
    "INSERT INTO vault_account (subject, account, opened_on, closed_on, last_accessed_on) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (subject, account) DO UPDATE SET opened_on = excluded.opened_on, closed_on = excluded.closed_on, "
    "last_accessed_on = excluded.last_accessed_on"
)


@attrs.frozen
class StoredKey:
    """A customer's wrapped data key, and the id of the key it is wrapped by."""

    subject: str
    kek: str
    wrapped: bytes = attrs.field(repr=False)


@attrs.frozen
class Hold:
    """A legal hold: while there is one, the customer's key is not destroyed. `set_at` is RFC 3339."""

    subject: str
    case: str
    reason: str
    set_at: str


@attrs.frozen
class Customer:
    """What is stored of a customer but the key: `created` is when the key was made, RFC 3339."""

    subject: str
    created: str
    accounts: tuple[AccountDates, ...]
    holds: tuple[Hold, ...]


def key_in_use(keys: Session) -> str | None:
    """The id of the key-encryption key that locks the customers' keys, None in an empty vault."""
    rows = keys.execute("SELECT kek FROM vault_state")
    return rows[0][0] if rows else None


def find_by_lookup(keys: Session, lookup: bytes) -> StoredKey | None:
    """The key of the customer with that pseudonymous index, None if there is none."""
    rows = keys.execute("SELECT subject, kek, wrapped FROM vault_key WHERE lookup = ?", [lookup])
    return _stored(rows)


def find_by_subject(keys: Session, subject: str) -> StoredKey | None:
    """The key of that customer, None if it was destroyed or never was."""
    return _stored(keys.execute("SELECT subject, kek, wrapped FROM vault_key WHERE subject = ?", [subject]))


def outdated(keys: Session, batch: Sequence[Sealed]) -> set[str]:
    """The subjects under which nothing of `batch` may be sealed, as `admit` says; nothing is stored."""
    found = rows_in(keys, "SELECT subject FROM vault_key WHERE subject IN ({})", (sealed.subject for sealed in batch))
    known = {subject for (subject,) in found}
    new = [sealed.new_key for sealed in batch if sealed.new_key is not None and sealed.subject not in known]
    lookups = {key.lookup for key in new if key.lookup is not None}
    found = rows_in(keys, "SELECT lookup FROM vault_key WHERE lookup IN ({})", lookups)
    taken = {bytes(lookup): "" for (lookup,) in found}
    for key in new:
        if key.lookup is None or taken.setdefault(key.lookup, key.subject) == key.subject:
            known.add(key.subject)
    return {sealed.subject for sealed in batch} - known


def admit(keys: Session, batch: Sequence[Sealed]) -> set[str]:
    """Store the new keys and the days of accounts of `batch`; the subjects under which nothing may be sealed.

    A subject is refused whose key was destroyed since it was read, or whose key is new but whose customer got another
    first. What was sealed for it must be sealed again; nothing is stored for it. Raises as `keep` does.
    """
    refused = outdated(keys, batch)
    keep(keys, [sealed for sealed in batch if sealed.subject not in refused])
    return refused


def keep(keys: Session, batch: Sequence[Sealed]) -> None:
    """Store the new keys and the days of accounts of a batch in which nothing is `outdated`.

    That a customer gets one key alone is also a rule of the database.

    Raises:
        VaultError: a new key is wrapped by a key-encryption key that the vault no longer uses.
    """
    new = [sealed.new_key for sealed in batch if sealed.new_key is not None]
    if new:
        _check_kek(keys, new)
        keys.execute_many(_ADD_KEY, [(key.subject, key.lookup, key.kek, key.wrapped, key.created) for key in new])
    _tell(keys, batch)


def _check_kek(keys: Session, new: Iterable[NewKey]) -> None:
    wrapped_by = {key.kek for key in new}
    current = key_in_use(keys)
    if wrapped_by != {current}:
        raise VaultError(
            f"the key-encryption key of the vault is {current or 'not set'}, and new keys are wrapped with "
            f"{', '.join(sorted(wrapped_by))}; restart this process with the current one"
        )


def _tell(keys: Session, batch: Sequence[Sealed]) -> None:
    """Bring the days of accounts up to date; only rows that change are written."""
    told = [(sealed.subject, sealed.account) for sealed in batch if sealed.account is not None]
    before = _accounts_of(keys, {subject for subject, _ in told})
    after = dict(before)
    for subject, account in told:
        after[subject] = with_told(after.get(subject, {}), account)
    for subject, accounts in after.items():
        stored = before.get(subject, {})
        for name in stored.keys() - accounts.keys():
            keys.execute("DELETE FROM vault_account WHERE subject = ? AND account = ?", [subject, name])
    changed = [
        (subject, name, dates.opened_on, dates.closed_on, dates.last_accessed_on)
        for subject, accounts in after.items()
        for name, dates in accounts.items()
        if before.get(subject, {}).get(name) != dates
    ]
    if changed:
        keys.execute_many(_PUT_ACCOUNT, changed)


def _accounts_of(keys: Session, subjects: Iterable[str]) -> dict[str, dict[str, AccountDates]]:
    found: dict[str, dict[str, AccountDates]] = {}
    query = "SELECT subject, account, opened_on, closed_on, last_accessed_on FROM vault_account WHERE subject IN ({})"
    for subject, *columns in rows_in(keys, query, subjects):
        dates = AccountDates(*columns)
        found.setdefault(subject, {})[dates.account] = dates
    return found


def customer(keys: Session, subject: str) -> Customer | None:
    """What is stored of one customer, None if its key was destroyed or never was."""
    rows = keys.execute("SELECT subject, created FROM vault_key WHERE subject = ?", [subject])
    return next(iter(_customers(keys, rows)), None)


def customers(keys: Session) -> Iterator[Customer]:
    """All customers that have a key, by subject, read a page at a time."""
    last = ""
    query = "SELECT subject, created FROM vault_key WHERE subject > ? ORDER BY subject LIMIT ?"
    while rows := keys.execute(query, [last, _PAGE]):
        yield from _customers(keys, rows)
        last = rows[-1][0]


def _customers(keys: Session, rows: Sequence[tuple[str, str]]) -> Iterator[Customer]:
    subjects = [subject for subject, _ in rows]
    accounts = _accounts_of(keys, subjects)
    holds: dict[str, list[Hold]] = {}
    query = 'SELECT subject, "case", reason, set_at FROM vault_hold WHERE subject IN ({}) ORDER BY subject, "case"'
    for columns in rows_in(keys, query, subjects):
        hold = Hold(*columns)
        holds.setdefault(hold.subject, []).append(hold)
    for subject, created in rows:
        yield Customer(subject, created, tuple(accounts.get(subject, {}).values()), tuple(holds.get(subject, ())))


def claim(keys: Session, subject: str) -> bool:
    """Keep others from changing this customer until the transaction ends; False if there is no such key.

    Setting and releasing a hold and destroying a key claim the customer first, so none of them acts on an old state.
    """
    return bool(keys.execute("UPDATE vault_key SET kek = kek WHERE subject = ? RETURNING subject", [subject]))


def set_hold(keys: Session, hold: Hold) -> None:
    """Hold a customer's records for a case; said again, the reason is replaced and the time stays.

    Raises:
        UnknownSubject: its key was destroyed, or never was.
    """
    if not claim(keys, hold.subject):
        raise UnknownSubject(hold.subject)
    keys.execute(
        'INSERT INTO vault_hold (subject, "case", reason, set_at) VALUES (?, ?, ?, ?) '
        'ON CONFLICT (subject, "case") DO UPDATE SET reason = excluded.reason',
        [hold.subject, hold.case, hold.reason, hold.set_at],
    )


def release_hold(keys: Session, subject: str, case: str) -> bool:
    """End a hold; False if there is none for that case. What it held is not destroyed by that, only once it is due.

    Raises:
        UnknownSubject: its key was destroyed, or never was.
    """
    if not claim(keys, subject):
        raise UnknownSubject(subject)
    return bool(
        keys.execute('DELETE FROM vault_hold WHERE subject = ? AND "case" = ? RETURNING subject', [subject, case])
    )


def delete_customer(keys: Session, subject: str) -> None:
    """Delete a customer's key, its lookup and its accounts. A hold is not deleted: it makes the database refuse."""
    keys.execute("DELETE FROM vault_account WHERE subject = ?", [subject])
    keys.execute("DELETE FROM vault_key WHERE subject = ?", [subject])


def _stored(rows: Sequence[tuple[str, str, bytes]]) -> StoredKey | None:
    return next((StoredKey(subject, kek, bytes(wrapped)) for subject, kek, wrapped in rows), None)
