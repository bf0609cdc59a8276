"""Mutants woven into rule sets: one program holds all of them, and a fact says which one is awake.

So a program is generated once for many mutants, and trying one costs no more than evaluating it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from engine.program.expressions import (
    And,
    Choose,
    Compare,
    Element,
    Expr,
    Has,
    Literal,
    Member,
    Named,
    Or,
    Parameter,
    Root,
    children,
    rebuilt,
)
from engine.program.rule_set import Block, Condition, Item, RuleSet
from engine.program.scope import Definition
from engine.testing.mutations import ALWAYS, NEVER, Mutation, Place
from engine.vocabulary.model import INT

AWAKE = "mutant"
"""The fact that holds the number of the mutant that is awake; 0 for none."""

Numbered = tuple[int, Mutation]
Sites = Mapping[Place, Sequence[Numbered]]
Combine = Callable[[Expr, Expr, Sequence[Numbered]], Expr]
"""From an operation as it is, the same with mutants inside it, and the mutants of its own: what stands there."""


def asleep(expr: Expr, inside: Expr, numbered: Sequence[Numbered]) -> Expr:
    """All mutants at once, of which none does anything unless it is awake. They are changes of the untouched
    expression, since no two are awake together."""
    others: list[Numbered] = []
    for number, mutation in numbered:
        is_awake = Compare("==", Root(AWAKE, INT), Literal(number, INT))
        if mutation.kind == ALWAYS:
            inside = Or((inside, is_awake))
        elif mutation.kind == NEVER:
            inside = And((inside, attrs.evolve(is_awake, operator="!=")))
        else:
            others.append((number, mutation))
    if not others:
        return inside
    chosen = others[-1][1].apply(expr)
    for number, mutation in others[-2::-1]:
        is_awake = Compare("==", Root(AWAKE, INT), Literal(number, INT))
        chosen = Choose(is_awake, mutation.apply(expr), chosen, expr.type)
    numbers = tuple(Literal(number, INT) for number, _ in others)
    return Choose(Member(Root(AWAKE, INT), numbers), chosen, inside, expr.type)


def alone(expr: Expr, _: Expr, numbered: Sequence[Numbered]) -> Expr:
    """One mutant in place of what it changes."""
    return numbered[0][1].apply(expr)


class Definitions:
    """Finds the definition that a named value was inlined from."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self._by_name: dict[str, list[Definition]] = {}
        for definition in definitions:
            self._by_name.setdefault(definition.name, []).append(definition)
        self._known: dict[Named, Definition | None] = {}
        self._within: dict[Expr, frozenset[Definition]] = {}

    def of(self, named: Named) -> Definition | None:
        """The definition; of several forms of a function the one whose body this is."""
        if named not in self._known:
            same = [d for d in self._by_name.get(named.label.partition("(")[0], ()) if _fits(d.expr, named.item)]
            self._known[named] = max(same, key=lambda d: _exactness(d.expr, named.item), default=None)
        return self._known[named]

    def within(self, expr: Expr) -> frozenset[Definition]:
        """The definitions an expression uses, itself or through others."""
        if expr not in self._within:
            found = frozenset().union(*(self.within(child) for child in children(expr)))
            own = self.of(expr) if isinstance(expr, Named) else None
            self._within[expr] = found if own is None else found | {own}
        return self._within[expr]


def _fits(written: Expr, inlined: Expr) -> bool:
    """Whether an expression is what inlining makes of a definition."""
    if isinstance(written, Parameter):
        return (written.type.kind == "record") == (inlined.type.kind == "record")
    if isinstance(written, Named) and isinstance(inlined, Named):
        return written.label.partition("(")[0] == inlined.label.partition("(")[0] and _fits(written.item, inlined.item)
    if type(written) is not type(inlined) or isinstance(written, Literal | Root | Element):
        return written == inlined
    below, theirs = list(children(written)), list(children(inlined))
    blank = Literal(value=False, type=written.type)
    same = rebuilt(written, lambda _: blank) == rebuilt(inlined, lambda _: blank)
    return same and all(_fits(one, other) for one, other in zip(below, theirs, strict=True))


def _exactness(written: Expr, inlined: Expr) -> int:
    """How many parameters stand for arguments of exactly their type: a form for a customer goes before one for a
    person."""
    if isinstance(written, Parameter):
        return int(written.type == inlined.type)
    return sum(_exactness(one, other) for one, other in zip(children(written), children(inlined), strict=True))


class Weaving:
    """Rewrites rule sets: the sites of some conditions (by the identity of their expression) and definitions."""

    def __init__(
        self,
        definitions: Definitions,
        in_conditions: Mapping[int, Sites],
        in_definitions: Mapping[Definition, Sites],
        combine: Combine,
    ) -> None:
        self._definitions = definitions
        self._in_conditions = in_conditions
        self._in_definitions = in_definitions
        self._combine = combine
        self._done: dict[Expr, Expr | None] = {}

    def rule_set(self, rule_set: RuleSet) -> RuleSet:
        """The rule set with the sites in it; the same one when it has none of them."""
        block = self._block(rule_set.block)
        return rule_set if block is rule_set.block else attrs.evolve(rule_set, block=block)

    def _block(self, block: Block) -> Block:
        items = tuple(self._item(item) for item in block.items)
        is_same = all(new is old for new, old in zip(items, block.items, strict=True))
        return block if is_same else attrs.evolve(block, items=items)

    def _item(self, item: Item) -> Item:
        expr = self._at(item.condition.expr, self._in_conditions.get(id(item.condition.expr), {}), ())
        outcome = self._block(item.outcome) if isinstance(item.outcome, Block) else item.outcome
        if expr is item.condition.expr and outcome is item.outcome:
            return item
        return Item(Condition(expr, item.condition.clauses), outcome)

    def _at(self, expr: Expr, sites: Sites, place: Place) -> Expr:
        """The operation at a place of an expression that has these sites."""
        if not sites:
            return self._inlined(expr)
        inside = expr
        if isinstance(expr, Named):
            inside = self._inlined(expr)
        elif not isinstance(expr, Has):
            numbers = iter(range(len(list(children(expr)))))
            inside = rebuilt(expr, lambda child: self._at(child, sites, (*place, next(numbers))))
        return self._combine(expr, inside, sites[place]) if place in sites else inside

    def _inlined(self, expr: Expr) -> Expr:
        """An expression without sites of its own, with those of the definitions in it; the same when there are none."""
        if self._definitions.within(expr).isdisjoint(self._in_definitions):
            return expr
        if expr not in self._done:
            self._done[expr] = self._changed(expr)
        return self._done[expr] or expr

    def _changed(self, expr: Expr) -> Expr | None:
        """The expression with sites in it, or None when there are none: then it is itself, not one like it."""
        if isinstance(expr, Named):
            definition = self._definitions.of(expr)
            sites = self._in_definitions.get(definition, {}) if definition is not None else {}
            inner = self._at(expr.item, sites, ())
            return None if inner is expr.item else attrs.evolve(expr, item=inner)
        is_same = all(self._inlined(child) is child for child in children(expr))
        return None if is_same else rebuilt(expr, self._inlined)
