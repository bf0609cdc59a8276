"""Examples of accounts whose outcome changes, in words."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from api.report.places import name_of
from api.report.wording import day, weight
from engine.simulation.result import Alternative, Count, Example, Shift

KINDS = 4
"""Kinds of flips of which examples are told."""
FACTS = 9
"""Facts of an example that are told."""
_ROOTS = ("customer", "account", "reseller", "training", "product", "provider")
_PLACES = frozenset({"located_in", "organized_in", "branch_of_organized_in", "country", "locations_of_use"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@attrs.frozen
class Fact:
    """A fact in words: what it is about and what is said."""

    name: str
    value: str


@attrs.frozen
class Part:
    """What is known of one part of a case, such as its customer: facts in words."""

    name: str
    facts: Sequence[Fact]


@attrs.frozen
class ToldExample:
    """An example in words.

    `alike` is how many accounts change so for these reasons, `standing` the number of findings that are the same before
    and after. `pointed` are the facts that the new findings are about, `parts` what else is known; `further` facts are
    left out, so that a reader sees what matters.
    """

    row: str
    before: str
    after: str
    alike: Count
    reasons: Sequence[str]
    standing: int
    pointed: Sequence[Fact]
    parts: Sequence[Part]
    further: int


@attrs.frozen
class Kind:
    """Accounts that have one outcome before and another after."""

    before: str
    after: str
    accounts: Count


@attrs.frozen
class Examples:
    """Examples by their kind, the most frequent first; `others` are the kinds of which none is told."""

    told: Sequence[tuple[Kind, Sequence[ToldExample]]]
    others: Sequence[Kind]


def examples_in_words(alternative: Alternative, labels: Mapping[str, str]) -> Examples:
    """Examples of the most frequent kinds of flips."""
    shifts = [shift for shift in alternative.main.shifts if shift.before != shift.after and shift.accounts != 0]
    kinds = [Kind(shift.before, shift.after, shift.accounts) for shift in sorted(shifts, key=_frequent)]
    by_kind = {
        (kind.before, kind.after): [
            told(one, labels) for one in alternative.examples if (one.before, one.after) == (kind.before, kind.after)
        ]
        for kind in kinds
    }
    shown = [kind for kind in kinds if by_kind[kind.before, kind.after]][:KINDS]
    return Examples(
        [(kind, by_kind[kind.before, kind.after]) for kind in shown], [kind for kind in kinds if kind not in shown]
    )


def _frequent(shift: Shift) -> tuple[float, str, str]:
    return -weight(shift.accounts), shift.before, shift.after


def told(example: Example, labels: Mapping[str, str]) -> ToldExample:
    """The example; `labels` are places in words, by their code."""
    before, after = ({_key(found): found for found in side.get("findings", ())} for side in example.decisions)
    at = {found.get("at", "") for key, found in after.items() if key not in before}
    pointed = [fact for pointer in sorted(at) for fact in _pointed(example.facts, pointer, labels)]
    names = {fact.name for fact in pointed}
    parts, left, further = [], FACTS - len(pointed), 0
    for root in sorted(example.facts, key=_order):
        facts = [
            attrs.evolve(fact, name=_lower(fact.name.removeprefix(f"{_capital(_words(root))}, ")))
            for fact in _facts(example.facts[root], _words(root), labels)
            if fact.name not in names
        ]
        kept = facts[: max(left, 0)]
        left, further = left - len(kept), further + len(facts) - len(kept)
        parts += [Part(_capital(_words(root)), kept)] if kept else []
    return ToldExample(
        row=f"{example.row:,}",
        before=example.before,
        after=example.after,
        alike=example.accounts,
        reasons=example.reasons,
        standing=len(before.keys() & after.keys()),
        pointed=[attrs.evolve(fact, name=_lower(fact.name)) for fact in pointed],
        parts=parts,
        further=further,
    )


def _order(root: str) -> int:
    """What is the provider's own is the same for all, and comes last."""
    return _ROOTS.index(root) if root in _ROOTS else len(_ROOTS)


def _pointed(facts: Mapping[str, Any], at: str, labels: Mapping[str, str]) -> Iterator[Fact]:
    """The facts under a JSON Pointer; none where it leads to what is derived or left out."""
    value: Any = facts
    words: list[str] = []
    for step in at.split("/")[1:]:
        inside = dict(enumerate(value)) if isinstance(value, list | tuple) else value
        key = int(step) if isinstance(value, list | tuple) and step.isdigit() else step
        if not isinstance(inside, Mapping) or key not in inside:
            return
        words = [*words[:-1], f"{words[-1]} {key + 1}"] if isinstance(key, int) else [*words, _words(step)]
        value = inside[key]
    if words:
        yield from _facts(value, ", ".join(words), labels)


def _key(finding: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(finding.get(name, "")) for name in ("rule", "at", "order", "message", "effect"))


def _facts(value: Any, name: str, labels: Mapping[str, str]) -> Iterator[Fact]:  # noqa: ANN401 - a JSON value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _facts(inner, f"{name}, {_words(key)}" if name else _words(key), labels)
    elif isinstance(value, list | tuple) and any(isinstance(inner, Mapping | list | tuple) for inner in value):
        for n, inner in enumerate(value, 1):
            yield from _facts(inner, f"{name} {n}", labels)
    else:
        is_place = any(name.endswith(_words(place)) for place in _PLACES)
        values = value if isinstance(value, list | tuple) else [value]
        said = [name_of(str(one), labels) if is_place else _said(one) for one in values]
        yield Fact(_capital(name), ", ".join(said) or "none")


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"
    if isinstance(value, datetime.date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return day(str(value))
    text = "not stated" if value is None else str(value)
    return text.replace("_", " ") if re.fullmatch(r"[a-z]+(_[a-z]+)+", text) else text


def _words(key: str) -> str:
    return key.replace("_", " ").replace("pct", "in per cent").replace("us ", "U.S. ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    return text if text.startswith("U.S.") else text[:1].lower() + text[1:]
