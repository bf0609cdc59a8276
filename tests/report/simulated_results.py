"""Results of simulations for tests of the report: one as they come, and those that a report must bear as well."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import attrs
import pycountry

from api.report import render
from engine.simulation.result import (
    Alternative,
    Bite,
    Cell,
    Count,
    Day,
    Demand,
    Evasion,
    Example,
    Factor,
    OrderText,
    PopulationSummary,
    Precision,
    RuleImpact,
    Shift,
    SimulationResult,
    Term,
)

ORDER = """\
id: SM-2027-01
kind: prohibition
target: {jurisdiction: X-FRED}
issued_on: 2027-01-15
finding: >-
  A significant number of foreign persons in Freedonia directly obtain U.S. IaaS products for malicious cyber-enabled
  activities.
"""
JOB = """\
name: freedonia
title: A prohibition on Freedonia
population: {generate: {accounts: 1000000, seed: 7}}
candidates:
  - id: prohibition
    title: Prohibition
    measures: [orders/freedonia.yaml]
"""
DATES = ("2027-01-14", "2027-01-15", "2027-07-13", "2027-07-14", "2027-10-15", "2028-01-14", "2028-01-15")
UGLY = 'A & B <script>alert("1")</script> <b>Söhne</b> {"a": 1} \' GmbH'


def digest(letter: str) -> str:
    return "sha256:" + letter * 64


def order(id_: str = "SM-2027-01", kind: str = "prohibition", target: Mapping[str, str] | None = None) -> OrderText:
    finding = (
        "A significant number of foreign persons in Freedonia directly obtain U.S. IaaS products for malicious ends."
    )
    target = target or {"jurisdiction": "X-FRED"}
    return OrderText(id_, kind, target, "2027-01-15", "2027-07-14", "2028-01-14", finding, ORDER)


def a_day(date: str, caught: Count, total: int = 1_000_000) -> Day:
    if caught == 0:
        return Day(date, [Shift("allow", "allow", total - 61_200), Shift("hold", "hold", 61_200)], 0, 0, 0)
    some = caught or 3
    shifts = [
        Shift("allow", "allow", total - some - 61_700),
        Shift("allow", "deny", caught),
        Shift("allow", "restrict", 411),
        Shift("restrict", "restrict", 89),
        Shift("hold", "hold", 60_200),
        Shift("hold", "deny", 997),
        Shift("hold", "allow", None if caught is None else 3),
    ]
    return Day(date, shifts, some + 411 + 997 + 3, caught, None if caught is None else 3)


def places(caught: int) -> list[Cell]:
    return [
        Cell("X-FRED", "Freedonia", 14_220, 13_900, caught - 1_111),
        Cell("DE", "Germany", 91_007, 612, 512),
        Cell("BR", "Brazil", 44_100, 401, 399),
        Cell("US", "United States", 600_123, 100, 88),
        Cell("CA", "Canada", 50_050, 60, 57),
        Cell("IN", "India", 99_001, 31, 30),
        Cell("UA-43", "Crimea", 1_201, 24, 22),
        Cell("SG", "Singapore", 12_345, 4, 3),
        Cell("AU", "Australia", 22_222, 0, 0),
        Cell("ZA", "South Africa", 22_111, 0, 0),
        Cell("XK", "Kosovo", 810, 0, 0),
        Cell("", "", 55, 0, 0),
    ]


def impact(caught: int) -> dict[str, list[Cell]]:
    return {
        "place": places(caught),
        "product": [
            Cell("compute", "compute", 700_002, 9_000, 8_000),
            Cell("storage", "storage", 200_004, 4_000, 4_001),
            Cell("network", "network", 99_994 + caught, 2_000 + caught, caught - 12_001),
        ],
        "reseller": [
            Cell("direct", "no reseller", 800_001, 7_000, 6_000),
            Cell("R-0017", "Sylvania Hosting", 20_003, 4_000, 3_998),
            Cell("R-0003", "Overseas Compute Partners and Sons of Grand Fenwick Limited", 9_003, 3_000, 2_222),
            Cell("R-0009", "Nimbus", 4_003, 130, 126),
        ],
        "tier": [
            Cell("direct", "no reseller", 800_001, 7_000, 6_000),
            Cell("1", "1", 150_000, 4_200, 4_100),
            Cell("2", "2", 49_999, 2_300, 2_246),
        ],
        "owner_link": [
            Cell("owner elsewhere", "an owner located elsewhere", 2_001, 1_500, 1_432),
            Cell("no owners", "no owners", 7_001, 15, 14),
        ],
        "account_age": [
            Cell("0", "less than 1 year", 300_000, 9_000, 8_100),
            Cell("1", "1 year", 400_000, 3_000, 2_146),
            Cell("2", "2 years", 300_000, 2_500, 2_100),
        ],
    }


def example(row: int = 17, before: str = "allow", after: str = "deny", accounts: int = 310) -> Example:
    finding = {
        "rule": "special_measures/prohibited",
        "effect": after,
        "section": "90-FR-1/7.307(b)(1)",
        "message": "A special measure prohibits accounts of customers located in Freedonia.",
        "at": "/customer/located_in",
        "order": "SM-2027-01",
    }
    old = finding | {
        "rule": "cip/email",
        "section": "90-FR-1/7.302(d)",
        "message": "An email address is collected.",
        "effect": before,
    }
    old.pop("order")
    facts: dict[str, Any] = {
        "customer": {
            "kind": "entity",
            "located_in": "X-FRED",
            "locations_of_use": ["X-FRED", "DE"],
            "is_business": True,
            "beneficial_owners": [{"ownership_pct": 60.5, "located_in": "FR", "us_person_status": "claimed"}],
        },
        "account": {"status": "open", "opened_on": "2025-03-04"},
        "reseller": {"tier": 2, "program": {"written": True, "meets": ["b", "c"]}},
    }
    decisions = ({"outcome": before, "findings": [old]}, {"outcome": after, "findings": [old, finding]})
    reasons = [
        "The customer is located in Freedonia, which order SM-2027-01 names.",
        "The order binds on July 14, 2027.",
    ]
    return Example(row, before, after, accounts, facts, decisions, reasons)


def alternative(id_: str = "prohibition", title: str = "Prohibition", caught: int = 12_346) -> Alternative:
    timeline = [a_day(date, caught if "2027-07-14" <= date <= "2028-01-14" else 0) for date in DATES]
    return Alternative(
        id=id_,
        title=title,
        about="No account for anybody located there.",
        digest=digest("c"),
        orders=[order()],
        changes=["adds order SM-2027-01"],
        no_effect=None,
        main=timeline[3],
        timeline=timeline,
        bite=Bite("2027-07-14", "2028-01-14", 185, 2_284_010, is_exact=True),
        impact=impact(caught),
        rules=[
            RuleImpact(
                "special_measures/prohibited",
                "SM-2027-01",
                "deny",
                "90-FR-1/7.307(b)(1)",
                "A special measure prohibits accounts of customers located in Freedonia.",
                0,
                caught,
            ),
            RuleImpact(
                "cip/email", "", "hold", "90-FR-1/7.302(d)", "An email address has not been collected.", 5_001, 4_004
            ),
            RuleImpact("cip/name", "", "hold", "90-FR-1/7.302(d)", "A name has not been collected.", 801, 801),
        ],
        demands=[
            Demand("/customer/emails", "Email addresses", 5_001, 4_004),
            Demand("/customer/beneficial_owners/*/identity/status", "How far identity is established", 33, 44),
        ],
        restrictions=[Term("special_measures/conditions", "SM-2027-01", "Monitor the account's traffic.", 89, 500)],
        examples=[example(), example(1_234_567, "hold", "deny", 990), example(9, "allow", "restrict", 400)],
        evasion=[
            Evasion("reseller_elsewhere", "Through a reseller elsewhere", 12_346, 2_103, 77),
            Evasion("place_of_use", "Another place of use is stated", 12_345, 9_807, 199),
            Evasion("owner_below", "An owner goes below 25 per cent and gives up control", 1_432, 1_409, 31),
        ],
        precision=Precision(2_000, 310, 998_000, 12_036),
        factors=[
            Factor(
                "7.307(b)(3)(i)(A)",
                "Malicious actors who obtain products from persons there",
                "310 of 14,220 accounts.",
            ),
            Factor("7.307(b)(3)(i)(C)", "Mutual legal assistance, and what investigators experienced", None),
            Factor(
                "7.307(b)(4)(ii)", "Adverse effects on legitimate business", "12,036 legitimate accounts are caught."
            ),
        ],
    )


def result(alternatives: Sequence[Alternative] = (), **changes: Any) -> SimulationResult:
    made = SimulationResult(
        name="freedonia",
        title="A prohibition on Freedonia",
        about="What it would do to the accounts of a mid-sized provider.",
        digest=digest("d"),
        job=JOB,
        command="ostiary simulate fixtures/simulations/freedonia.yaml --output freedonia",
        version="0.1.0",
        legal_status="proposed_not_in_force",
        engine="columnar on DuckDB 2.0.1",
        suppressed_below=0,
        rechecked=500,
        population=PopulationSummary(
            digest("a"),
            1_000_000,
            {"account.maintain": 900_001, "account.open": 99_999},
            2_000,
            998_000,
            0,
            {"generator": {"seed": 71_234, "accounts": 1_000_000, "as_of": "2026-12-01", "malicious_share": 0.002}},
        ),
        baseline=digest("b"),
        baseline_title="The rules as they stand",
        alternatives=list(alternatives) or [alternative()],
    )
    return attrs.evolve(made, **changes)


def made_up() -> SimulationResult:
    """A result of accounts that were generated."""
    source = {
        "kind": "generated", "generator": 1, "seed": 71_234, "accounts": 1_000_000, "as_of": "2026-12-01",
        "malicious_share": 0.002, "distributions": digest("e"),
    }  # fmt: skip
    made = result()
    return attrs.evolve(made, population=attrs.evolve(made.population, source=source))


def three() -> SimulationResult:
    conditions = attrs.evolve(
        alternative("conditions", "Conditions", 12_002),
        orders=[order("SM-2027-02", "conditions")],
        bite=Bite("2027-07-14", "2028-01-14", 3, 36_006, is_exact=False),
    )
    person = attrs.evolve(
        alternative("person", "Person-based", 12_010), orders=[order("SM-2027-03", target={"person": "Rufus Firefly"})]
    )
    return result([alternative(), conditions, person])


def unchanged() -> SimulationResult:
    """An empty change, on one day, without labels, of a population where nothing else is known."""
    quiet = a_day("2027-01-15", 0)
    empty = attrs.evolve(
        alternative("same", "The same rules"),
        about="", orders=[], changes=[], no_effect="The candidate is the baseline: both have the same digest.",
        main=quiet, timeline=[quiet], bite=None, impact={}, rules=[], demands=[], restrictions=[], examples=[],
        evasion=[], precision=None, factors=[],
    )  # fmt: skip
    made = result([empty])
    population = attrs.evolve(made.population, malicious=0, legitimate=0, left_out=12, actions={}, source={})
    return attrs.evolve(made, about="", population=population, rechecked=0)


def suppressed() -> SimulationResult:
    one = alternative()
    timeline = [attrs.evolve(day, released=None) for day in one.timeline[:3]] + [a_day("2027-07-14", None)]
    cells = [
        Cell(code, name, 100 + n, None, None) for n, (code, name) in enumerate([("FR", "France"), ("SG", "Singapore")])
    ]
    other = attrs.evolve(
        one,
        timeline=timeline,
        main=timeline[-1],
        impact={"place": [*places(20_000), *cells], "reseller": [Cell("R-1", "Few", 30, None, None)]},
        rules=[attrs.evolve(rule, before=None) for rule in one.rules],
        evasion=[attrs.evolve(way, evaded=None, malicious=None) for way in one.evasion],
        precision=Precision(2_000, None, 998_000, None),
    )
    return result([other], suppressed_below=10)


def _letters(number: int) -> str:
    return f"{UGLY} {number} " + "of a very long name that goes on and on " * 2


def huge() -> SimulationResult:
    """Two alternatives on ten million accounts, with 300 resellers, 250 places, a year of days and ugly names."""
    countries = sorted(country.alpha_2 for country in pycountry.countries)
    many = [
        Cell(
            code,
            pycountry.countries.get(alpha_2=code).name,
            40_000 + 3 * int(1.06**n),
            int(1.06**n) + n,
            int(1.06**n) - 1,
        )
        for n, code in enumerate(countries)
    ]
    resellers = [Cell(f"R-{n}", _letters(n), 33_000, n * 110, n * 101) for n in range(300)]
    resellers += [Cell("R-X", "", 5, 0, 0), Cell("R-300", _letters(299), 10_000_000, 10_000_000, 9_999_999)]
    first = datetime.date(2027, 1, 10)
    days = [(first + datetime.timedelta(days=n)).isoformat() for n in range(400)]
    timeline = [a_day(day, 9_900_000 + n if 185 <= n < 370 else 0, 10_000_000) for n, day in enumerate(days)]
    made = []
    for n in range(2):
        near = attrs.evolve(order("SM-2"), issued_on="2027-01-20", binding_on="2027-07-19", lapses_after="2028-01-19")
        third = attrs.evolve(order("SM-3", target={"person": UGLY}), binding_on="2027-07-29", lapses_after="")
        made.append(
            attrs.evolve(
                alternative(f"a{n}", _letters(n), 9_900_185),
                about=UGLY,
                orders=[order(), near, third],
                changes=[UGLY],
                main=timeline[185],
                timeline=timeline,
                impact={
                    **impact(9_900_185),
                    "place": [*many, *places(20_000)[6:7], Cell("X-NCYP", "Northern Cyprus", 9, 9, 9)],
                    "reseller": resellers,
                },
                evasion=[Evasion(f"way_{m}", _letters(m), 9_900_185 - m, 5_000_000 // (m + 1), None) for m in range(7)],
                examples=[
                    attrs.evolve(
                        example(), reasons=[UGLY], facts={"customer": {"name": UGLY, "tags": [], "x": {"y": [[1], []]}}}
                    )
                ],
                factors=[Factor("7.307(b)(4)(i)", UGLY, UGLY)],
            )
        )
    population = attrs.evolve(result().population, accounts=10_000_000)
    return result(made, title=_letters(0) * 2, about=UGLY, job=UGLY, baseline_title=UGLY, population=population)


def five() -> SimulationResult:
    """Five alternatives with long names, each on one day and told by nothing."""
    day = a_day("2027-07-14", 9_900_185, 10_000_000)
    small = attrs.evolve(alternative(), main=day, timeline=[day], impact={})
    made = [attrs.evolve(small, id=f"a{n}", title=_letters(n)) for n in range(5)]
    return result(made, population=attrs.evolve(result().population, accounts=10_000_000))


EVERY = {
    "one": result,
    "made up": made_up,
    "three": three,
    "unchanged": unchanged,
    "suppressed": suppressed,
    "huge": huge,
    "five": five,
}
"""What a report is tried on, by name."""


@cache
def rendered(name: str) -> str:
    """The report on one of them."""
    return render(EVERY[name]())
