"""Sealing the facts of requests under a key for each customer, and opening them while that key exists."""

from __future__ import annotations

import hmac
import os
import secrets
from typing import TYPE_CHECKING

import attrs

from engine.audit.entry import NewKey, Sealed
from engine.audit.unavailable import LogUnavailable
from engine.audit.vault.accounts import dates_told
from engine.audit.vault.envelope import KEY_BYTES, DataKey
from engine.audit.vault.errors import VaultError
from engine.audit.vault.keystore import StoredKey, find_by_lookup, find_by_subject, key_in_use

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from engine.audit.store import Session
    from engine.audit.vault.envelope import KeyEncryptionKey


class Vault:
    """What seals and opens; safe for any number of threads. It keeps no data key longer than one request or batch.

    `read` lends a session that sees the committed keys.
    """

    def __init__(
        self, kek: KeyEncryptionKey, index_key: bytes, read: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        self._kek = kek
        self._read = read
        self._customer_key, self._account_key, self._fingerprint_key = (
            hmac.digest(index_key, b"ostiary: " + purpose, "sha256")
            for purpose in (b"customers", b"accounts", b"fingerprints")
        )

    def sealer(self, now: str) -> Sealer:
        """For one request, or a batch written in one transaction; `now` (RFC 3339) is when new keys are made."""
        return Sealer(self, now)

    def subject_of(self, customer_id: str) -> str | None:
        """The pseudonym of the customer with that id, None if there is no key."""
        stored = self._find(self.lookup(customer_id))
        return None if stored is None else stored.subject

    def open_facts(self, subject: str, entry_id: str, box: bytes) -> bytes | None:
        """The facts in the box of that entry, None if the customer's key was destroyed.

        Raises:
            VaultError: the key was wrapped by another key-encryption key, or the box is not the one that was sealed.
        """
        with self._read() as keys:
            stored = find_by_subject(keys, subject)
        return None if stored is None else self._unwrapped(stored).open(entry_id, box)

    def obstacle(self) -> str | None:
        """Why facts can be neither sealed nor opened, None if they can: the keys were locked with another key since."""
        try:
            with self._read() as keys:
                current = key_in_use(keys)
        except LogUnavailable as unavailable:
            return unavailable.reason
        if current == self._kek.id:
            return None
        return (
            f"the customers' keys are locked with the key-encryption key {current}, and this process has "
            f"{self._kek.id}; start it anew with the right one"
        )

    def fingerprint(self, text: bytes) -> bytes:
        """32 bytes that are the same for the same text, and that tell nobody without the key what it is."""
        return hmac.digest(self._fingerprint_key, text, "sha256")

    def lookup(self, customer_id: str) -> bytes:
        """32 bytes by which the key of a customer is found."""
        return hmac.digest(self._customer_key, customer_id.encode(), "sha256")

    def account_pseudonym(self, subject: str, account_id: str) -> str:
        """64 hex digits for an account of that customer; the same account of another is not recognised by it."""
        return hmac.digest(self._account_key, f"{subject}|{account_id}".encode(), "sha256").hex()

    def key_for(self, customer_id: str | None, now: str) -> tuple[DataKey, NewKey | None]:
        """The key of a customer, a new one if there is none; without an id the customer is taken for a new one."""
        lookup = None if customer_id is None else self.lookup(customer_id)
        if lookup is not None:
            stored = self._find(lookup)
            if stored is not None:
                return self._unwrapped(stored), None
        subject, key = secrets.token_hex(16), os.urandom(KEY_BYTES)
        return DataKey(subject, key), NewKey(subject, lookup, self._kek.id, self._kek.wrap(subject, key), now)

    def _find(self, lookup: bytes) -> StoredKey | None:
        with self._read() as keys:
            return find_by_lookup(keys, lookup)

    def _unwrapped(self, stored: StoredKey) -> DataKey:
        if stored.kek != self._kek.id:
            raise VaultError(
                f"the key of `{stored.subject}` is wrapped by the key-encryption key {stored.kek}, this process has "
                f"{self._kek.id}; restart it with the right one"
            )
        return DataKey(stored.subject, self._kek.unwrap(stored.subject, stored.wrapped))


@attrs.define
class Sealer:
    """Seals what is written together, so that a customer who is new gets one key and not one an entry."""

    _vault: Vault
    _now: str
    _keys: dict[str, tuple[DataKey, NewKey | None]] = attrs.field(factory=dict, init=False, repr=False)

    def seal(
        self, customer_id: str | None, entry_id: str, facts: bytes, account: Mapping[str, object] | None
    ) -> Sealed:
        """The facts of one entry, encrypted; `account` is what they say under that name, None if nothing.

        An empty id names nobody and counts as none.

        Raises:
            VaultError: the customer's key cannot be unwrapped.
            LogUnavailable: the keys cannot be read.
            ValueError: a day of the account is no date.
        """
        key, new = self._key_of(customer_id or None)
        dates = None
        if account is not None or customer_id:
            # A customer without an id never comes again, so no other request's days need to know of this one.
            dates = dates_told(account, lambda name: self._vault.account_pseudonym(key.subject, name))
        return Sealed(key.subject, key.seal(entry_id, facts), new, dates)

    def _key_of(self, customer_id: str | None) -> tuple[DataKey, NewKey | None]:
        if customer_id is None:
            return self._vault.key_for(None, self._now)
        if customer_id not in self._keys:
            self._keys[customer_id] = self._vault.key_for(customer_id, self._now)
        return self._keys[customer_id]
