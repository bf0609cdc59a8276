"""What is recorded of places: inherited by the places in them, unknown elsewhere, and readable by rules."""

from __future__ import annotations

import pytest
from small_rules import DAY, files, item, rule_set

from engine import Decider, load_files
from engine.measures.attributes import attributes_of

RECORDED = {
    "treaty": {
        "about": "A treaty",
        "values": {"in_force": "It is.", "none": "There is none."},
        "recorded": [
            {"value": "in_force", "places": ["DE", "US"], "source": "A list", "as_of": "2020"},
            {"value": "none", "places": ["DE-BY", "FR"], "source": "Another list", "as_of": "2021-05-01"},
        ],
    }
}


def policy():
    items = [
        item(
            value.replace("_", "-"),
            f"has(customer.located_in) && customer.located_in.has_attribute('treaty', '{value}')",
            message=f"It is {value}.",
        )
        for value in ("in_force", "none", "unknown")
    ]
    return load_files(files(rule_set(*items), jurisdictions__attributes=RECORDED))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("DE", "in_force"),
        ("DE-BE", "in_force"),
        ("DE-BY", "none"),
        ("FR", "none"),
        ("PR", "in_force"),
        ("GB", "unknown"),
        ("GP", "unknown"),
    ],
)
def test_every_place_has_exactly_one_value(place, value):
    loaded = policy()
    assert attributes_of(place, loaded.world.attributes) == {"treaty": value}
    facts = {"customer": {"located_in": place}}
    decision = Decider(loaded).decide({"action": "account.open", "as_of": DAY, "facts": facts})
    assert [finding.rule.id for finding in decision.findings] == [f"small/{value.replace('_', '-')}"]


def test_what_is_recorded_is_part_of_the_identity():
    other = {**RECORDED, "treaty": {**RECORDED["treaty"], "recorded": RECORDED["treaty"]["recorded"][:1]}}
    changed = load_files(files(rule_set(item()), jurisdictions__attributes=other))
    assert changed.digest != load_files(files(rule_set(item()), jurisdictions__attributes=RECORDED)).digest
