"""A change that changes nothing comes to exactly zero everywhere, and it is said why."""

from __future__ import annotations

from typing import Any

import pytest
import small_law
from counted_one_by_one import Ran, ran


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("no-effect")
    small_law.accounts(folder / "accounts.ndjson")
    small_law.rules(folder / "rules")
    small_law.rules(folder / "commented", ("name: small.law", "# In other words.\nname:   small.law"))
    small_law.rules(folder / "reworded", ("customer.located_in == 'KP'", "'KP' == customer.located_in"))
    small_law.order(folder / "early.yaml", target={"jurisdiction": "FR"}, issued_on="2027-06-01")
    small_law.order(folder / "nobody.yaml", target={"jurisdiction": "JP"}, issued_on="2026-06-01")
    small_law.order(folder / "denied.yaml", target={"jurisdiction": "KP"}, issued_on="2026-06-01")
    small_law.order(folder / "person.yaml", target={"person": "Nobody of that name"}, issued_on="2026-06-01")
    candidates: list[dict[str, Any]] = [
        {"id": "empty"},
        {"id": "commented", "rules": ["commented"]},
        {"id": "reworded", "rules": ["reworded"]},
        {"id": "early", "measures": ["early.yaml"]},
        {"id": "nobody", "measures": ["nobody.yaml", "person.yaml"]},
        {"id": "denied", "measures": ["denied.yaml"]},
    ]
    path = small_law.job(
        folder,
        baseline={"rules": ["rules"]},
        candidates=[{"title": one["id"], **one} for one in candidates],
        dates=["2027-01-15", "2027-02-01"],
    )
    return ran(path)


def test_what_is_added_is_told_with_the_name_of_its_place_and_its_day_in_words(done: Ran) -> None:
    changes = {one.id: one.changes for one in done.result.alternatives}
    assert list(changes["early"]) == [
        "Order `early` is added: a prohibition on France (FR), binding from November 28, 2027."
    ]
    assert any("on Nobody of that name, binding from" in change for change in changes["nobody"])


WHY = {
    "empty": "The candidate is the baseline: both decide by the same policy.",
    "commented": "The candidate is the baseline: both decide by the same policy.",
    "reworded": "What is changed bears on none of these accounts, or they come to the same outcome for other reasons.",
    "early": "None of the orders binds on any of the days looked at.",
    "nobody": (
        "No account has to do with Japan (JP) or Nobody of that name on any ground on which an order touches one."
    ),
    "denied": "What is changed bears on none of these accounts, or they come to the same outcome for other reasons.",
}


@pytest.mark.parametrize("name", WHY)
def test_nothing_changes_and_it_is_said_why(done: Ran, name: str) -> None:
    one = next(one for one in done.result.alternatives if one.id == name)
    assert one.no_effect == WHY[name]
    for day in one.timeline:
        assert (day.changed, day.caught, day.released) == (0, 0, 0)
        assert all(shift.before == shift.after for shift in day.shifts)
    assert all((cell.changed, cell.caught) == (0, 0) for cells in one.impact.values() for cell in cells)
    assert all(demand.before == demand.after for demand in one.demands)
    assert all(term.before == term.after for term in one.restrictions)
    assert (one.bite, list(one.examples)) == (None, [])
    assert {(way.tried, way.evaded) for way in one.evasion} == {(0, 0)}
    changed = [rule for rule in one.rules if rule.before != rule.after]
    assert [rule.order for rule in changed] == (["denied"] if name == "denied" else [])
