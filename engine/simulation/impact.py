"""Whom a candidate touches: accounts by place, product, reseller, tier, owner link and age, and by their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from engine.accounts.accounts import accounts_at
from engine.accounts.layout import MALICIOUS, ROW
from engine.evaluators.columnar.decided import PROFILE
from engine.policy.policy import Policy
from engine.simulation.dimensions import ABROAD, DIRECT, NOBODY, NOT_ABROAD, UNKNOWN
from engine.simulation.in_words import place_name
from engine.simulation.result import DIMENSIONS, Cell, Precision
from engine.simulation.trial import Trial

CONNECTIONS = ("there", "resold_there", "own", "offered", "touched")
"""See `engine.simulation.dimensions.connections`; the columns are prefixed with the number of the candidate."""
NAMED = 20
"""Resellers that are told by name; the others, hit less, by their id alone."""
_WORDS: Mapping[str, Mapping[str, str]] = {
    "product": {"cdn": "CDN", "dns_resolution": "DNS resolution", "domain_registration": "domain registration"},
    "reseller": {DIRECT: "no reseller"},
    "tier": {DIRECT: "no reseller"},
    "owner_link": {
        ABROAD: "an owner outside the United States",
        NOT_ABROAD: "owners, none known to be abroad",
        NOBODY: "no owners",
    },
    "account_age": {"0": "under 1 year", "1": "1 year", "5 and more": "5 years and more"},
}


def flips_by(trial: Trial, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Accounts by the values of columns, with how many there are, how many change (`changed`) and are caught."""
    accounts, answers = trial.asked.decided.accounts, trial.asked.decided.answers
    changed, caught = (trial.before != trial.after).cast("int64"), trial.is_caught.cast("int64")
    flips = answers.select(PROFILE, changed=changed, caught=caught)
    # Few accounts differ in what is told of them: they are counted before it is looked up how each was decided.
    counted = accounts.group_by([PROFILE, *columns]).aggregate(n=accounts.count())
    joined = counted.join(flips, PROFILE)
    rows = trial.workplace.rows(
        joined.group_by(list(columns)).aggregate(
            accounts=joined.n.sum(),
            changed=(joined.n * joined.changed).sum(),
            caught=(joined.n * joined.caught).sum(),
        )
    )
    texts = trial.asked.decided.texts
    return [row | {name: texts[name][row[name]] for name in texts.keys() & row.keys()} for row in rows]


def impact_of(trial: Trial) -> dict[str, list[Cell]]:
    """The impact by each of `DIMENSIONS`: what is hit most comes first, where the values have no order of their own."""
    found = {name: _cells(name, flips_by(trial, [name]), trial.policies.baseline) for name in DIMENSIONS}
    return found | {"reseller": _named(trial, found["reseller"])}


def precision_of(trial: Trial) -> Precision | None:
    """How many of the labelled accounts are caught; None where none is labelled."""
    rows = {row[MALICIOUS]: row for row in flips_by(trial, [MALICIOUS])}
    if not {True, False} & rows.keys():
        return None
    malicious, legitimate = (rows.get(label, {"accounts": 0, "caught": 0}) for label in (True, False))
    return Precision(
        int(malicious["accounts"]), int(malicious["caught"]), int(legitimate["accounts"]), int(legitimate["caught"])
    )


@attrs.frozen
class Connected:
    """Accounts connected with what a candidate's orders are on: of all, and of those labelled either way."""

    accounts: int
    malicious: int
    legitimate: int


def connected_of(trial: Trial) -> dict[str, Connected]:
    """The accounts by `CONNECTIONS`."""
    return {name: _connected(trial, f"c{trial.number}_{name}") for name in CONNECTIONS}


def _connected(trial: Trial, column: str) -> Connected:
    rows = flips_by(trial, [column, MALICIOUS])
    found = {row[MALICIOUS]: int(row["accounts"]) for row in rows if row[column]}
    return Connected(sum(found.values()), found.get(True, 0), found.get(False, 0))


def _cells(name: str, rows: Sequence[Mapping[str, Any]], policy: Policy) -> list[Cell]:
    cells = [
        Cell(row[name], _label(name, row[name], policy), *(int(row[key]) for key in ("accounts", "changed", "caught")))
        for row in rows
    ]
    if name in {"tier", "account_age"}:
        return sorted(cells, key=lambda cell: (not cell.value[:1].isdigit(), cell.value))
    return sorted(
        cells, key=lambda cell: (-(cell.caught or 0), -(cell.changed or 0), -(cell.accounts or 0), cell.value)
    )


def _named(trial: Trial, cells: Sequence[Cell]) -> list[Cell]:
    """The resellers that are hit most with the names that the population has of them: one account of each is read."""
    ids = [cell.value for cell in cells[:NAMED] if cell.value != DIRECT]
    accounts = trial.asked.decided.accounts
    first = accounts.filter(accounts["reseller"].isin(ids)).group_by("reseller").aggregate(first=accounts[ROW].min())
    rows = {int(row["first"]): str(row["reseller"]) for row in trial.workplace.rows(first)} if ids else {}
    read = accounts_at(trial.population, trial.asked.layout, list(rows)) if rows else ()
    names = {rows[account.row]: account.facts["reseller"].get("name") for account in read}
    return [attrs.evolve(cell, label=names.get(cell.value) or cell.label) for cell in cells]


def _label(name: str, value: str, policy: Policy) -> str:
    if value in _WORDS.get(name, {}):
        return _WORDS[name][value]
    if name == "place":
        return place_name(value, policy)
    if name == "account_age" and value.isdigit():
        return f"{value} years"
    if name == "tier" and value != UNKNOWN:
        return f"tier {value}"
    return value
