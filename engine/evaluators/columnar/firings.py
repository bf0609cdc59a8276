"""A program on a day as a list of questions: when each rule applies, with nothing around it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import attrs

from engine.evaluators.columnar.separating import Separating
from engine.evaluators.columnar.touches import Touch
from engine.evaluators.columnar.unrolling import AS_OF, MEASURES, OnDay, Unrolling
from engine.program.expressions import (
    FALSE,
    TRUE,
    Compare,
    Expr,
    Literal,
    Member,
    Quantify,
    Root,
    conjunction,
    disjunction,
    named,
    negation,
)
from engine.program.finding import Need
from engine.program.rule_set import Block, Item, Rule, RuleSet
from engine.vocabulary.model import DATE, STRING

ACTION = Root("action", STRING)


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
    def said(self) -> Hashable:
        """See `Law.said`."""
        touch = None if self.touch is None else (self.touch.order, self.touch.ground)
        return self.rule, touch, self.guard, self.condition, self.holds

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

    @property
    def said(self) -> Hashable:
        """See `Law.said`."""
        return self.order, self.need.at, self.need.type, self.holds


@attrs.frozen(eq=False)
class Law:
    """What a policy asks of a case: `is_in_force` says whether any rule set is about it, `needs` what orders lack."""

    firings: tuple[Firing, ...]
    is_in_force: Expr
    needs: tuple[Lack, ...] = ()

    @property
    def said(self) -> Hashable:
        """Equal for laws that ask the same and answer it alike, of the same rules and orders."""
        return self.is_in_force, *(firing.said for firing in self.firings), *(lack.said for lack in self.needs)


def law_of(rule_sets: Sequence[RuleSet], touches: Sequence[Touch] | None) -> Law:
    """The rule sets as they stand on the day of each case.

    With `touches`, which are those of that day, nothing speaks of `measures` any more; without, it is a list of the
    case like any other.
    """
    return Standing(rule_sets, touches, Separating()).law(AS_OF)


class Standing:
    """Rule sets with the orders that may touch a case, as they stand on one day and another.

    What does not depend on the day is written once. `touches` are as `law_of` has them.
    """

    def __init__(self, rule_sets: Sequence[RuleSet], touches: Sequence[Touch] | None, separating: Separating) -> None:
        self._touches = touches
        self._unrolling = Unrolling(touches)
        self._separating = separating
        self._ranks: dict[int, int] = {}
        self._firings: list[Firing] = []
        about: list[Expr] = []
        for rule_set in rule_sets:
            applies = _applies(rule_set)
            about.append(applies)
            self._ranks |= {id(rule): len(self._ranks) + n for n, rule in enumerate(rule_set.rules)}
            self._firings += self._block(rule_set.block, applies)
        self._is_in_force = disjunction(tuple(about))

    def law(self, day: Expr) -> Law:
        """The law of a day: a literal, or `AS_OF` for that of each case."""
        on_day = OnDay(day, self._unrolling)
        firings = [self._on(firing, on_day) for firing in self._firings]
        return Law(
            tuple(firing for firing in firings if firing.holds != FALSE),
            self._separating.separated(on_day.known(self._is_in_force)),
            tuple(self._lacks(on_day)),
        )

    def _on(self, firing: Firing, on_day: OnDay) -> Firing:
        return attrs.evolve(
            firing,
            guard=on_day.known(firing.guard),
            condition=on_day.known(firing.condition),
            holds=self._separating.separated(on_day.known(firing.holds)),
        )

    def _lacks(self, on_day: OnDay) -> Iterator[Lack]:
        """What orders lack that may touch a case on the day."""
        touches = [touch for touch in self._touches or () if on_day.known(self._present(touch)) != FALSE]
        for order, touch in {touch.order.id: touch for touch in touches}.items():
            for need, holds in touch.needs:
                known = on_day.known(self._unrolling.unrolled(holds))
                yield Lack(order, need, self._separating.separated(known))

    def _present(self, touch: Touch) -> Expr:
        return self._unrolling.unrolled(touch.present)

    def _block(self, block: Block, guard: Expr) -> Iterator[Firing]:
        """The rules of a block, each under all that has to hold for it to be reached."""
        earlier: tuple[Expr, ...] = ()
        for item in block.choices if block.is_match else block.items:
            condition = self._unrolling.unrolled(item.condition.expr)
            yield from self._item(item, conjunction((guard, *earlier)), condition)
            if block.is_match:
                earlier = (*earlier, negation(condition))

    def _item(self, item: Item, guard: Expr, condition: Expr) -> Iterator[Firing]:
        if isinstance(item.outcome, Block):
            yield from self._block(item.outcome, named("reached", conjunction((guard, condition))))
            return
        rule = item.outcome
        rank = self._ranks[id(rule)]
        if rule.each is None:
            holds = conjunction((guard, condition))
            yield Firing(rule, rank, holds, TRUE, holds)
        elif self._touches is not None and rule.each.over == Root(MEASURES, rule.each.over.type):
            for touch in self._touches:
                bound = self._unrolling.bound(condition, rule.each.element, touch)
                holds = conjunction((guard, self._present(touch), bound))
                yield Firing(rule, rank, holds, TRUE, holds, touch)
        else:
            holds = conjunction((guard, Quantify("exists", rule.each.element, rule.each.over, condition)))
            yield Firing(rule, rank, guard, condition, holds)


def _applies(rule_set: RuleSet) -> Expr:
    actions = tuple(Literal(action, STRING) for action in rule_set.actions)
    days = [Compare("<=", Literal(rule_set.effective_from, DATE), AS_OF)]
    if rule_set.effective_until:
        days.append(Compare("<=", AS_OF, Literal(rule_set.effective_until, DATE)))
    return named(rule_set.name, conjunction((Member(ACTION, actions), *days)))
