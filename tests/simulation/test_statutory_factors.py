"""The statutory factors: each once, in the words of the law's text, and nothing said where nothing is known."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest
from small_rules import files, item, rule_set

from engine import load_files
from engine.simulation.factors import FactorCounts, factors_of, recorded_of
from engine.simulation.result import Factor

ROOT = Path(__file__).resolve().parents[2]
COUNTS = FactorCounts(
    accounts=100_000,
    malicious=2_000,
    legitimate=98_000,
    there=1_250,
    there_malicious=300,
    resold_there=250,
    resold_there_malicious=1,
    own=3,
    own_malicious=0,
    offered=4_000,
    offered_malicious=1,
    offered_legitimate=3_999,
    caught=1_200,
    caught_legitimate=900,
    asked=0,
    days_binding=185,
    caught_by_product={
        "compute": 700,
        "storage": 300,
        "cdn": 100,
        "proxy": 50,
        "network": 30,
        "software": 20,
        "dns": 0,
    },
    caught_by_others={"Conditions": (120, 40), "One reseller": (None, 3)},
    recorded=["X-RURITANIA: A treaty is in force (A list, 2020)"],
)
RECORDED = {
    "mutual_legal_assistance_treaty": {
        "about": "A treaty",
        "values": {"in_force": "A treaty is in force.", "none": "There is no treaty in force."},
        "recorded": [
            {"value": "in_force", "places": ["DE"], "source": "A list", "as_of": "2020"},
            {"value": "none", "places": ["FR"], "source": "Another list", "as_of": "2021-05-01"},
        ],
    }
}


def by_section(*kinds: str, counts: FactorCounts = COUNTS) -> dict[str, Factor]:
    return {factor.section: factor for factor in factors_of(kinds, counts)}


def test_every_factor_of_the_law_is_there_once() -> None:
    law = (ROOT / "rules" / "law.yaml").read_text("utf-8")
    paragraphs = re.findall(r"^  (7\.307\(b\)\((?:3\)\(i+\)\([A-Z]|4\)\([ivx]+)\)):", law, flags=re.MULTILINE)
    assert [factor.section for factor in factors_of(["jurisdiction", "person"], COUNTS)] == paragraphs
    assert set(by_section("jurisdiction")) | set(by_section("person")) == set(paragraphs)
    assert len(set(by_section("jurisdiction")) & set(by_section("person"))) == 3


def test_what_the_counts_show() -> None:
    shown = {section: factor.shown for section, factor in by_section("jurisdiction", "person").items()}
    assert shown == {
        "7.307(b)(3)(i)(A)": (
            "Accounts that are located there or had through a reseller there: 1,250. Labelled malicious: 300 "
            "(24.0 percent). Accounts had through a reseller there: 250. Labelled malicious: 1 (0.4 percent)."
        ),
        "7.307(b)(3)(i)(B)": (
            "Accounts labelled malicious anywhere: 2,000. Of them located there or had through a reseller there: 300 "
            "(15.0 percent); of all accounts, 1.2 percent are."
        ),
        "7.307(b)(3)(i)(C)": (
            "On record: X-RURITANIA: A treaty is in force (A list, 2020). What investigators have experienced is not "
            "on record."
        ),
        "7.307(b)(3)(ii)(A)": "Accounts of the person itself: 3. Labelled malicious: 0 (0.0 percent).",
        "7.307(b)(3)(ii)(B)": (
            "Accounts had through the person: 4,000. Labelled malicious: 1 (less than 0.1 percent)."
        ),
        "7.307(b)(3)(ii)(C)": "Accounts had through the person: 4,000. Labelled legitimate: 3,999 (100.0 percent).",
        "7.307(b)(3)(ii)(D)": (
            "Caught by the other candidates: Conditions, labelled malicious 120, labelled legitimate 40."
        ),
        "7.307(b)(4)(i)": (
            "Accounts caught: 1,200 of 100,000 (1.2 percent). Caught by product: compute 700, storage 300, cdn 100, "
            "proxy 50, network 30, others 20. Accounts whose customers are asked for facts that nobody asks of them "
            "otherwise: 0."
        ),
        "7.307(b)(4)(ii)": (
            "Accounts labelled legitimate: 98,000. Caught: 900 (0.9 percent). Days on which the measure "
            "binds, the last among them: 185."
        ),
        "7.307(b)(4)(iii)": None,
    }


def test_nothing_known_shows_nothing() -> None:
    found = factors_of(["jurisdiction", "person"], FactorCounts())
    assert {factor.shown for factor in found} == {None}


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(FactorCounts) if field.type == "Count"])
def test_a_suppressed_count_takes_its_sentences_with_it(name: str) -> None:
    without = attrs.evolve(COUNTS, **{name: None})
    told = [factor.shown for factor in factors_of(["jurisdiction", "person"], without)]
    assert "None" not in str([text for text in told if text])
    assert told != [factor.shown for factor in factors_of(["jurisdiction", "person"], COUNTS)]


def test_a_share_of_nothing_is_not_told() -> None:
    none_there = attrs.evolve(COUNTS, there=0, there_malicious=0, resold_there=0, resold_there_malicious=0)
    assert by_section("jurisdiction", counts=none_there)["7.307(b)(3)(i)(A)"].shown is None


def test_what_is_recorded_of_a_jurisdiction_is_told_with_its_source() -> None:
    def order(place: str) -> dict[str, object]:
        target = {"jurisdiction": place}
        return {"id": place, "kind": "prohibition", "target": target, "issued_on": "2026-01-10", "finding": "F."}

    orders = {f"jurisdictions__measures__{place}": order(place) for place in ("DE-BY", "FR", "GB")}
    person = {**order("GB"), "id": "p", "target": {"person": "Somebody"}}
    texts = files(rule_set(item()), jurisdictions__attributes=RECORDED, jurisdictions__measures__p=person, **orders)
    policy = load_files(texts)
    assert recorded_of(policy, policy.orders) == [
        "Bayern (DE-BY): A treaty is in force (A list, 2020)",
        "France (FR): There is no treaty in force (Another list, May 1, 2021)",
    ]
    assert recorded_of(load_files(files(rule_set(item()))), policy.orders) == []
