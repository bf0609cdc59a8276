"""What is appended to the log, what comes back for it, and the leaf that commits to it."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind: TypeAlias = Literal["decision", "policy_activated"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")


def leaf_hash(body: bytes) -> bytes:
    """The 32 bytes of RFC 6962, section 2.1, for one entry: SHA-256 of a zero byte and the body."""
    return hashlib.sha256(b"\x00" + body).digest()


def is_entry_id(text: str) -> bool:
    """Whether `text` can name an entry: 1 to 200 ASCII letters, digits and `. _ : -`, a letter or digit first."""
    return _ID.fullmatch(text) is not None


def _check_id(_: object, __: object, value: str) -> None:
    if not is_entry_id(value):
        raise ValueError(
            f"entry id `{value!a}` is not 1 to 200 ASCII letters, digits, `.`, `_`, `:` or `-`; use a UUID"
        )


@attrs.frozen
class Entry:
    """One record to append.

    `body` is the exact UTF-8 JSON that is hashed and served; it is never re-serialised. `facts` are the request's
    facts as canonical JSON: they name people, so they are stored beside the body and the leaf says nothing of them.
    """

    kind: Kind
    id: str = attrs.field(validator=_check_id)
    body: bytes = attrs.field(validator=attrs.validators.instance_of(bytes), repr=False)
    facts: bytes | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.instance_of(bytes)), repr=False
    )
    leaf: bytes = attrs.field(init=False, repr=False)

    @leaf.default
    def _hash_body(self) -> bytes:
        return leaf_hash(self.body)


@attrs.frozen
class Receipt:
    """An entry's 0-based `index` in the log and its 32-byte `leaf`; it exists only once the entry is durable."""

    index: int
    leaf: bytes


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
