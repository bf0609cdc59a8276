"""A checked rule set: every name resolved, every expression total, every reference to the law complete."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from engine.language.source import Span, Text
from engine.program.expressions import Element, Expr, Read, Root
from engine.vocabulary.model import Type


@attrs.frozen
class FactPath:
    """Where a fact stands: field names below a root, or below the element of the rule's list."""

    names: tuple[str, ...]
    type: Type
    below_element: bool = False


@attrs.frozen(eq=False)
class Clause:
    """One conjunct of a condition, as written and as it is evaluated."""

    written: Text
    start: int
    end: int
    expr: Expr

    @property
    def text(self) -> str:
        """The clause as written, on one line."""
        return " ".join(self.written.value[self.start : self.end].split())

    @property
    def span(self) -> Span:
        """Where the clause stands."""
        return self.written.span_at(self.start, self.end - self.start)


@attrs.frozen(eq=False)
class Condition:
    """When something applies: one expression, and the clauses it was written as. Always true when there are none."""

    expr: Expr
    clauses: tuple[Clause, ...]


@attrs.frozen(eq=False)
class Each:
    """The list a rule looks at element by element; `over` is a Root when the engine derives the list."""

    element: Element
    over: Read | Root
    names: tuple[str, ...]

    @property
    def is_derived(self) -> bool:
        """Whether the engine works the list out: its elements know which facts they stand for."""
        return isinstance(self.over, Root)


@attrs.frozen(eq=False)
class Rule:
    """One finding waiting to be made.

    `id` is "<rule set>/<item>"; `section` is "<source>/<section>"; `at` is where the finding points; `terms` are what a
    restriction consists of; `span` is where the rule stands.
    """

    id: str
    effect: str
    section: str
    message: str
    each: Each | None
    at: FactPath
    needs: tuple[FactPath, ...]
    terms: tuple[str, ...]
    span: Span


@attrs.frozen(eq=False)
class Item:
    """A choice: a rule, or a block of further choices, under a condition."""

    condition: Condition
    outcome: Rule | Block


@attrs.frozen(eq=False)
class Block:
    """Choices of which the first that holds applies (`is_match`), or all that hold."""

    is_match: bool
    items: tuple[Item, ...]

    @property
    def choices(self) -> Iterator[Item]:
        """The items as they are tried; a nested `match` without a condition stands for its own choices."""
        for item in self.items:
            if (
                self.is_match
                and not item.condition.clauses
                and isinstance(item.outcome, Block)
                and item.outcome.is_match
            ):
                yield from item.outcome.choices
            else:
                yield item


@attrs.frozen(eq=False)
class RuleSet:
    """A checked file. Both days of effect are inclusive, ISO text; `effective_until` is empty when there is no end."""

    name: str
    description: str
    source: str
    section: str
    effective_from: str
    effective_until: str
    actions: tuple[str, ...]
    file: str
    block: Block

    def in_force(self, as_of: str) -> bool:
        """Whether the rule set is the law on that day."""
        return self.effective_from <= as_of and (not self.effective_until or as_of <= self.effective_until)

    @property
    def rules(self) -> Iterator[Rule]:
        """Every rule of the file, in the order written."""
        return (item.outcome for _, item in walk(self.block) if isinstance(item.outcome, Rule))

    @property
    def expressions(self) -> Iterator[Expr]:
        """All that is asked of a case: every condition, and the list of every rule that has one."""
        for _, item in walk(self.block):
            yield item.condition.expr
            if isinstance(item.outcome, Rule) and item.outcome.each is not None:
                yield item.outcome.each.over


def walk(block: Block, above: tuple[Item, ...] = ()) -> Iterator[tuple[tuple[Item, ...], Item]]:
    """Every item of a block and of the blocks in it, each with the items it stands under."""
    for item in block.items:
        yield above, item
        if isinstance(item.outcome, Block):
            yield from walk(item.outcome, (*above, item))
