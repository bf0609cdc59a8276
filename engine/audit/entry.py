"""What is appended to the log and what comes back for it."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from engine.audit.merkle import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind: TypeAlias = Literal[
    "log_created",
    "policy_activated",
    "decision",
    "opinions_differ",
    "opinions_settled",
    "checkpoint_signed",
    "key_rotated",
    "kek_rotated",
    "hold_set",
    "hold_released",
    "destruction_begun",
    "destruction_done",
    "exported",
    "backed_up",
    "restored",
    "facts_sealed",
]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")


def is_entry_id(text: str) -> bool:
    """Whether `text` can name an entry: 1 to 200 ASCII letters, digits and `. _ : -`, a letter or digit first."""
    return _ID.fullmatch(text) is not None


def _check_id(_: object, __: object, value: str) -> None:
    if not is_entry_id(value):
        raise ValueError(
            f"entry id `{value!a}` is not 1 to 200 ASCII letters, digits, `.`, `_`, `:` or `-`; use a UUID"
        )


@attrs.frozen
class NewKey:
    """A customer's data key that is to be stored: who is meant (`lookup`), and the key wrapped by the key `kek`."""

    subject: str
    lookup: bytes | None = attrs.field(repr=False)
    kek: str
    wrapped: bytes = attrs.field(repr=False)
    created: str


@attrs.frozen
class AccountDates:
    """What decides how long the records of one account are kept, 7.302(e)(2): days as ISO 8601, None if not told.

    `account` is the account's keyed pseudonym, empty where the request gave no id.
    """

    account: str
    opened_on: str | None
    closed_on: str | None
    last_accessed_on: str | None


@attrs.frozen
class Sealed:
    """A request's facts, encrypted: `box` is 12 bytes of nonce, the ciphertext and 16 bytes of tag.

    `subject` is the customer's pseudonym, 32 hex digits. `new_key` is there when the customer has no key yet.
    """

    subject: str
    box: bytes = attrs.field(repr=False)
    new_key: NewKey | None = attrs.field(default=None, repr=False)
    account: AccountDates | None = attrs.field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the box: what an entry says of the facts. A hash of the facts themselves could be guessed."""
        return f"sha256:{hashlib.sha256(self.box).hexdigest()}"


@attrs.frozen
class Idempotency:
    """A caller's own name for a request: asked again before `expires`, the entry of the first time is the answer.

    `scope` is the caller, within which `key`, a text without spaces, is unique; `fingerprint` is a keyed hash of the
    request; `now` and `expires` are seconds of POSIX time. `item` is the entry's number in a request for several.
    """

    scope: str
    key: str
    fingerprint: bytes = attrs.field(repr=False)
    now: int
    expires: int
    item: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the entry is remembered under: the key, by which the whole request is found, then the item's own."""
        return (self.key,) if self.item is None else (self.key, f"{self.key} {self.item}")


@attrs.frozen
class Entry:
    """One record to append; `body` is the exact UTF-8 JSON that is hashed and served, never re-serialised.

    `goes_with` is the id of an entry handed in before it, of which it tells: where that one is not appended because an
    earlier one stands for it, this one is not either.
    """

    kind: Kind
    id: str = attrs.field(validator=_check_id)
    body: bytes = attrs.field(validator=attrs.validators.instance_of(bytes), repr=False)
    sealed: Sealed | None = attrs.field(default=None, repr=False)
    idempotency: Idempotency | None = None
    goes_with: str | None = None
    leaf: bytes = attrs.field(init=False, repr=False)

    @leaf.default
    def _hash_body(self) -> bytes:
        return leaf_hash(self.body)


@attrs.frozen
class Receipt:
    """An entry's 0-based `index` in the log, its 32-byte `leaf` and its `id`; it exists only once the entry is durable.

    With `is_earlier` it is that of an entry to which an idempotency key led, and what was handed in was not appended.
    """

    index: int
    leaf: bytes
    id: str
    is_earlier: bool = attrs.field(default=False, eq=False)


@attrs.frozen
class StoredEntry:
    """An entry as it stands in the log, its body checked against its leaf when it was read."""

    index: int
    kind: str
    id: str
    leaf: bytes
    body: bytes = attrs.field(repr=False)


def _check_digest(instance: PolicyRecord, _: object, value: str) -> None:
    actual = f"sha256:{hashlib.sha256(instance.document).hexdigest()}"
    if value != actual:
        raise ValueError(f"policy digest `{value}` is not that of its document, {actual}; store what was loaded")


def _check_files(_: object, __: object, value: Mapping[str, str]) -> None:
    for path, text in value.items():
        try:
            f"{path}{text}".encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"policy file `{path!a}` has a name or text that is not Unicode; save it as UTF-8"
            ) from error


@attrs.frozen
class PolicyRecord:
    """A policy stored whole.

    `document` is the canonical JSON whose SHA-256 is the `digest` ("sha256:" and 64 hex digits); `files` holds the text
    of every file it was loaded from, by path. One digest may have been loaded from files that differ in comments.
    """

    document: bytes = attrs.field(repr=False)
    digest: str = attrs.field(validator=_check_digest)
    files: Mapping[str, str] = attrs.field(validator=_check_files, repr=False)

    def file_digests(self) -> dict[str, str]:
        """The SHA-256 of each file's text, by path, in the form `sha256:` and 64 hex digits."""
        return {path: f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for path, text in self.files.items()}
