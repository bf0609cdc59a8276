"""The tables of a report: what of a long list is shown, and what the rest comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from api.report.wording import Wording, day, weight
from engine.simulation.result import Cell, Day, RuleImpact

SHOWN = 15
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


def impact_of(dimension: str, cells: Sequence[Cell], wording: Wording) -> Impact:
    """The table of a dimension."""
    title, about = TITLES.get(dimension, (dimension.replace("_", " ").capitalize(), ""))
    ordered = list(cells) if dimension in _IN_ORDER else sorted(cells, key=_largest)
    # One line that is left over is shown and not summed up.
    shown = ordered if len(ordered) <= SHOWN + 1 else ordered[:SHOWN]
    lines = [
        Line(
            cell.label or cell.value or "not stated",
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


def _figures(one: Day) -> tuple[object, ...]:
    return tuple(one.shifts), one.changed, one.caught, one.released


def _when(first: str, last: str) -> str:
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def changed_rules(rules: Sequence[RuleImpact]) -> list[RuleImpact]:
    """Rules that have findings on more or on fewer accounts, the most changed first. Where that is not known, last."""
    changed = [rule for rule in rules if rule.before != rule.after or rule.before is None]
    return sorted(changed, key=lambda rule: (-abs(weight(rule.after) - weight(rule.before)), rule.rule))
