"""The Merkle tree of RFC 6962, section 2.1: hashes, the head of a growing tree, proofs, and their verification.

A tree stands over leaf hashes D[0], D[1], … of 32 bytes. Node `(level, index)` is the root of the complete subtree over
the `2**level` leaves from `index * 2**level` on; once it is there it never changes. A tree of any size is a row of such
nodes, largest first, one for each bit that is set in its size. Verification follows RFC 9162, sections 2.1.3.2 and
2.1.4.2, step by step and in its letters (`fn`, `sn`).
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Self, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

NodeReader: TypeAlias = "Callable[[int, int], bytes]"

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()


class ProofError(ValueError):
    """A proof does not prove what it is said to prove, or nothing can prove it."""


def leaf_hash(body: bytes) -> bytes:
    """The 32 bytes that commit to one entry: SHA-256 of a zero byte and the body."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32 bytes over two subtrees: SHA-256 of a one byte, so that no leaf can pass for a node, and both roots."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@attrs.frozen
class Frontier:
    """All that is needed of a tree to append to it: its `size` and its nodes, largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = attrs.field(default=(), repr=False)

    def __attrs_post_init__(self) -> None:
        lengths = [HASH_BYTES] * self.size.bit_count()
        if self.size < 0 or [len(value) for value in self.hashes] != lengths:
            raise ValueError(f"a tree of {self.size} leaves does not have {len(self.hashes)} such hashes as its head")

    def extended(self, leaves: Iterable[bytes]) -> Frontier:
        """The head of the tree after these leaf hashes were appended: one node is hashed for each, on average."""
        size, hashes, sha256 = self.size, list(self.hashes), hashlib.sha256
        for leaf in leaves:
            node, carry = leaf, size
            # As in counting: each bit that is carried over joins two complete subtrees of its weight into one.
            while carry & 1:
                node = sha256(b"\x01" + hashes.pop() + node).digest()
                carry >>= 1
            hashes.append(node)
            size += 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        """The tree's root: MTH(D[0:size])."""
        return _joined(self.hashes) if self.hashes else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """The hashes one after the other."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, blob: bytes) -> Self:
        """The head that `to_bytes` wrote. Raises ValueError if it is not one of a tree of that size."""
        return cls(size, tuple(blob[at : at + HASH_BYTES] for at in range(0, len(blob), HASH_BYTES)))


def frontier_at(size: int, node: NodeReader) -> Frontier:
    """The head of the tree of the first `size` leaves."""
    return Frontier(size, tuple(node(level, index) for level, index in _nodes(0, size)))


def root_at(size: int, node: NodeReader) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return frontier_at(size, node).root()


def inclusion_proof(index: int, size: int, node: NodeReader) -> list[bytes]:
    """PATH(index, D[0:size]) of RFC 6962, section 2.1.1: what is hashed with leaf `index` on the way to the root.

    Raises:
        ProofError: a tree of that size has no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"entry {index} is not in a log of {size}; ask for one below the size")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            path.append(_root(middle, end, node))
            end = middle
        else:
            path.append(_root(start, middle, node))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: NodeReader) -> list[bytes]:
    """PROOF(old, D[0:new]) of RFC 6962, section 2.1.2: that the first `old` leaves are the whole tree as it was then.

    Empty if the sizes are equal, or if `old` is 0, which the RFC leaves open: every tree extends the empty one.

    Raises:
        ProofError: `old` is larger than `new`.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a log of {new} does not extend one of {old}; ask with the smaller size first")
    path, start, end = [], 0, new
    while old not in {0, end}:
        middle = _middle(start, end)
        if old <= middle:
            path.append(_root(middle, end, node))
            end = middle
        else:
            path.append(_root(start, middle, node))
            start = middle
    # What is left is the last node of the old tree. If it is all of that tree, the verifier knows it as the old root.
    if start > 0:
        path.append(_root(start, end, node))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the entry with this leaf hash has number `index` in the tree of `size` leaves under `root`.

    Raises:
        ProofError: that is not proved.
    """
    if not 0 <= index < size:
        raise ProofError(f"entry {index} is not in a log of {size}")
    _check_lengths(leaf, root, *proof)
    _, computed = _climb(index, size - 1, leaf, proof)
    if computed != root:
        raise ProofError(f"the proof does not lead from entry {index} to the root of the log of {size}")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the tree of `new` leaves under `new_root` begins with the whole tree of `old` under `old_root`.

    Raises:
        ProofError: that is not proved.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a log of {new} does not extend one of {old}")
    _check_lengths(old_root, new_root, *proof)
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofError("the root of the empty log is not that of RFC 6962")
    if old in {0, new}:
        if proof or (old == new and old_root != new_root):
            raise ProofError(f"the log of {new} is not the one of {old}")
        return
    path = list(proof) if old.bit_count() > 1 else [old_root, *proof]
    if not path:
        raise ProofError("the proof is too short")
    level = (old & -old).bit_length() - 1
    computed = _climb((old - 1) >> level, (new - 1) >> level, path[0], path[1:])
    if computed != (old_root, new_root):
        raise ProofError(f"the proof does not lead from the root of the log of {old} to that of {new}")


def _climb(fn: int, sn: int, node: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """From node `fn` of a level whose last node is `sn` up: the root of what ends with `fn`, and of the whole tree."""
    old = new = node
    for sibling in path:
        if sn == 0:
            raise ProofError("the proof is too long")
        if fn & 1 or fn == sn:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError("the proof is too short")
    return old, new


def _check_lengths(*hashes: bytes) -> None:
    # Two hashes given as one of 64 bytes would hash alike and stand for a tree of another shape.
    if any(len(value) != HASH_BYTES for value in hashes):
        raise ProofError(f"a hash has not {HASH_BYTES} bytes")


def _middle(start: int, end: int) -> int:
    """Where RFC 6962 divides D[start:end]: after the largest power of two leaves that is smaller than all of them."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def _nodes(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The nodes that D[start:end] consists of, largest first; `start` is a multiple of the largest."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _root(start: int, end: int, node: NodeReader) -> bytes:
    """MTH(D[start:end])."""
    return _joined([node(level, index) for level, index in _nodes(start, end)])


def _joined(hashes: Sequence[bytes]) -> bytes:
    """The root over adjoining nodes, largest first."""
    return functools.reduce(lambda right, left: node_hash(left, right), reversed(hashes))
