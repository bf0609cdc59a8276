"""Boxes and wrapped keys open in their own place with their own key, whole, and in no other way."""

from __future__ import annotations

import base64
import os

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from engine.audit.vault import KeyEncryptionKey, VaultError
from engine.audit.vault.envelope import DataKey

SUBJECT = "0123456789abcdef" * 2
OTHER = "fedcba9876543210" * 2
KEY = bytes(range(32))
FACTS = b'{"customer":{"name":"Ana"}}'


@given(st.binary(max_size=300) | st.binary(max_size=80).map(lambda text: text + b"\x80\x00\x00"))
def test_what_was_sealed_is_opened(facts):
    key = DataKey(SUBJECT, KEY)
    box = key.seal("entry-1", facts)
    assert key.open("entry-1", box) == facts
    assert len(box) % 64 == 12 + 16
    assert len(box) - len(facts) <= 12 + 32 + 64 + 16


def test_length_is_told_in_steps_only():
    key = DataKey(SUBJECT, KEY)
    lengths = {size: len(key.seal("entry-1", bytes(size))) for size in range(300)}
    assert sorted(set(lengths.values())) == [92 + 64 * step for step in range(len(set(lengths.values())))]
    assert lengths[31] == 92
    assert lengths[32] == lengths[95] == 156


def test_no_two_boxes_are_the_same():
    key = DataKey(SUBJECT, KEY)
    boxes = {key.seal("entry-1", FACTS) for _ in range(1_000)}
    assert len({box[:12] for box in boxes}) == len({box[12:] for box in boxes}) == 1_000


def test_damage_at_every_bit_of_a_box_is_noticed():
    key = DataKey(SUBJECT, KEY)
    box = key.seal("entry-1", FACTS)
    for at in range(len(box)):
        for bit in range(8):
            damaged = bytearray(box)
            damaged[at] ^= 1 << bit
            with pytest.raises(VaultError, match="`entry-1`: its sealed facts are not as they were sealed"):
                key.open("entry-1", bytes(damaged))


def test_a_box_cut_short_or_grown_is_noticed():
    key = DataKey(SUBJECT, KEY)
    box = key.seal("entry-1", FACTS)
    for damaged in (*(box[:size] for size in range(len(box))), box + b"\x00", b"\x00" + box):
        with pytest.raises(VaultError):
            key.open("entry-1", damaged)


def test_a_box_opens_for_its_own_entry_customer_and_key_alone():
    box = DataKey(SUBJECT, KEY).seal("entry-1", FACTS)
    for key, entry in [
        (DataKey(SUBJECT, KEY), "entry-2"),
        (DataKey(OTHER, KEY), "entry-1"),
        (DataKey(SUBJECT, KEY[::-1]), "entry-1"),
    ]:
        with pytest.raises(VaultError):
            key.open(entry, box)


def _times(one: int, other: int) -> int:
    """The product in the field of GHASH, SP 800-38D, section 6.3."""
    product = 0
    for bit in range(127, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (0xE1 << 120 if other & 1 else 0)
    return product


def _power(one: int, exponent: int) -> int:
    result = 1 << 127
    while exponent:
        if exponent & 1:
            result = _times(result, one)
        one, exponent = _times(one, one), exponent >> 1
    return result


def _block(key: bytes, block: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)  # noqa: S305  one block


def _one_box_under_two_keys(keys, place, blocks):
    """A box that GCM opens under both keys, each time to a text that ends as ours do.

    The tag is linear in each block of the ciphertext, so the first is solved for (Dodis and others, 2018, section 3).
    """
    last = f"{blocks + 1:08x}"
    while True:
        nonce = os.urandom(12)
        ends = {_block(key, nonce + bytes.fromhex(last))[-1] for key in keys}
        if len(ends) == 1:
            break
    text = bytearray(os.urandom(16 * blocks))
    text[:16] = bytes(16)
    text[-1] = ends.pop() ^ 0x80
    lengths = (len(place) * 8 << 64 | len(text) * 8).to_bytes(16)
    padded = place.ljust(-(-len(place) // 16) * 16, b"\x00") + text + lengths
    tags, weights = [], []
    for key in keys:
        h, total = int.from_bytes(_block(key, bytes(16))), 0
        for at in range(0, len(padded), 16):
            total = _times(total ^ int.from_bytes(padded[at : at + 16]), h)
        tags.append(total ^ int.from_bytes(_block(key, nonce + b"\x00\x00\x00\x01")))
        weights.append(_power(h, blocks + 1))
    first = _times(tags[0] ^ tags[1], _power(weights[0] ^ weights[1], 2**128 - 2))
    text[:16] = first.to_bytes(16)
    return nonce + text + (tags[0] ^ _times(first, weights[0])).to_bytes(16)


def test_a_box_that_gcm_opens_under_two_keys_is_opened_under_neither():
    keys = [os.urandom(32), os.urandom(32)]
    place = f"{SUBJECT}|entry-1".encode()
    box = _one_box_under_two_keys(keys, place, blocks=8)
    texts = {AESGCM(key).decrypt(box[:12], box[12:], place) for key in keys}
    assert len(texts) == 2
    assert all(text.endswith(b"\x80") for text in texts)
    for key in keys:
        with pytest.raises(VaultError):
            DataKey(SUBJECT, key).open("entry-1", box)


def test_a_wrapped_key_is_opened_by_its_own_key_for_its_own_subject_alone():
    kek, other = KeyEncryptionKey.of(KEY), KeyEncryptionKey.of(KEY[::-1])
    wrapped = kek.wrap(SUBJECT, b"k" * 32)
    assert kek.unwrap(SUBJECT, wrapped) == b"k" * 32
    assert len(wrapped) == 60
    assert kek.wrap(SUBJECT, b"k" * 32) != wrapped
    for at in range(len(wrapped)):
        damaged = bytearray(wrapped)
        damaged[at] ^= 1
        with pytest.raises(VaultError, match=f"the stored key of `{SUBJECT}` is not one"):
            kek.unwrap(SUBJECT, bytes(damaged))
    for key, subject in [(other, SUBJECT), (kek, OTHER), (kek, "index")]:
        with pytest.raises(VaultError, match=key.id):
            key.unwrap(subject, wrapped)


def test_a_key_is_named_without_being_given_away():
    kek = KeyEncryptionKey.of(KEY)
    assert kek.id == KeyEncryptionKey.parse(base64.b64encode(KEY).decode() + "\n").id
    assert len(kek.id) == 16
    assert int(kek.id, 16)
    assert kek.id != KeyEncryptionKey.of(KEY[::-1]).id
    for text in (repr(kek), repr(DataKey(SUBJECT, KEY))):
        assert KEY.hex() not in text
        assert repr(KEY)[2:20] not in text


@pytest.mark.parametrize("text", ["", "secret", "c2VjcmV0", base64.b64encode(bytes(33)).decode(), "é" * 44])
def test_what_is_no_key_is_refused_without_being_repeated(text):
    with pytest.raises(ValueError, match="is not the base64 of 32 bytes") as refused:
        KeyEncryptionKey.parse(text)
    assert not text or text not in str(refused.value)
    assert refused.value.__cause__ is None
    with pytest.raises(ValueError, match="a key of 31 bytes"):
        KeyEncryptionKey.of(bytes(31))
