"""RFC 6962, section 2.1, word for word and as slow as that is: what the log's trees are compared with."""

from __future__ import annotations

import hashlib


def leaf(number):
    """The leaf hash of an entry whose body is its number."""
    return hashlib.sha256(b"\0" + str(number).encode()).digest()


class NaiveTree:
    """The tree over D[0], D[1], …; each D[start:end] is hashed once."""

    def __init__(self, leaves):
        self.leaves = leaves
        self._hashed = {}

    def mth(self, start, end):
        if (start, end) not in self._hashed:
            self._hashed[start, end] = self._mth(start, end)
        return self._hashed[start, end]

    def _mth(self, start, end):
        if end == start:
            return hashlib.sha256(b"").digest()
        if end - start == 1:
            return self.leaves[start]
        k = start + _largest_power_below(end - start)
        return hashlib.sha256(b"\1" + self.mth(start, k) + self.mth(k, end)).digest()

    def root(self, size):
        return self.mth(0, size)

    def node(self, level, index):
        """The NodeReader of this tree."""
        return self.mth(index << level, (index + 1) << level)

    def path(self, m, start, end):
        """PATH(m, D[start:end]), section 2.1.1."""
        if end - start == 1:
            return []
        k = _largest_power_below(end - start)
        if m < k:
            return [*self.path(m, start, start + k), self.mth(start + k, end)]
        return [*self.path(m - k, start + k, end), self.mth(start, start + k)]

    def subproof(self, m, start, end, *, b):
        """SUBPROOF(m, D[start:end], b), section 2.1.2."""
        if m == end - start:
            return [] if b else [self.mth(start, end)]
        k = _largest_power_below(end - start)
        if m <= k:
            return [*self.subproof(m, start, start + k, b=b), self.mth(start + k, end)]
        return [*self.subproof(m - k, start + k, end, b=False), self.mth(start, start + k)]


def _largest_power_below(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k
