"""Random numbers by name: each use draws from a stream of its own, so that no use shifts what another draws.

Of PCG64 only the doubles of `Generator.random` are used, whose stream is kept by NumPy from version to version.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]


@attrs.frozen(eq=False)
class Table:
    """Words with how likely each is, as the sums up to it from 0 to 1, for ordinary and for malicious accounts."""

    words: tuple[str, ...]
    ordinary: Floats
    malicious: Floats

    @classmethod
    def of(cls, weights: Mapping[str, float], malicious: Mapping[str, float]) -> Table:
        """The table of weights; both mappings have the same words in the same order."""
        return cls(tuple(weights), _sums(weights), _sums(malicious))

    def index(self, *words: str) -> Ints:
        """The places of words in the table; of those that are not in it there is none."""
        return np.array([self.words.index(word) for word in words if word in self.words], dtype=np.int64)


def _sums(weights: Mapping[str, float]) -> Floats:
    sums: Floats = np.cumsum(np.array(list(weights.values()), dtype=np.float64))
    shares: Floats = sums / sums[-1]
    return shares


@attrs.frozen
class Draws:
    """The streams of a chunk of accounts. The first numbers of a stream are the same, however many are drawn."""

    seed: int
    chunk: int
    above: str = ""

    def under(self, name: str) -> Draws:
        """Streams of their own for another kind of thing."""
        return Draws(self.seed, self.chunk, f"{self.above}{name}/")

    def uniform(self, name: str, count: int) -> Floats:
        """Numbers from 0 up to, not including, 1."""
        key = zlib.crc32(f"{self.above}{name}".encode())
        sequence = np.random.SeedSequence([self.seed, self.chunk, key])
        return np.random.Generator(np.random.PCG64(sequence)).random(count)

    def happens(self, name: str, chance: float, count: int) -> Bools:
        """True with that chance."""
        return self.uniform(name, count) < chance

    def below(self, name: str, number: int, count: int) -> Ints:
        """Whole numbers from 0 up to, not including, `number`, each as likely."""
        return (self.uniform(name, count) * number).astype(np.int64)

    def words(self, name: str, table: Table, malicious: Bools) -> Ints:
        """Words of a table, by their place in it, one for each account."""
        drawn = self.uniform(name, len(malicious))
        chosen = np.searchsorted(table.ordinary, drawn, side="right")
        if malicious.any():
            chosen[malicious] = np.searchsorted(table.malicious, drawn[malicious], side="right")
        return chosen.astype(np.int64)
