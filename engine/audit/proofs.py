"""Proofs out of a stored log, and the text form in which one of them travels, C2SP tlog-proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from engine.audit.merkle import (
    ProofError,
    consistency_proof,
    inclusion_proof,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from engine.audit.note import encode_base64
from engine.audit.tiles import TileError
from engine.audit.tree_rows import leaves_of, tree_of
from engine.audit.unavailable import damaged

if TYPE_CHECKING:
    from engine.audit.log import DecisionLog

_TLOG_PROOF = "c2sp.org/tlog-proof@v1"


@attrs.frozen
class Inclusion:
    """That `leaf` is number `index` of the tree of `size` leaves under `root`: `hashes` from its sibling upwards."""

    index: int
    size: int
    leaf: bytes
    root: bytes
    hashes: tuple[bytes, ...]

    def text(self, note: str) -> str:
        """The proof with the signed checkpoint of its tree, as C2SP tlog-proof v1: verified with a public key alone."""
        hashes = "".join(f"{encode_base64(value)}\n" for value in self.hashes)
        return f"{_TLOG_PROOF}\nindex {self.index}\n{hashes}\n{note}"


@attrs.frozen
class Consistency:
    """That the tree of `new` leaves under `new_root` begins with the whole of that of `old` under `old_root`."""

    old: int
    new: int
    old_root: bytes
    new_root: bytes
    hashes: tuple[bytes, ...]


def prove_inclusion(log: DecisionLog, index: int, size: int) -> Inclusion:
    """Prove that an entry is in the tree of the first `size`, in work that grows with the logarithm of the size.

    Raises:
        ProofError: a log of that size has no such entry.
        LogUnavailable: the log cannot be read, has not grown to that size, or its tree is not that of its entries.
    """
    try:
        with log.store.reading() as session:
            tree = tree_of(session, size)
            hashes, root = tuple(inclusion_proof(index, size, tree)), root_at(size, tree)
            # As the entry has it: that the tree has the same is what is proved.
            leaf = b"".join(leaves_of(session, index, index + 1))
    except TileError as error:
        raise damaged(log.store.name, f"the tree is not that of the entries ({error})") from error
    try:
        verify_inclusion(leaf, index, size, hashes, root)
    except ProofError as error:
        raise damaged(log.store.name, f"the tree is not that of the entries ({error})") from error
    return Inclusion(index, size, leaf, root, hashes)


def prove_consistency(log: DecisionLog, old: int, new: int) -> Consistency:
    """Prove that the log of `new` entries extends that of `old`, in work that grows with the logarithm of the size.

    Raises:
        ProofError: `old` is larger than `new`.
        LogUnavailable: as `prove_inclusion`.
    """
    try:
        with log.store.reading() as session:
            tree = tree_of(session, new)
            hashes = tuple(consistency_proof(old, new, tree))
            proof = Consistency(old, new, root_at(old, tree), root_at(new, tree), hashes)
    except TileError as error:
        raise damaged(log.store.name, f"the tree is not that of the entries ({error})") from error
    try:
        verify_consistency(old, new, proof.hashes, proof.old_root, proof.new_root)
    except ProofError as error:
        raise damaged(log.store.name, f"the tree is not that of the entries ({error})") from error
    return proof
