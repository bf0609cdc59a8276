"""Ownership the slow and obvious way: recursion over fractions, for graphs without rings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

CUSTOMER = "customer"


class Oracle:
    """`holders` all have an id, a kind, something known to hold, and a share; nobody holds an individual."""

    def __init__(self, holders: Sequence[Mapping[str, Any]]) -> None:
        self._shares = [(h["id"], h["owner_of"], Fraction(repr(h["pct"])) / 100) for h in holders]
        self.kinds = {h["id"]: h["kind"] for h in holders}
        self.share = cache(self._share)
        self.controller = cache(self._controller)

    def owners(self) -> set[str]:
        """Individuals with a quarter or more."""
        return {x for x, kind in self.kinds.items() if kind == "individual" and self.share(x) >= Fraction(1, 4)}

    def opaque(self) -> set[str]:
        """Entities whose unknown part may carry a quarter: all of the entity when it may control it."""
        found = set()
        for x, kind in self.kinds.items():
            rest = 1 - sum(part for _, held, part in self._shares if held == x)
            carried = self.share(x) * (1 if rest > Fraction(1, 2) else rest)
            if kind == "entity" and rest > 0 and carried >= Fraction(1, 4):
                found.add(x)
        return found

    def _top(self, holder: str) -> str:
        """Who decides over the shares of a holder."""
        return self.controller(holder) or holder

    def _controller(self, thing: str) -> str | None:
        for candidate in self.kinds:
            held = sum(part for who, held, part in self._shares if held == thing and self._top(who) == candidate)
            if held > Fraction(1, 2):
                return candidate
        return None

    def _share(self, person: str) -> Fraction:
        """All of the intermediates controlled that nobody of the own group passes on, and a part of everything else."""
        total = Fraction(0)
        for who, held, part in self._shares:
            if who == person:
                total += part * (1 if held == CUSTOMER else self.share(held))
        for thing in self.kinds:
            if self.controller(thing) == person:
                mine = sum(part for who, held, part in self._shares if held == thing and self._top(who) == person)
                total += (1 - mine) * self.share(thing)
        return total
