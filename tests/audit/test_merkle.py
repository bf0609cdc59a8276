"""Roots and proofs are those of RFC 6962, and nothing but the right proof is accepted."""

from __future__ import annotations

import functools
import hashlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_tree import NaiveTree, leaf
from reference_tree import REFERENCE, REFERENCE_ROOTS

from engine.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofError,
    consistency_proof,
    frontier_at,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)

LARGEST = int(os.environ.get("MERKLE_SIZE", "120"))
TREE = NaiveTree([leaf(number) for number in range(LARGEST)])

# The proofs that Google's Certificate Transparency test suite has for the reference tree.
REFERENCE_INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
REFERENCE_CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]


@pytest.fixture(scope="module")
def reference():
    return NaiveTree([leaf_hash(body) for body in REFERENCE])


def test_the_hashes_are_those_of_rfc_6962():
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


@pytest.mark.parametrize("size", range(9))
def test_the_reference_roots(reference, size):
    wanted = REFERENCE_ROOTS[size]
    assert Frontier().extended(map(leaf_hash, REFERENCE[:size])).root().hex() == wanted
    assert root_at(size, reference.node).hex() == wanted


@pytest.mark.parametrize(("index", "size", "proof"), REFERENCE_INCLUSION)
def test_the_reference_inclusion_proofs(reference, index, size, proof):
    made = inclusion_proof(index, size, reference.node)
    assert [value.hex() for value in made] == proof
    verify_inclusion(leaf_hash(REFERENCE[index]), index, size, made, bytes.fromhex(REFERENCE_ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "proof"), REFERENCE_CONSISTENCY)
def test_the_reference_consistency_proofs(reference, old, new, proof):
    made = consistency_proof(old, new, reference.node)
    assert [value.hex() for value in made] == proof
    verify_consistency(old, new, made, *(bytes.fromhex(REFERENCE_ROOTS[size]) for size in (old, new)))


def _changed(proof):
    """Every proof that differs by one mistake."""
    yield [*proof, leaf(0)]
    yield [leaf(0), *proof]
    yield [*proof, *proof[-1:], leaf(1)]
    for at, value in enumerate(proof):
        rest = proof[:at], proof[at + 1 :]
        yield [*rest[0], *rest[1]]
        yield [*rest[0], value, value, *rest[1]]
        yield [*rest[0], bytes([value[0] ^ 1, *value[1:]]), *rest[1]]
        yield [*rest[0], bytes([*value[:-1], value[-1] ^ 128]), *rest[1]]
        yield [*rest[0], value[:-1], *rest[1]]
        yield [*rest[0], value + b"\0", *rest[1]]
        yield [*rest[0], b"", *rest[1]]
        if rest[1]:
            yield [*rest[0], value + rest[1][0], *rest[1][1:]]
            yield [*rest[0], rest[1][0], value, *rest[1][1:]]


def _is_refused(verify, *arguments):
    with pytest.raises(ProofError):
        verify(*arguments)
    return True


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_inclusion_is_proved_for_every_entry_and_for_no_other(size):
    root = TREE.root(size)
    for index in range(size):
        proof = inclusion_proof(index, size, TREE.node)
        assert proof == TREE.path(index, 0, size)
        verify_inclusion(leaf(index), index, size, proof, root)
        other = (index + 1) % size
        assert size == 1 or _is_refused(verify_inclusion, leaf(index), other, size, proof, root)
        assert size == 1 or _is_refused(verify_inclusion, leaf(other), index, size, proof, root)
        assert _is_refused(verify_inclusion, leaf(index), index, size, proof, TREE.root(size - 1))
        for changed in _changed(proof) if index in {0, size // 2, size - 1} else [proof[:-1] or [root]]:
            assert _is_refused(verify_inclusion, leaf(index), index, size, changed, root)


@pytest.mark.parametrize("new", range(1, LARGEST + 1))
def test_consistency_is_proved_with_every_earlier_tree_and_with_no_other(new):
    root = TREE.root(new)
    for old in range(1, new + 1):
        proof = consistency_proof(old, new, TREE.node)
        assert proof == TREE.subproof(old, 0, new, b=True)
        verify_consistency(old, new, proof, TREE.root(old), root)
        assert _is_refused(verify_consistency, old, new, proof, TREE.root(old - 1), root)
        assert _is_refused(verify_consistency, old, new, proof, TREE.root(old), TREE.root(new - 1))
        for changed in _changed(proof) if old in {1, new // 2, new - 1, new} else [proof[:-1] or [root]]:
            assert _is_refused(verify_consistency, old, new, changed, TREE.root(old), root)


def test_a_history_that_was_rewritten_is_not_consistent():
    forged = NaiveTree([*TREE.leaves[:20], leaf("forged"), *TREE.leaves[21:64]])
    for old in range(21, 64):
        proof = consistency_proof(old, 64, forged.node)
        verify_consistency(old, 64, proof, forged.root(old), forged.root(64))
        assert _is_refused(verify_consistency, old, 64, proof, TREE.root(old), forged.root(64))


def test_the_empty_log_is_the_beginning_of_every_log():
    assert consistency_proof(0, 5, TREE.node) == consistency_proof(0, 0, TREE.node) == []
    verify_consistency(0, 5, [], EMPTY_ROOT, TREE.root(5))
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    assert _is_refused(verify_consistency, 0, 5, [], leaf(0), TREE.root(5))
    assert _is_refused(verify_consistency, 0, 0, [], leaf(0), leaf(0))
    assert _is_refused(verify_consistency, 0, 0, [], EMPTY_ROOT, leaf(0))
    assert _is_refused(verify_consistency, 0, 5, [leaf(0)], EMPTY_ROOT, TREE.root(5))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (6, 5), (-1, 5), (0, -1)])
def test_what_is_not_in_the_log_has_no_proof(index, size):
    assert _is_refused(inclusion_proof, index, size, TREE.node)
    assert _is_refused(verify_inclusion, leaf(0), index, size, [], leaf(0))


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5), (1, 0), (-2, -1)])
def test_a_smaller_log_extends_no_larger_one(old, new):
    assert _is_refused(consistency_proof, old, new, TREE.node)
    assert _is_refused(verify_consistency, old, new, [], leaf(0), leaf(0))


def test_hashes_of_another_length_are_refused_wherever_they_stand():
    proof = inclusion_proof(1, 2, TREE.node)
    for wrong in (b"", leaf(1)[:-1], leaf(1) + b"\0"):
        assert _is_refused(verify_inclusion, wrong, 1, 2, proof, TREE.root(2))
        assert _is_refused(verify_inclusion, leaf(1), 1, 2, proof, wrong)
        assert _is_refused(verify_inclusion, wrong, 0, 1, [], wrong)
        assert _is_refused(verify_consistency, 1, 1, [], wrong, wrong)
        with pytest.raises(ProofError, match="32 bytes"):
            verify_inclusion(leaf(1), 1, 2, [wrong], TREE.root(2))
        with pytest.raises(ProofError, match="32 bytes"):
            verify_consistency(1, 2, [wrong], TREE.root(1), TREE.root(2))
    # The 64 bytes under the root, divided elsewhere.
    both = leaf(0) + leaf(1)
    assert hashlib.sha256(b"\1" + both).digest() == TREE.root(2)
    for cut in (0, 31, 33, 64):
        assert _is_refused(verify_inclusion, both[:cut], 0, 2, [both[cut:]], TREE.root(2))


@pytest.mark.parametrize("size", [2, 3, 7, 8, 100])
def test_a_node_does_not_pass_for_an_entry_nor_a_tree_for_a_smaller_one(size):
    for level in range(1, size.bit_length()):
        # A whole subtree from the first entry on, its root given as that entry with the rest of the entry's proof.
        proof = inclusion_proof(0, size, TREE.node)[level:]
        if 1 << level <= size:
            assert _is_refused(verify_inclusion, TREE.node(level, 0), 0, size, proof, TREE.root(size))
    assert _is_refused(verify_inclusion, TREE.root(size), 0, size, [], TREE.root(size))
    assert _is_refused(verify_inclusion, TREE.root(size), size - 1, size, [], TREE.root(size))
    # The root of more entries than are said to be there, with a proof that fits those.
    assert _is_refused(verify_inclusion, leaf(1), 0, 1, [leaf(0)], TREE.root(2))
    assert _is_refused(
        verify_consistency, 1, 2, [leaf(1), TREE.root(2)], leaf(0), node_hash(TREE.root(2), TREE.root(2))
    )
    assert _is_refused(verify_consistency, 3, 4, [], TREE.root(3), TREE.root(4))


@settings(deadline=None)
@given(st.lists(st.integers(0, LARGEST), max_size=6))
def test_a_log_is_the_same_however_it_was_cut_into_appends(cuts):
    frontier, size = Frontier(), 0
    for end in sorted(cuts):
        frontier, size = frontier.extended(TREE.leaves[size:end]), end
    assert frontier == frontier_at(size, TREE.node)
    assert frontier.root() == TREE.root(size)
    assert Frontier.from_bytes(size, frontier.to_bytes()) == frontier


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_appending_gives_the_root_at_every_size(size):
    assert Frontier().extended(TREE.leaves[:size]).root() == TREE.root(size)


@pytest.mark.parametrize(("size", "length"), [(0, 32), (1, 0), (1, 31), (1, 33), (1, 64), (3, 32), (4, 64), (-1, 32)])
def test_a_head_that_is_not_of_its_size_is_refused(size, length):
    with pytest.raises(ValueError, match=f"tree of {size} leaves"):
        Frontier.from_bytes(size, bytes(length))


class SparseTree(NaiveTree):
    """A tree of any size in which all leaves but a few are alike, so that a subtree of none of those is hashed once."""

    def __init__(self, exceptions):
        super().__init__(exceptions)
        self._alike = functools.lru_cache(None)(self._alike_of)

    def _mth(self, start, end):
        if not any(start <= number < end for number in self.leaves):
            return self._alike(end - start)
        return super()._mth(start, end)

    def _alike_of(self, length):
        if length == 1:
            return leaf("alike")
        k = 1 << (length - 1).bit_length() - 1
        return node_hash(self._alike(k), self._alike(length - k))


@settings(max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "100")), deadline=None)
@given(st.data())
def test_logs_of_any_size(data):
    new = data.draw(st.integers(1, 2**62), label="new")
    old = data.draw(st.integers(1, new) | st.integers(max(1, new - 300), new), label="old")
    index = data.draw(st.integers(0, old - 1), label="index")
    near = data.draw(st.sets(st.integers(0, new - 1), max_size=5), label="other entries")
    tree = SparseTree({number: leaf(number) for number in {index, *near}})
    roots = tree.root(old), tree.root(new)
    assert (root_at(old, tree.node), root_at(new, tree.node)) == roots
    inclusion = inclusion_proof(index, new, tree.node)
    assert inclusion == tree.path(index, 0, new)
    verify_inclusion(leaf(index), index, new, inclusion, roots[1])
    consistency = consistency_proof(old, new, tree.node)
    assert consistency == tree.subproof(old, 0, new, b=True)
    verify_consistency(old, new, consistency, *roots)
    following = [leaf(number) for number in range(3)]
    longer = frontier_at(new, tree.node).extended(following)
    assert longer.root() == SparseTree(
        {**tree.leaves, **{new + place: value for place, value in enumerate(following)}}
    ).root(new + 3)
    # Where leaves are alike, hashes side by side may be, and exchanged they are the same proof.
    changed = data.draw(st.sampled_from([*_changed(inclusion)]).filter(lambda proof: proof != inclusion))
    assert _is_refused(verify_inclusion, leaf(index), index, new, changed, roots[1])
    changed = data.draw(st.sampled_from([*_changed(consistency)]).filter(lambda proof: proof != consistency))
    assert _is_refused(verify_consistency, old, new, changed, *roots)
