"""Mutants of a program: every change to its conditions and definitions that the loader would let pass.

A change is left aside when a fact would be read without its guard, as in `has(x) && x < 5` without its `has(x)`: such a
file does not load, so no test is needed against it, and evaluating it might fail. What remains is total like any
program: if a mutant raises, the evaluator is at fault, and nothing here catches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count

import attrs

from engine.language.source import Text
from engine.policy.policy import Policy
from engine.program.clauses import conjuncts
from engine.program.expressions import Expr, Has, Named, Quantify, children, rebuilt
from engine.program.presence import Presence, Reads, presence
from engine.program.rule_set import Block, Rule, RuleSet, walk
from engine.program.scope import Definition, Places
from engine.testing.mutations import ABSENCE, ALWAYS, NEVER, Mutation, Place, mutations
from engine.testing.weaving import Definitions, Numbered, Weaving, alone, asleep


@attrs.frozen
class Clause:
    """A clause of a rule or definition, as written, and where it stands."""

    file: str
    line: int
    column: int
    owner: str
    text: str


@attrs.frozen
class Mutant:
    """One change: `before` became `after` in the clause. `condition` names the atomic condition it settles, and
    `decides` how that had to be for it to make a difference; both are empty when it is no such change."""

    number: int
    clause: Clause
    kind: str
    before: str
    after: str
    condition: tuple[str, int, int] | None
    decides: str


@attrs.frozen(eq=False)
class Woven:
    """Mutants of one file, and the rule sets in which they are, each with all of them asleep in it."""

    mutants: tuple[Mutant, ...]
    rule_sets: tuple[RuleSet, ...]


@attrs.frozen(eq=False)
class _Owner:
    """A condition or a definition: what was written in one piece."""

    name: str
    expr: Expr
    text: Text
    definition: Definition | None = None


class Mutants:
    """Finds the mutants of programs. Programs of the same files under other readings share their mutants."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], Mutant] = {}

    def woven(self, policy: Policy, is_meant: Callable[[str], bool]) -> Iterator[Woven]:
        """The mutants of a policy in the files that are meant, one file after the other.

        They are woven into the rule set of the file, or into the rule sets that use its definitions.
        """
        finding = _Finding(policy)
        for file, owners in _by_file(policy).items():
            if not is_meant(file):
                continue
            sites: dict[int, dict[Place, list[Numbered]]] = {}
            found: list[Mutant] = []
            for owner in owners:
                for mutation, mutant in self._mutants(policy, owner, finding):
                    at = sites.setdefault(id(owner), {}).setdefault(mutation.place, [])
                    at.append((mutant.number, mutation))
                    found.append(mutant)
            weaving = Weaving(
                finding.definitions,
                {id(owner.expr): sites.get(id(owner), {}) for owner in owners if owner.definition is None},
                {owner.definition: sites.get(id(owner), {}) for owner in owners if owner.definition is not None},
                asleep,
            )
            changed = [(weaving.rule_set(rule_set), rule_set) for rule_set in policy.program]
            yield Woven(tuple(found), tuple(new for new, old in changed if new is not old))

    def _mutants(self, policy: Policy, owner: _Owner, finding: _Finding) -> Iterator[tuple[Mutation, Mutant]]:
        places = policy.world.places.get(owner.text, {})
        pieces = list(conjuncts(owner.text.value))
        nodes = dict(_nodes(owner.expr))
        seen: dict[tuple[object, ...], int] = {}
        for mutation in finding.mutations(owner):
            offset = _offset(mutation.about, nodes, places)
            here = (owner.text.source.name, owner.text.start, offset)
            key = (*here, mutation.kind)
            seen[key] = seen.get(key, 0) + 1
            start, end = next(((a, b) for a, b in pieces if a <= offset < b), (0, len(owner.text.value)))
            span = owner.text.span_at(offset)
            written = " ".join(owner.text.value[start:end].split())
            mutant = Mutant(
                number=len(self._numbers) + 1,
                clause=Clause(span.file, span.line, span.column, owner.name, written),
                kind=mutation.kind,
                before=mutation.before,
                after=mutation.after,
                condition=here if mutation.decides else None,
                decides=mutation.decides,
            )
            yield mutation, self._numbers.setdefault((*key, seen[key]), mutant)


def used_definitions(policy: Policy) -> frozenset[Definition]:
    """The definitions that a rule uses, itself or through others."""
    definitions = Definitions(policy.world.definitions)
    conditions = [item.condition.expr for rule_set in policy.program for _, item in walk(rule_set.block)]
    return frozenset().union(*map(definitions.within, conditions))


def _by_file(policy: Policy) -> dict[str, list[_Owner]]:
    """What was written, by the file it was written in. A change to what nobody uses is none."""
    found: dict[str, list[_Owner]] = {}
    for rule_set in policy.program:
        for _, item in walk(rule_set.block):
            if item.condition.clauses:
                name = item.outcome.id if isinstance(item.outcome, Rule) else rule_set.name
                text = item.condition.clauses[0].written
                found.setdefault(text.source.name, []).append(_Owner(name, item.condition.expr, text))
    used = used_definitions(policy)
    for definition in [definition for definition in policy.world.definitions if definition in used]:
        owner = _Owner(definition.name, definition.expr, definition.text, definition)
        found.setdefault(definition.text.source.name, []).append(owner)
    return found


def _nodes(expr: Expr, place: Place = ()) -> Iterator[tuple[Place, Expr]]:
    yield place, expr
    for n, child in enumerate(() if isinstance(expr, Named) else children(expr)):
        yield from _nodes(child, (*place, n))


def _offset(place: Place, nodes: Mapping[Place, Expr], places: Places) -> int:
    """Where in its text an operation was typed: where it stands itself, or else what it stands in."""
    for length in range(len(place), -1, -1):
        found = places.get(id(nodes[place[:length]]))
        if found is not None:
            return found[0]
    return 0


class _Finding:
    """Tells which mutations make a program that loads."""

    def __init__(self, policy: Policy) -> None:
        self.definitions = Definitions(policy.world.definitions)
        self._program = policy.program
        self._memo: dict[Expr, Presence] = {}
        self._lists: dict[Definition, Reads] = {}
        self._looked: set[tuple[Expr, Reads]] = set()
        for rule_set in policy.program:
            for _, item in walk(rule_set.block):
                each = item.outcome.each if isinstance(item.outcome, Rule) else None
                self._look(item.condition.expr, frozenset() if each is None else frozenset({each.over}))

    def _look(self, expr: Expr, lists: Reads) -> None:
        """Note of each definition the lists over whose elements every rule that uses it runs: they are there."""
        if (expr, lists) in self._looked:
            return
        self._looked.add((expr, lists))
        definition = self.definitions.of(expr) if isinstance(expr, Named) else None
        if definition is not None:
            self._lists[definition] = self._lists.get(definition, lists) & lists
        for n, child in enumerate(children(expr)):
            self._look(child, lists | {expr.over} if isinstance(expr, Quantify) and n == 1 else lists)

    def mutations(self, owner: _Owner) -> Iterator[Mutation]:
        """The changes that load and can mean something else."""
        every = mutations(owner.expr)
        guards = {mutation.about for mutation in every if mutation.kind == ABSENCE}
        # A guard on which something depends, and without which the file loads all the same, asks what is known already.
        # So does one that asks whether a list is there of which something is at hand.
        lists = frozenset() if owner.definition is None else self._lists.get(owner.definition, frozenset())
        idle = {m.about for m in every if m.kind == ALWAYS and m.about in guards and self._loads(owner, m)}
        idle |= {m.about for m in every if m.about in guards and _guarded(owner.expr, m.about) in lists}
        return (m for m in every if (m.about not in idle or m.kind == NEVER) and self._loads(owner, m))

    def _loads(self, owner: _Owner, mutation: Mutation) -> bool:
        """Whether every fact is still read under its guard."""
        sites = {mutation.place: [(0, mutation)]}
        before = presence(owner.expr, self._memo)
        after = presence(_mutated(owner.expr, mutation.place, mutation), self._memo)
        if (
            after.wanted <= before.wanted
            and after.when_true >= before.when_true
            and after.when_false >= before.when_false
        ):
            return True
        weaving = Weaving(
            self.definitions,
            {} if owner.definition else {id(owner.expr): sites},
            {owner.definition: sites} if owner.definition else {},
            alone,
        )
        changed = (weaving.rule_set(rule_set) for rule_set in self._program)
        return not any(self._unguarded(rule_set.block, frozenset()) for rule_set in changed)

    def _unguarded(self, block: Block, present: Reads) -> Reads:
        """The facts that are read in a block though nothing in or around it tells that they are there."""
        wanted: Reads = frozenset()
        for item in block.items:
            told = presence(item.condition.expr, self._memo)
            wanted |= told.wanted - present
            if isinstance(item.outcome, Block):
                wanted |= self._unguarded(item.outcome, present | told.when_true)
            if block.is_match:
                present |= told.when_false
        return wanted


def _guarded(expr: Expr, place: Place) -> Expr | None:
    """The fact that a `has()` at a place asks for."""
    for n in place:
        expr = list(children(expr))[n]
    return expr.read if isinstance(expr, Has) else None


def _mutated(expr: Expr, place: Place, mutation: Mutation) -> Expr:
    """The expression with one operation changed."""
    if not place:
        return mutation.apply(expr)
    numbers = count()
    return rebuilt(expr, lambda child: _mutated(child, place[1:], mutation) if next(numbers) == place[0] else child)
