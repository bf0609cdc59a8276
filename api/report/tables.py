"""The tables of a report: what of a long list is shown, and what the rest comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from api.report.wording import Wording, day, value_of, weight
from engine.simulation.result import Cell, Count, Day, Demand, RuleImpact, Term

SHOWN = 6
"""Values of a dimension that have a line of their own; what is left is one line."""
_IN_ORDER = frozenset({"tier", "account_age"})
"""Dimensions whose values have an order of their own, which is kept."""
_CODED = frozenset({"place", "reseller"})
"""Dimensions whose values are codes that say more than the words."""
_DAYS = 24
"""Lines of the table of days."""
TITLES: Mapping[str, tuple[str, str]] = {
    "place": ("Place", "By where the customer is located."),
    "product": ("Product", "By the kind of product."),
    "reseller": ("Reseller", "By the reseller through which the account is had."),
    "tier": ("Reseller tier", "Tier 1 contracts with the provider; 2 and above resell the supply of another reseller."),
    "owner_link": (
        "Owner link",
        "By whether somebody who counts as an owner is located outside the United States.",
    ),
    "account_age": ("Account age", "By years since the account was opened."),
}
"""Of each dimension, its name and what it is."""


@attrs.frozen
class Line:
    """A line of a table of impact, in words."""

    label: str
    code: str
    accounts: str
    changed: str
    caught: str
    share: str


@attrs.frozen
class Impact:
    """The accounts by the values of one dimension: the cells that are shown, largest first, and all lines in words."""

    dimension: str
    title: str
    about: str
    cells: Sequence[Cell]
    lines: Sequence[Line]


@attrs.frozen
class Run:
    """Days in a row, in words, on which every figure is the same; `days` of them were decided."""

    days: int
    when: str
    figures: Day


@attrs.frozen
class Asked:
    """A fact that accounts are asked for, in words, and of how many; `of` says whose it is."""

    about: str
    of: str
    before: str
    after: str
    difference: str


def impact_of(dimension: str, cells: Sequence[Cell], wording: Wording) -> Impact:
    """The table of a dimension."""
    title, about = TITLES.get(dimension, (dimension.replace("_", " ").capitalize(), ""))
    ordered = list(cells) if dimension in _IN_ORDER else sorted(cells, key=_largest)
    # What is not touched is summed up, and one line that is left over is shown.
    touched = len(ordered) if dimension in _IN_ORDER else max(sum(cell.changed != 0 for cell in ordered), 1)
    shown = ordered if len(ordered) <= min(touched, SHOWN) + 1 else ordered[: min(touched, SHOWN)]
    lines = [
        Line(
            value_of(cell),
            cell.value if dimension in _CODED and cell.value != cell.label else "",
            wording.count(cell.accounts),
            wording.count(cell.changed),
            wording.count(cell.caught),
            wording.share(cell.caught, cell.accounts),
        )
        for cell in shown
    ]
    rest = ordered[len(shown) :]
    if rest:
        parts = [[getattr(cell, name) for cell in rest] for name in ("accounts", "changed", "caught")]
        accounts, changed, caught = (wording.total(part) for part in parts)
        whole, _, part = (None if None in part else sum(part) for part in parts)
        lines.append(Line(f"{len(rest):,} others", "", accounts, changed, caught, wording.share(part, whole)))
    return Impact(dimension, title, about, shown, lines)


def _largest(cell: Cell) -> tuple[float, float, float, str]:
    return -weight(cell.caught), -weight(cell.changed), -weight(cell.accounts), cell.value


def runs_of(days: Sequence[Day]) -> list[Run]:
    """The days with those in a row that have the same figures taken together."""
    grouped: list[list[Day]] = []
    for one in days:
        if grouped and _figures(grouped[-1][-1]) == _figures(one):
            grouped[-1].append(one)
        else:
            grouped.append([one])
    return [Run(len(group), _when(group[0].date, group[-1].date), group[0]) for group in grouped]


def thinned(runs: Sequence[Run]) -> Sequence[Run]:
    """Not more lines than a reader takes in: evenly chosen, with the first and the last."""
    if len(runs) <= _DAYS:
        return runs
    return [runs[round(n * (len(runs) - 1) / (_DAYS - 1))] for n in range(_DAYS)]


def changed_demands(demands: Sequence[Demand], words: Wording) -> list[Asked]:
    """Facts that more or fewer accounts are asked for, the most changed first."""
    changed = [one for one in demands if one.before != one.after]
    changed.sort(key=lambda one: (-abs(weight(one.after) - weight(one.before)), one.at))
    return [
        Asked(
            one.about or _path(one.at),
            _path(one.at),
            words.count(one.before),
            words.count(one.after),
            words.difference(one.before, one.after),
        )
        for one in changed
    ]


def _path(pointer: str) -> str:
    """A pointer in words: "customer, beneficial owners, identity"."""
    return ", ".join(step.replace("_", " ") for step in pointer.split("/") if step not in {"", "*"})


def changed_terms(terms: Sequence[Term]) -> list[Term]:
    """Conditions under which more or fewer accounts are allowed, those of one rule together, the most changed first."""
    changed = [one for one in terms if one.before != one.after]
    together: dict[tuple[str, str, Count, Count], list[str]] = {}
    for one in changed:
        together.setdefault((one.rule, one.order, one.before, one.after), []).append(one.term)
    found = [
        Term(rule, order, " ".join(said), before, after) for (rule, order, before, after), said in together.items()
    ]
    return sorted(found, key=lambda one: -abs(weight(one.after) - weight(one.before)))


def _figures(one: Day) -> tuple[object, ...]:
    return tuple(one.shifts), one.changed, one.caught, one.released


def _when(first: str, last: str) -> str:
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def changed_rules(rules: Sequence[RuleImpact]) -> list[RuleImpact]:
    """Rules with findings on more or on fewer accounts, the most changed first."""
    changed = [rule for rule in rules if rule.before != rule.after]
    return sorted(changed, key=lambda rule: (-abs(weight(rule.after) - weight(rule.before)), rule.rule))
