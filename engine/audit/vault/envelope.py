"""Keys and boxes: AES-256-GCM (NIST SP 800-38D) twice, facts under a customer's data key and that under a key of ours.

A box is bound to its customer and its entry, a wrapped key to its customer and the key it is wrapped by: moved to
another place neither opens. GCM alone lets whoever makes a box find two keys that both open it, each to a text of its
own, so what a box says could be chosen later. Therefore every text begins with 32 zero bytes, which nobody can make
come out as zeros under a second key too.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.audit.vault.errors import VaultError

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
# Lengths are told only in steps of this many bytes.
_STEP = 64
_COMMITMENT = bytes(32)
# ISO/IEC 7816-4: one byte that ends the text, then zeros.
_END = b"\x80"
_KEK_ID = b"ostiary: id of a key-encryption key"


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key of {len(key)} bytes where AES-256 has {KEY_BYTES}")
    return AESGCM(key)


@attrs.frozen(eq=False)
class DataKey:
    """The key of one customer, `subject`, ready for use."""

    subject: str
    _cipher: AESGCM = attrs.field(converter=_cipher, repr=False)

    def seal(self, entry_id: str, facts: bytes) -> bytes:
        """A box for these facts of that entry: 12 bytes of nonce, the ciphertext, 16 bytes of tag. No two are the same.

        The nonce is random. A customer has few entries, far from the 2**32 that SP 800-38D allows under one key.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, _padded(facts), self._place(entry_id))

    def open(self, entry_id: str, box: bytes) -> bytes:
        """The facts in a box.

        Raises:
            VaultError: the box is damaged, or was made for another entry, customer or key.
        """
        try:
            text = self._cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], self._place(entry_id))
            return _unpadded(text)
        except (InvalidTag, ValueError) as error:
            raise VaultError(
                f"entry `{entry_id}`: its sealed facts are not as they were sealed; restore them from a backup"
            ) from error

    def _place(self, entry_id: str) -> bytes:
        return f"{self.subject}|{entry_id}".encode()


@attrs.frozen(eq=False)
class KeyEncryptionKey:
    """The key that wraps all data keys. `id` names it without giving it away: 16 hex digits."""

    id: str
    _cipher: AESGCM = attrs.field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> KeyEncryptionKey:
        """From its 32 bytes. Raises ValueError for another number."""
        return cls(hmac.digest(key, _KEK_ID, "sha256").hex()[:16], _cipher(key))

    @classmethod
    def parse(cls, text: str) -> KeyEncryptionKey:
        """From the base64 of its 32 bytes, as it stands in a key file or in the environment.

        Raises:
            ValueError: it is not that; the message repeats nothing of the text.
        """
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            # No `from`: what the decoder says may quote the text.
            raise ValueError(
                "the key-encryption key is not the base64 of 32 bytes; make one with `openssl rand -base64 32`"
            ) from None
        return cls.of(key)

    def wrap(self, subject: str, data_key: bytes) -> bytes:
        """A data key of 32 bytes for storage: 12 bytes of nonce, 32 of ciphertext, 16 of tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data_key, self._place(subject))

    def unwrap(self, subject: str, wrapped: bytes) -> bytes:
        """The data key that `wrap` was given for this subject.

        Raises:
            VaultError: it was wrapped by another key or for another subject, or is damaged.
        """
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], self._place(subject))
        except (InvalidTag, ValueError) as error:
            raise VaultError(
                f"the stored key of `{subject}` is not one that the key-encryption key {self.id} wrapped for it; "
                "put the right key-encryption key in place, or restore the keys from a backup"
            ) from error

    def _place(self, subject: str) -> bytes:
        return f"{subject}|{self.id}".encode()


def _padded(facts: bytes) -> bytes:
    text = _COMMITMENT + facts + _END
    return text.ljust(-(-len(text) // _STEP) * _STEP, b"\x00")


def _unpadded(text: bytes) -> bytes:
    """Raises ValueError if the text does not begin and end as `_padded` has it."""
    facts = text.rstrip(b"\x00")
    if not hmac.compare_digest(text[: len(_COMMITMENT)], _COMMITMENT) or not facts.endswith(_END):
        raise ValueError("not a padded text")
    return facts[len(_COMMITMENT) : -len(_END)]
