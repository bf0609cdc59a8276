"""A program on a day as a list of questions: when each rule applies, with nothing around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import attrs

from engine.evaluators.columnar.folding import folded, rewritten
from engine.evaluators.columnar.operands import Count, Elements
from engine.evaluators.columnar.separating import Separating
from engine.evaluators.columnar.touches import Touch
from engine.program.expressions import (
    FALSE,
    TRUE,
    Compare,
    Element,
    Expr,
    Has,
    Literal,
    Member,
    Quantify,
    Read,
    Root,
    Size,
    conjunction,
    disjunction,
    named,
    negation,
)
from engine.program.finding import Need
from engine.program.rule_set import Block, Item, Rule, RuleSet
from engine.vocabulary.model import DATE, STRING

MEASURES = "measures"
AS_OF, ACTION = Root("as_of", DATE), Root("action", STRING)


@attrs.frozen(eq=False)
class Firing:
    """A rule, and when it applies: where `guard` holds and, of a rule over a list, for each element where `condition`
    does; `holds` is whether it applies to a case at all. `rank` is its place in file order; `touch` the order and
    ground that it is about, where `measures` is such a list."""

    rule: Rule
    rank: int
    guard: Expr
    condition: Expr
    holds: Expr
    touch: Touch | None = None

    @property
    def loops(self) -> bool:
        """Whether the rule looks at each element of a list of the case."""
        return self.rule.each is not None and self.touch is None


@attrs.frozen(eq=False)
class Lack:
    """A fact that the conditions of an order lack: of which order, which fact, and when."""

    order: str
    need: Need
    holds: Expr


@attrs.frozen(eq=False)
class Law:
    """What a policy asks of a case: `is_in_force` says whether any rule set is about it, `needs` what orders lack."""

    firings: tuple[Firing, ...]
    is_in_force: Expr
    needs: tuple[Lack, ...] = ()


def law_of(rule_sets: Sequence[RuleSet], as_of: str | None, touches: Sequence[Touch] | None) -> Law:
    """The rule sets as they stand on a day, or on that of each case when it is None.

    With `touches` nothing speaks of `measures` any more; without, it is a list of the case like any other.
    """
    return _Asking(as_of, touches).law(rule_sets)


class _Asking:
    def __init__(self, as_of: str | None, touches: Sequence[Touch] | None) -> None:
        self._day: Expr = AS_OF if as_of is None else Literal(as_of, DATE)
        self._touches = touches
        self._done: dict[Expr, Expr] = {}
        self._elements = Elements()
        self._separating = Separating()
        self._ranks: dict[int, int] = {}

    def law(self, rule_sets: Sequence[RuleSet]) -> Law:
        firings: list[Firing] = []
        about: list[Expr] = []
        for rule_set in rule_sets:
            applies = self._applies(rule_set)
            about.append(applies)
            self._ranks |= {id(rule): len(self._ranks) + n for n, rule in enumerate(rule_set.rules)}
            firings += self._block(rule_set.block, applies)
        return Law(
            tuple(firing for firing in firings if firing.holds != FALSE),
            self._separating.separated(disjunction(tuple(about))),
            tuple(self._lacks()),
        )

    def _lacks(self) -> Iterator[Lack]:
        for order, touch in {touch.order.id: touch for touch in self._touches or ()}.items():
            for need, holds in touch.needs:
                yield Lack(order, need, self._separating.separated(self._known(holds)))

    def _applies(self, rule_set: RuleSet) -> Expr:
        actions = tuple(Literal(action, STRING) for action in rule_set.actions)
        days = [Compare("<=", Literal(rule_set.effective_from, DATE), self._day)]
        if rule_set.effective_until:
            days.append(Compare("<=", self._day, Literal(rule_set.effective_until, DATE)))
        return named(rule_set.name, conjunction((Member(ACTION, actions), *map(folded, days))))

    def _block(self, block: Block, guard: Expr) -> Iterator[Firing]:
        """The rules of a block, each under all that has to hold for it to be reached."""
        earlier: tuple[Expr, ...] = ()
        for item in block.choices if block.is_match else block.items:
            condition = self._known(item.condition.expr)
            yield from self._item(item, conjunction((guard, *earlier)), condition)
            if block.is_match:
                earlier = (*earlier, negation(condition))

    def _item(self, item: Item, guard: Expr, condition: Expr) -> Iterator[Firing]:
        if isinstance(item.outcome, Block):
            yield from self._block(item.outcome, named("reached", conjunction((guard, condition))))
            return
        rule = item.outcome
        if rule.each is None:
            yield self._firing(rule, conjunction((guard, condition)))
        elif self._touches is not None and rule.each.over == Root(MEASURES, rule.each.over.type):
            for touch in self._touches:
                bound = self._bound(condition, rule.each.element, touch)
                yield self._firing(rule, conjunction((guard, self._known(touch.present), bound)), touch)
        else:
            holds = conjunction((guard, Quantify("exists", rule.each.element, rule.each.over, condition)))
            rank = self._ranks[id(rule)]
            yield Firing(rule, rank, guard, condition, self._separating.separated(holds))

    def _firing(self, rule: Rule, guard: Expr, touch: Touch | None = None) -> Firing:
        rank = self._ranks[id(rule)]
        return Firing(rule, rank, guard, TRUE, self._separating.separated(guard), touch)

    def _known(self, expr: Expr) -> Expr:
        """The expression with what is known in its place."""
        return rewritten(expr, self._replace, self._done)

    def _replace(self, expr: Expr) -> Expr | None:
        match expr:
            case Root("as_of"):
                return self._day
            case Quantify(kind, element, Root("measures"), body) if self._touches is not None:
                return self._unrolled(kind, element, body)
            case Size(Root("measures")) if self._touches is not None:
                # No operation of a program, and read only where programs are lowered to columns.
                return cast(Expr, Count(tuple(self._known(touch.present) for touch in self._touches)))
            case Count():
                return expr
            case _:
                return None

    def _unrolled(self, kind: str, element: Element, body: Expr) -> Expr:
        """A quantifier over the orders that may touch a case, in as many words."""
        assert self._touches is not None
        bodies = [
            (self._known(touch.present), self._bound(self._known(body), element, touch)) for touch in self._touches
        ]
        if kind == "all":
            return conjunction(tuple(disjunction((negation(present), holds)) for present, holds in bodies))
        each = tuple(conjunction(pair) for pair in bodies)
        if kind == "exists":
            return disjunction(each)
        return disjunction(
            tuple(
                conjunction((one, *(negation(other) for m, other in enumerate(each) if m != n)))
                for n, one in enumerate(each)
            )
        )

    def _bound(self, expr: Expr, element: Element, touch: Touch) -> Expr:
        """The expression of the element that the order is, on its ground."""

        def replace(part: Expr) -> Expr | None:
            if element.key not in self._elements.of(part):
                return part
            match part:
                case Has(Read(record, _)) if record == element:
                    return TRUE
                case Read(record, field) if record == element:
                    return self._known(touch.fields[field])
                case _:
                    return None

        return rewritten(expr, replace, {})
