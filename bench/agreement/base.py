"""What stands beside the rules of a random program: sources, switches, the provider's program, attributes."""

from __future__ import annotations

from random import Random
from typing import Any

from engine.ownership.readings import AGGREGATE_RELATED, DIRECT_ONLY, LOOK_THROUGH

_SWITCH = {"section": "1.1", "reason": "R", "date": "2026-01-01", "procedural": "in generated programs"}
_NOWHERE: dict[str, list[str]] = {"services": [], "openings": [], "information": [], "customers": [], "places": []}
_UNASKED = {"products": [], "from_tier": "none"}

SOURCES = {
    "SRC": {"title": "A source", "status": "in_force"},
    "OLD": {"title": "An older source", "status": "superseded"},
}
ATTRIBUTES = {
    "treaty": {
        "about": "Whether there is a treaty",
        "values": {"in_force": "There is.", "none": "There is none."},
        "recorded": [
            {"value": "in_force", "places": ["DE", "FR", "HK"], "source": "S", "as_of": 2020},
            {"value": "none", "places": ["DE-BY", "GP", "NL"], "source": "S", "as_of": 2020},
        ],
    }
}
ABOUT_ANY_CASE = (
    "action == 'account.open'",
    "action in ['account.open', 'training.start']",
    "action != 'reseller.onboard'",
    "interpretation.Q1 == 'narrow'",
    "interpretation.Q2 == 'early'",
    "program.unverified.pending == 'restrict'",
    "program.review.interval_days > 30",
    "program.training.custom.ops_over < 1e10",
    "size(program.unverified.terms) == 2",
)
"""Conditions that a request's facts have no part in."""
LISTS_OF_PLACES = ("program.risk.high.places", "program.risk.elevated.places")
TEXTS_OF_PROGRAM = ("program.unverified.terms", "program.resellers.closing", "program.risk.elevated.services")
LISTS_OF_TERMS = ("program.unverified.terms", "program.resellers.closing")


def base_files(rng: Random) -> dict[str, Any]:
    """The files, by path, with switches and values chosen at random."""
    readings = (LOOK_THROUGH, DIRECT_ONLY, AGGREGATE_RELATED)
    return {
        "rules/sources.yaml": SOURCES,
        "rules/interpretations.yaml": {
            "Q1": _switch(rng, "narrow", "wide"),
            "Q2": _switch(rng, "early", "late"),
            "Q01": _switch(rng, *readings),
            "Q27": _switch(rng, "included", "excluded"),
            "Q28": _switch(rng, "not_for_extension", "anew"),
        },
        "rules/program.yaml": {
            "verification": {"methods": ["documentary"]},
            "unverified": {
                "pending": rng.choice(("restrict", "unstated", "hold")),
                "failed": "deny",
                "terms": ["no training runs", "Ada"],
                "redress": "call us",
            },
            "review": {"interval_days": rng.choice((30, 31, 365))},
            "risk": {
                "elevated": _NOWHERE,
                "high": {**_NOWHERE, "places": rng.sample(("FR", "DE", "US", "GP", "GB"), rng.randint(1, 3))},
            },
            "extra": {
                **dict.fromkeys(
                    ("date_of_birth", "identification_number", "nationalities", "payment_source", "second_method"),
                    _UNASKED,
                ),
                "purpose_of_use": {"products": ["compute"], "from_tier": "high"},
            },
            "resellers": {"closing": ["no new accounts"]},
            "training": {"custom": {"ops_over": rng.choice((5e9, 5e10)), "gbit_s_over": 100, "ops_s": 10**9}},
        },
        "jurisdictions/attributes.yaml": ATTRIBUTES,
    }


def _switch(rng: Random, *options: str) -> dict[str, Any]:
    described = {option: f"read as {option}" for option in options}
    return {"question": "Which?", **_SWITCH, "options": described, "chosen": rng.choice(options)}
