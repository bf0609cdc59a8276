"""What all accounts of a generated population share."""

from __future__ import annotations

import datetime
from functools import cached_property

import attrs
import numpy as np

from engine.accounts.layout import Layout
from engine.measures.places import Places
from engine.population.generate.distributions import Distributions
from engine.population.generate.draws import Bools, Draws, Ints, Table

_EPOCH = datetime.date(1970, 1, 1).toordinal()


@attrs.frozen(eq=False, slots=False)
class Setting:
    """The distributions as tables, the day, and the columns. `reading` is that of Q01 by which owners are resolved."""

    seed: int
    as_of: datetime.date
    distributions: Distributions
    known_places: Places
    layout: Layout
    reading: str
    _tables: dict[str, Table] = attrs.field(factory=dict, init=False)

    @cached_property
    def today(self) -> int:
        """The day of the population, counted from 1970-01-01."""
        return self.as_of.toordinal() - _EPOCH

    @property
    def places(self) -> Table:
        """The table of places; a place is told by its number in it."""
        return self.table("places")

    @cached_property
    def is_us(self) -> Bools:
        """Of each place of the table, whether it lies in the United States."""
        within = self.known_places.within["US"]
        return np.array([code in within for code in self.places.words])

    def table(self, name: str) -> Table:
        """A table of the distributions."""
        if name not in self._tables:
            weights = self.distributions.weights(name), self.distributions.malicious_weights(name)
            self._tables[name] = Table.of(*weights)
        return self._tables[name]

    def words(self, draws: Draws, name: str, malicious: Bools) -> Ints:
        """Words of a table, one for each account."""
        return draws.words(name, self.table(name), malicious)

    def happens(self, draws: Draws, name: str, count: int) -> Bools:
        """Whether what a chance of the distributions speaks of is so, for each account."""
        return draws.happens(name, self.distributions.chance(name), count)
