"""What a rule says when it applies to a case."""

from __future__ import annotations

import attrs

from engine.program.rule_set import FactPath, Rule
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


def finding(rule: Rule, rank: int, element: str = "") -> Finding:
    """The finding of a rule; `element` is the pointer of the list element it is about, if it is about one."""
    needs = tuple(Need(pointer(need, element), need.type) for need in rule.needs)
    return Finding(rule, pointer(rule.at, element), rank, needs, "", rule.terms)


def pointer(where: FactPath, element: str = "") -> str:
    """RFC 6901: field names never need escapes."""
    base = element if where.below_element else ""
    return base + "".join(f"/{name}" for name in where.names)
