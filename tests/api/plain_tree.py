"""The tree of RFC 6962, section 2.1, word for word from its definitions and slow: what proofs are held against."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence


def leaf_of(body: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + body).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """MTH(D[n])."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    k = _split(len(leaves))
    return hashlib.sha256(b"\x01" + root_of(leaves[:k]) + root_of(leaves[k:])).digest()


def path_of(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if m < k:
        return [*path_of(m, leaves[:k]), root_of(leaves[k:])]
    return [*path_of(m - k, leaves[k:]), root_of(leaves[:k])]


def consistency_of(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n])."""
    return _subproof(m, leaves, is_whole=True) if m else []


def _subproof(m: int, leaves: Sequence[bytes], *, is_whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if is_whole else [root_of(leaves)]
    k = _split(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], is_whole=is_whole), root_of(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], is_whole=False), root_of(leaves[:k])]


def _split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def in_base64(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(value).decode() for value in hashes]
