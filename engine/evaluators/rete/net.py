"""Conditions to a net of rules for durable-rules, as plain data that goes to the process in which it runs.

A net has numbered nodes, and of each node two facts are known to durable-rules, `12t` and `12f`: that it holds, and
that it does not. The second is derived like the first and never read off the absence of the first. Every node is one of

- the start, number 1, which always holds;
- an atom, which is asserted (a leaf condition, or what another net has settled);
- a conjunction: `8t` from the facts of all its parts, `8f` from the contrary of any.

A disjunction is the contrary of the conjunction of the contraries, a negation the other fact of the same node. So
every fact follows from facts that were asserted: one that is lost leaves nodes unsettled, and settles none wrongly.

What durable-rules does wrong is kept away from it: all it compares are texts of a few ASCII characters, no pattern
asks for a field that is not there, no two facts have one hash, and no list of patterns is near a limit of its tables.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from engine.evaluators.evaluator import NoOpinionError

ALWAYS = 1
"""The start: a node that is asserted first of all, and for which a rule fires in any case."""
NEVER = -ALWAYS
_MOST_PARTS = 8
"""Facts that one rule joins. The library has room for 16."""
_MOST_READERS = 200
"""Patterns that ask for one fact. The library has room for 255, and writes beyond it without noticing."""
_MOST_RULES = 4_000
"""Rules of one net. The library takes 4,096, and a session some 20 kB of memory for each."""


@attrs.frozen
class Shape:
    """What an answer is read by: the number of nodes, and which of them the net before this one settles.

    `imports` are pairs of a node of this net and one of that.
    """

    size: int
    imports: tuple[tuple[int, int], ...]


class Net:
    """Builds a net. Nodes are signed numbers: 12 that it holds, -12 that it does not."""

    def __init__(self) -> None:
        self._size = ALWAYS
        self._conjunctions: dict[tuple[int, ...], int] = {}
        self._imports: dict[int, int] = {}

    @property
    def has_rules(self) -> bool:
        """Whether anything is left to chain."""
        return bool(self._conjunctions)

    def new_atom(self) -> int:
        """A node that will be asserted."""
        self._size += 1
        return self._size

    def imported(self, settled: int) -> int:
        """The atom that holds when a node of the net before this one does."""
        if abs(settled) == ALWAYS:
            return settled
        node = self._imports.get(abs(settled))
        if node is None:
            node = self._imports[abs(settled)] = self.new_atom()
        return node if settled > 0 else -node

    def all_of(self, parts: Iterable[int]) -> int:
        """The node that holds when all of these do."""
        needed = tuple(dict.fromkeys(part for part in parts if part != ALWAYS))
        if NEVER in needed:
            return NEVER
        while len(needed) > _MOST_PARTS:
            needed = (self.all_of(needed[:_MOST_PARTS]), *needed[_MOST_PARTS:])
        if len(needed) < 2:
            return needed[0] if needed else ALWAYS
        if needed not in self._conjunctions:
            self._conjunctions[needed] = self.new_atom()
        return self._conjunctions[needed]

    def any_of(self, parts: Iterable[int]) -> int:
        """The node that holds when any of these does."""
        return -self.all_of(-part for part in parts)

    @property
    def shape(self) -> Shape:
        """The net as whoever asks has to know it."""
        return Shape(self._size, tuple((node, settled) for settled, node in self._imports.items()))

    def document(self) -> dict[str, Any]:
        """The net as it is sent, one JSON object: its shape, and what durable-rules is given.

        `rules` are by name, `{"all": [patterns]}`; `then` says what follows when one fires, and `facts` has each fact
        that they ask for.
        """
        writing = _Rules(math.isqrt(2 * self._size) + 1)
        # The start's own rule sees to it that an action runs in every session: the library frees, with a session,
        # what it only sets when one does.
        writing.add("start", (fact(ALWAYS),), ())
        spoilt: dict[int, list[str]] = {}
        for parts, whole in self._conjunctions.items():
            writing.add(fact(whole), map(fact, parts), (fact(whole),))
            for part in parts:
                spoilt.setdefault(-part, []).append(fact(-whole))
        for cause, effects in spoilt.items():
            writing.add(f"not_{fact(cause)}", (fact(cause),), tuple(effects))
        return {**attrs.asdict(self.shape), "rules": writing.rules, "then": writing.then, "facts": writing.facts()}


class _Rules:
    """Writes the rules. A fact is `{"id": ..., "g": group, "c": name}`; groups make two short lists of a long one."""

    def __init__(self, groups: int) -> None:
        self._groups = groups
        self.rules: dict[str, object] = {}
        self.then: dict[str, tuple[str, ...]] = {}
        self._readers: dict[str, int] = {}
        self._copies: dict[str, str] = {}

    def add(self, name: str, premises: Iterable[str], conclusions: tuple[str, ...]) -> None:
        """The rule that the conclusions hold when the premises do."""
        if len(self.rules) == _MOST_RULES:
            raise NoOpinionError(
                f"rete gave no opinion: the law on one action comes to more than {_MOST_RULES} rules of durable-rules, "
                "which is more than it can take; decide with another evaluator"
            )
        patterns = [{f"m_{n}": self._pattern(premise)} for n, premise in enumerate(premises)]
        self.rules[name] = {"all": patterns}
        self.then[name] = conclusions

    def facts(self) -> dict[str, dict[str, str]]:
        """Every fact that a rule asks for, each with an id of which no other has the hash."""
        for mark in map(str, itertools.count()):
            # In front: texts of one hash have one hash whatever is put behind them.
            ids = {name: f"{mark}.{name}" for name in self._readers}
            if len({fnv1a(id_) for id_ in ids.values()}) == len(ids):
                return {name: {"id": id_, "g": self._group(name), "c": name} for name, id_ in ids.items()}
        raise AssertionError

    def _pattern(self, name: str) -> dict[str, object]:
        name = self._copies.get(name, name)
        self._readers[name] = self._readers.get(name, 0) + 1
        if self._readers[name] == _MOST_READERS:
            # One more asks for it, a rule that says the same under another name; whoever comes later asks for that.
            origin, _, number = name.partition("_")
            copy = f"{origin}_{int(number or 0) + 1}"
            self.add(copy, (name,), (copy,))
            self._copies[origin] = copy
        return {"$and": [{"g": self._group(name)}, {"c": name}]}

    def _group(self, name: str) -> str:
        return str(fnv1a(name) % self._groups)


def fnv1a(text: str) -> int:
    """The hash by which durable-rules takes one fact for another: FNV-1a of 32 bits."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


@attrs.frozen(eq=False)
class Nets:
    """The net of a case, and one for the elements of each list; `key` is a digest of it all, `text` what is sent."""

    case: Shape
    loops: tuple[Shape, ...]
    key: str
    text: str


def nets(case: Net, loops: Sequence[Net] = ()) -> Nets:
    """Nets that are asked together."""
    text = json.dumps([net.document() for net in (case, *loops)], separators=(",", ":"))
    return Nets(case.shape, tuple(loop.shape for loop in loops), hashlib.sha256(text.encode()).hexdigest(), text)


def fact(node: int) -> str:
    """The name of a fact of a node: that it holds, or, for a negative number, that it does not."""
    return f"{node}t" if node > 0 else f"{-node}f"
