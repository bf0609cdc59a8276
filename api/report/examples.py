"""Examples of accounts whose outcome changes, in words."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from api.report.places import name_of
from api.report.wording import day
from engine.simulation.result import Example

_PLACES = frozenset({"located_in", "organized_in", "branch_of_organized_in", "country", "locations_of_use"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@attrs.frozen
class Reason:
    """A finding as a sentence; `when` says under which policy it was made: before, after, or both."""

    effect: str
    message: str
    section: str
    rule: str
    when: str


@attrs.frozen
class Fact:
    """A fact in words: what it is about and what is said."""

    name: str
    value: str


@attrs.frozen
class ToldExample:
    """An example in words; `reasons` are the lines that explain it."""

    row: str
    before: str
    after: str
    facts: Sequence[Fact]
    findings: Sequence[Reason]
    reasons: Sequence[str]


def told(example: Example, labels: Mapping[str, str]) -> ToldExample:
    """The example; `labels` are places in words, by their code."""
    return ToldExample(
        f"{example.row:,}",
        example.before,
        example.after,
        list(_facts(example.facts, "", labels)),
        _findings(*example.decisions),
        example.reasons,
    )


def _findings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Reason]:
    """What is found under either policy, each once; what is new stands first."""
    sides = [{_key(finding): finding for finding in decision.get("findings", ())} for decision in (before, after)]
    found = []
    for key, finding in (sides[0] | sides[1]).items():
        when = "before and after" if key in sides[0] and key in sides[1] else "before" if key in sides[0] else "after"
        section = str(finding.get("section", "")).rpartition("/")[2]
        found.append(Reason(finding["effect"], finding["message"], section, finding["rule"], when))
    return sorted(found, key=lambda reason: ("after", "before", "before and after").index(reason.when))


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
        yield Fact(name[:1].upper() + name[1:], ", ".join(said) or "none")


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
