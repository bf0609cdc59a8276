"""The rows of the vault: wrapped keys, the days of accounts, holds. Every function runs inside the caller's transaction.

Those that write expect to be the only one who writes, as whoever appends to the log is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from engine.audit.entry import AccountDates
from engine.audit.vault.accounts import with_told
from engine.audit.vault.errors import UnknownSubject, VaultError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from engine.audit.entry import NewKey, Sealed
    from engine.audit.store import Session
    from engine.audit.vault.envelope import KeyEncryptionKey

# In the types of the database: {bytes} and {integer}.
TABLES = (
    "CREATE TABLE vault_key (subject text NOT NULL PRIMARY KEY, lookup {bytes} UNIQUE, kek text NOT NULL, "
    "wrapped {bytes} NOT NULL, created text NOT NULL)",
    "CREATE TABLE vault_account (subject text NOT NULL REFERENCES vault_key (subject), account text NOT NULL, "
    "opened_on text, closed_on text, last_accessed_on text, PRIMARY KEY (subject, account))",
    'CREATE TABLE vault_hold (subject text NOT NULL REFERENCES vault_key (subject), "case" text NOT NULL, '
    'reason text NOT NULL, set_at text NOT NULL, PRIMARY KEY (subject, "case"))',
    "CREATE TABLE vault_state (id {integer} NOT NULL PRIMARY KEY CHECK (id = 1), kek text NOT NULL, "
    "index_key {bytes} NOT NULL)",
)

_VARIABLES = 500
_PAGE = 500
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


def find_by_lookup(keys: Session, lookup: bytes) -> StoredKey | None:
    """The key of the customer with that pseudonymous index, None if there is none."""
    rows = keys.execute("SELECT subject, kek, wrapped FROM vault_key WHERE lookup = ?", [lookup])
    return _stored(rows)


def find_by_subject(keys: Session, subject: str) -> StoredKey | None:
    """The key of that customer, None if it was destroyed or never was."""
    return _stored(keys.execute("SELECT subject, kek, wrapped FROM vault_key WHERE subject = ?", [subject]))


def admit(keys: Session, batch: Sequence[Sealed]) -> set[str]:
    """Store the new keys and the days of accounts of `batch`; the subjects under which nothing may be sealed.

    A subject is refused whose key was destroyed since it was read, or, if the key is new, whose customer got another new
    key first. What was sealed for it must be sealed again. Nothing is stored for it.

    Raises:
        VaultError: a new key is wrapped by a key-encryption key that the vault no longer uses.
    """
    _check_kek(keys, batch)
    refused: set[str] = set()
    known = _known_of(keys, (sealed.subject for sealed in batch))
    for sealed in batch:
        if sealed.subject not in known and sealed.subject not in refused:
            if sealed.new_key is None or not _add_key(keys, sealed.new_key):
                refused.add(sealed.subject)
            else:
                known.add(sealed.subject)
    _tell(keys, [sealed for sealed in batch if sealed.subject in known])
    return refused


def _check_kek(keys: Session, batch: Iterable[Sealed]) -> None:
    wrapped_by = {sealed.new_key.kek for sealed in batch if sealed.new_key is not None}
    if not wrapped_by:
        return
    current = {kek for (kek,) in keys.execute("SELECT kek FROM vault_state")}
    if wrapped_by != current:
        raise VaultError(
            f"the vault's key-encryption key is {', '.join(current) or 'not set'}, and this process wraps new keys with "
            f"{', '.join(sorted(wrapped_by))}; restart it with the current one"
        )


def _add_key(keys: Session, new: NewKey) -> bool:
    """Whether the key is stored now: another may have been stored for the same customer before."""
    keys.execute(
        "INSERT INTO vault_key (subject, lookup, kek, wrapped, created) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [new.subject, new.lookup, new.kek, new.wrapped, new.created],
    )
    stored = find_by_subject(keys, new.subject)
    return stored is not None and stored.wrapped == new.wrapped


def _known_of(keys: Session, subjects: Iterable[str]) -> set[str]:
    rows = _where_in(keys, "SELECT subject FROM vault_key WHERE subject IN ({})", subjects)
    return {subject for (subject,) in rows}


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
        for name, dates in accounts.items():
            if stored.get(name) != dates:
                keys.execute(_PUT_ACCOUNT, [subject, name, dates.opened_on, dates.closed_on, dates.last_accessed_on])


def _accounts_of(keys: Session, subjects: Iterable[str]) -> dict[str, dict[str, AccountDates]]:
    found: dict[str, dict[str, AccountDates]] = {}
    query = "SELECT subject, account, opened_on, closed_on, last_accessed_on FROM vault_account WHERE subject IN ({})"
    for subject, *columns in _where_in(keys, query, subjects):
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
    for columns in _where_in(keys, query, subjects):
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
        raise _unknown(hold.subject)
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
        raise _unknown(subject)
    return bool(
        keys.execute('DELETE FROM vault_hold WHERE subject = ? AND "case" = ? RETURNING subject', [subject, case])
    )


def delete_customer(keys: Session, subject: str) -> None:
    """Delete a customer's key, its lookup and its accounts. A hold is not deleted: it makes the database refuse."""
    keys.execute("DELETE FROM vault_account WHERE subject = ?", [subject])
    keys.execute("DELETE FROM vault_key WHERE subject = ?", [subject])


def rewrap(keys: Session, old: KeyEncryptionKey, new: KeyEncryptionKey) -> int:
    """Wrap every key that `old` wraps by `new` instead, the index key too; the number of customers' keys among them.

    Done again, it changes nothing.

    Raises:
        VaultError: a key is wrapped by neither of them; the caller undoes the transaction.
    """
    if old.id == new.id:
        return 0
    for kek, wrapped in keys.execute("SELECT kek, index_key FROM vault_state"):
        if kek != new.id:
            keys.execute(
                "UPDATE vault_state SET kek = ?, index_key = ?", [new.id, _rewrapped(INDEX, wrapped, old, new)]
            )
    last, count = "", 0
    query = "SELECT subject, wrapped FROM vault_key WHERE kek <> ? AND subject > ? ORDER BY subject LIMIT ?"
    while rows := keys.execute(query, [new.id, last, _PAGE]):
        keys.execute_many(
            "UPDATE vault_key SET kek = ?, wrapped = ? WHERE subject = ?",
            [(new.id, _rewrapped(subject, wrapped, old, new), subject) for subject, wrapped in rows],
        )
        last, count = rows[-1][0], count + len(rows)
    return count


# In the place of a subject, which is hexadecimal.
INDEX = "index"


def _rewrapped(subject: str, wrapped: bytes, old: KeyEncryptionKey, new: KeyEncryptionKey) -> bytes:
    return new.wrap(subject, old.unwrap(subject, wrapped))


def _unknown(subject: str) -> UnknownSubject:
    return UnknownSubject(f"`{subject}` has no key: it was destroyed, or is not a subject of this log")


def _stored(rows: Sequence[tuple[str, str, bytes]]) -> StoredKey | None:
    return next((StoredKey(subject, kek, bytes(wrapped)) for subject, kek, wrapped in rows), None)


def _where_in(keys: Session, query: str, values: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The rows of a query whose `{}` takes a list of marks, run for as many values at a time as SQLite allows."""
    wanted = sorted(set(values))
    for start in range(0, len(wanted), _VARIABLES):
        some = wanted[start : start + _VARIABLES]
        yield from keys.execute(query.format(",".join("?" * len(some))), some)
