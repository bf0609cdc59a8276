"""The verifier's own reading of trees, keys, notes and proofs, against published values and the definitions."""

from __future__ import annotations

import random

import pytest
from log_builder import LogBuilder, LogKey, sha256
from reference_tree import REFERENCE, REFERENCE_ROOTS
from verifying import small_log

from engine.audit import verify as module
from engine.audit.verify import Checkpoint, Key, Tree, fold, root_of_inclusion


def test_the_roots_of_certificate_transparency_are_reproduced():
    for size, root in enumerate(REFERENCE_ROOTS):
        tree = Tree(lambda *_: None)
        tree.extend([module.leaf_hash(leaf) for leaf in REFERENCE[:size]])
        assert fold(tree.peaks()).hex() == root


def test_a_tree_of_three_levels_is_that_of_the_definition():
    log = LogBuilder()
    log.entries = [(i, "", "", sha256(i.to_bytes(4, "big")), b"") for i in range(256 * 256 + 300)]
    tiles = {}
    tree = Tree(lambda level, number, hashes: tiles.update({(level, number): b"".join(hashes)}))
    leaves, start = [entry[3] for entry in log.entries], 0
    for size in (1, 255, 256, 257, 40_000, 65_536, len(leaves)):
        tree.extend(leaves[start:size])
        start = size
        assert fold(tree.peaks()) == log.root(0, size)
    assert b"".join(tree.peaks()) == log.frontier()
    unfinished = {(1, 1): b"".join(tree.levels[1]), (2, 0): b"".join(tree.levels[2])}
    assert {**tiles, **unfinished} == log.tiles()


def test_inclusion_is_proven_by_its_own_proof_alone():
    log = small_log(35)
    for size in (1, 2, 3, 7, 8, 33, 37):
        root = log.root(0, size)
        for index in range(size):
            path = log.path(index, 0, size)
            leaf = log.entries[index][3]
            assert root_of_inclusion(leaf, index, size, path) == root
            for other in [(leaf, index + 1, path), (leaf, index, [*path, leaf]), (leaf, index, path[:-1])]:
                assert size == 1 or root_of_inclusion(other[0], other[1], size, other[2]) != root
            assert root_of_inclusion(sha256(leaf), index, size, path) != root
    assert root_of_inclusion(leaf, 0, 0, []) is None


def test_a_key_and_signature_made_elsewhere_are_read():
    """The example of Go's `golang.org/x/mod/sumdb/note`."""
    key = Key.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    signature = module.unbase64(line)
    assert signature[:4] == key.id
    assert key.has_signed(text, signature[4:])
    assert not key.has_signed(text + b"\n", signature[4:])
    assert key.text.endswith("+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        LogKey(1).text.replace("+", "+0", 1),
        LogKey(1).text + "=",
        LogKey(1).text.replace("ostiary", "os tiary"),
        "\ud800+00000000+AAAA",
    ],
)
def test_what_is_no_key_is_no_key(text):
    with pytest.raises(ValueError, match=r"key of a log|base64|encode|padding|ASCII"):
        Key.parse(text)


def test_every_change_of_a_note_is_another_note_or_none():
    """No edit of one byte leaves a note that says something else under a signature that holds."""
    log, rng = small_log(), random.Random(5)
    note = log.sign().encode()
    key = Key.parse(LogKey(1).text)
    known, checkpoint = {(key.name, key.id): key}, Checkpoint.parse(note.decode())
    assert checkpoint.signers(known) == (key,)
    for _ in range(2_000):
        at = rng.randrange(len(note))
        changed = note[:at] + bytes([note[at] ^ rng.randrange(1, 256)]) + note[at + 1 :]
        try:
            assert Checkpoint.parse(changed.decode()).signers(known) == ()
        except ValueError:
            continue
