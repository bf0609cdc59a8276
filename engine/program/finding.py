"""What a rule says when it applies to a case."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from engine.program.rule_set import FactPath, Rule
from engine.vocabulary.derived import Derived
from engine.vocabulary.model import Type


@attrs.frozen(eq=False)
class Need:
    """A fact that is missing: its JSON Pointer and its type."""

    at: str
    type: Type


@attrs.frozen(eq=False)
class Finding:
    """A rule that applies, bound to the facts it is about.

    `at` is a JSON Pointer into the request's facts; `order` is the id of the special measure it rests on, or empty;
    `terms` are what a restriction consists of; `rank` is the rule's place in file order.
    """

    rule: Rule
    at: str
    rank: int = 0
    needs: tuple[Need, ...] = ()
    order: str = ""
    terms: tuple[str, ...] = ()


def finding(rule: Rule, rank: int) -> Finding:
    """The finding of a rule that is not about the elements of a list."""
    needs = tuple(Need(pointer(need), need.type) for need in rule.needs)
    return Finding(rule, pointer(rule.at), rank, needs, "", rule.terms)


def derived_finding(rule: Rule, rank: int) -> Callable[[Derived], Finding]:
    """The finding of a rule over a derived list, as a function of the element.

    It points to the facts that the element stands for, unless the rule names others. What the element asks for comes
    before what the rule adds.
    """
    at, is_below = pointer(rule.at), rule.at.below_element
    needs = [(pointer(need), need.below_element, need.type) for need in rule.needs]
    is_restriction = rule.effect == "restrict"

    def bind(element: Derived) -> Finding:
        above = element.at
        own = [Need(f"{above}{tail}" if below else tail, type_) for tail, below, type_ in needs]
        return Finding(
            rule,
            f"{above}{at}" if is_below else at,
            rank,
            (*(Need(*need) for need in element.needs), *own),
            element.order,
            (*element.terms, *rule.terms) if is_restriction else (),
        )

    return bind


def element_finding(rule: Rule, rank: int) -> Callable[[int], Finding]:
    """The finding of a rule over a list, as a function of the element's index. All but the index is made here, once."""
    assert rule.each is not None
    base = "/" + "/".join(rule.each.names) + "/"
    at, terms = _parts(rule.at, base), rule.terms
    needs = [(*_parts(need, base), need.type) for need in rule.needs]

    def bind(index: int) -> Finding:
        bound = tuple([Need(f"{head}{index}{tail}" if head else tail, type_) for head, tail, type_ in needs])
        return Finding(rule, f"{at[0]}{index}{at[1]}" if at[0] else at[1], rank, bound, "", terms)

    return bind


def _parts(where: FactPath, base: str) -> tuple[str, str]:
    """What stands before and after the index; nothing before it when the path is not about the element."""
    return (base if where.below_element else "", pointer(where))


def pointer(where: FactPath) -> str:
    """RFC 6901, from the facts or from the element: field names never need escapes."""
    return "".join(f"/{name}" for name in where.names)
