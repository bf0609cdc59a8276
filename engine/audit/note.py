"""Signed notes: text under one or more Ed25519 signatures, after C2SP signed-note.

    <text, one or more lines>

    — <key name> <base64 of the 4-byte key id and the 64-byte signature>

A key is written as Go's `sumdb/note` writes it: `<name>+<id in hex>+<base64>` to verify, `PRIVATE+KEY+` before that to
sign. No message here repeats what was to be parsed, because it may be a private key.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Self

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_SIGNATURES = 100

_ED25519 = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 4
_PRIVATE = "PRIVATE+KEY+"
_DASH = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(ValueError):
    """A key or a note is not well-formed, or is not signed as it has to be."""


def _check_name(_: object, __: object, name: str) -> None:
    if not name or "+" in name or any(letter.isspace() for letter in name) or not _is_plain(name):
        raise NoteError("a key's name is Unicode text without spaces, control characters and `+`, such as a host name")


def _check_key(_: object, __: object, key: bytes) -> None:
    if len(key) != _KEY_BYTES:
        raise NoteError(f"an Ed25519 key has {_KEY_BYTES} bytes")


@attrs.frozen
class Verifier:
    """A public key (32 bytes, RFC 8032) and the name it signs under."""

    name: str = attrs.field(validator=_check_name)
    key: bytes = attrs.field(validator=_check_key, repr=bytes.hex)

    @property
    def id(self) -> bytes:
        """The 4 bytes that, with the name, say in a signature line which key it is of."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:_ID_BYTES]

    @property
    def text(self) -> str:
        """The key as one line of text, a vkey."""
        return f"{self.name}+{self.id.hex()}+{encode_base64(_ED25519 + self.key)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of a vkey. Raises NoteError."""
        name, key_id, key = _split_key(text)
        verifier = cls(name, key)
        _check_id(verifier, key_id)
        return verifier

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether this key made the signature over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@attrs.frozen
class Signer:
    """A private key (the 32-byte seed of RFC 8032) and the name it signs under."""

    name: str = attrs.field(validator=_check_name)
    _seed: bytes = attrs.field(validator=_check_key, repr=False)

    @property
    def verifier(self) -> Verifier:
        """The public key."""
        return Verifier(self.name, self._private_key().public_key().public_bytes_raw())

    @property
    def text(self) -> str:
        """The private key as one line of text. To be kept, never shown."""
        return f"{_PRIVATE}{self.name}+{self.verifier.id.hex()}+{encode_base64(_ED25519 + self._seed)}"

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new key. Raises NoteError if the name cannot be one."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of its text. Raises NoteError."""
        if not text.startswith(_PRIVATE):
            raise NoteError(f"a private key begins with `{_PRIVATE}`")
        name, key_id, seed = _split_key(text.removeprefix(_PRIVATE))
        signer = cls(name, seed)
        _check_id(signer.verifier, key_id)
        return signer

    def sign(self, text: str) -> bytes:
        """The 64-byte signature over the text."""
        return self._private_key().sign(text.encode())

    def _private_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._seed)


def sign_note(text: str, signers: Iterable[Signer]) -> str:
    """The text with a signature line of each signer.

    Raises:
        NoteError: the text does not end with a newline or has control characters, or nobody signs.
    """
    if not text.endswith("\n") or not _is_plain(text):
        raise NoteError("a note's text is Unicode, ends with a newline and has no other control characters")
    lines = [f"{_DASH}{key.name} {encode_base64(key.verifier.id + key.sign(text))}\n" for key in signers]
    if not 0 < len(lines) <= MOST_SIGNATURES:
        raise NoteError(f"a note has 1 to {MOST_SIGNATURES} signatures, not {len(lines)}")
    return f"{text}\n{''.join(lines)}"


def open_note(note: str | bytes, verifiers: Iterable[Verifier]) -> tuple[str, tuple[Verifier, ...]]:
    """The text of a note, and those of the verifiers that signed it: at least one.

    Give what was received as bytes: reading it as text may have changed its line ends. Signatures of other keys are
    ignored, as the specification wants; a wrong one of a known key is not, whoever else signed.

    Raises:
        NoteError: the note is malformed, a signature is wrong, or none is of these verifiers.
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.id), verifier) != verifier:
            raise NoteError(f"two keys have the name and id of `{verifier.text}`; take one away")
    text, lines = _split_note(note)
    signed: dict[Verifier, None] = {}
    for line in lines:
        name, key_id, signature = _split_signature(line)
        signatory = known.get((name, key_id))
        if signatory is None:
            continue
        if not signatory.verifies(text, signature):
            raise NoteError(
                f"the signature of `{signatory.text}` is wrong: the note was changed, or that key is not its"
            )
        signed[signatory] = None
    if not signed:
        raise NoteError("the note has no signature of a known key; give the verifier keys of whoever signed it")
    return text, tuple(signed)


def decode_base64(text: str) -> bytes:
    """The bytes of canonical base64 (RFC 4648, section 4): no other text stands for them. Raises NoteError."""
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        value = b""
    if encode_base64(value) != text:
        raise NoteError("base64 is malformed")
    return value


def encode_base64(value: bytes) -> str:
    """Canonical base64, as keys, signatures, checkpoints and proofs have it."""
    return base64.b64encode(value).decode()


def _split_key(text: str) -> tuple[str, str, bytes]:
    """Name, id in hex and 32 key bytes of what follows `PRIVATE+KEY+`, or of a vkey."""
    name, key_id, encoded = (*text.split("+", 2), "", "")[:3]
    value = decode_base64(encoded)
    if value[:1] != _ED25519 or len(value) != 1 + _KEY_BYTES:
        raise NoteError("a key has the form `<name>+<id>+<base64>` and is an Ed25519 key")
    return name, key_id, value[1:]


def _check_id(verifier: Verifier, key_id: str) -> None:
    if verifier.id.hex() != key_id:
        raise NoteError("a key does not match the id in its text; copy it again, whole")


def _split_note(note: str | bytes) -> tuple[str, list[str]]:
    """Text and signature lines."""
    try:
        whole = note.decode() if isinstance(note, bytes) else note
    except UnicodeDecodeError:
        raise NoteError("the note is not UTF-8") from None
    if not _is_plain(whole):
        raise NoteError("the note has control characters or is not Unicode")
    text, separator, block = whole.rpartition("\n\n")
    *lines, rest = block.split("\n")
    if not separator or rest or not 0 < len(lines) <= MOST_SIGNATURES:
        raise NoteError(f"the note does not end with an empty line and 1 to {MOST_SIGNATURES} signature lines")
    return f"{text}\n", lines


def _split_signature(line: str) -> tuple[str, bytes, bytes]:
    """Name, key id and signature of one line."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    value = decode_base64(encoded)
    if not line.startswith(_DASH) or len(value) <= _ID_BYTES:
        raise NoteError("a signature line is malformed")
    _check_name(None, None, name)
    return name, value[:_ID_BYTES], value[_ID_BYTES:]


def _is_plain(text: str) -> bool:
    """Whether the text is Unicode (no lone surrogates) without control characters but newline."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return _CONTROL.search(text) is None
