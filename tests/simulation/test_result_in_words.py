"""Sentences of a result have words for whatever a policy may say of an order."""

from __future__ import annotations

from functools import cache

from api.settings import default_jurisdictions, default_rules
from engine.policy import load
from engine.policy.policy import Policy
from engine.simulation.in_words import GROUNDS, STATES, day_in_words, place_name


@cache
def shipped() -> Policy:
    """The policy that comes with Ostiary."""
    return load([default_rules()], default_jurisdictions())


def test_every_state_and_ground_of_a_measure_has_words() -> None:
    enums = shipped().vocabulary.enums
    assert set(enums["measure_state"]) == STATES.keys()
    assert set(enums["measure_ground"]) == GROUNDS.keys()


def test_days_and_places_in_words() -> None:
    assert day_in_words("2027-07-31") == "July 31, 2027"
    assert day_in_words("2015") == "2015"
    assert place_name("UY", shipped()) == "Uruguay"
    assert place_name("X-NOWHERE", shipped()) == "X-NOWHERE"
