"""Examples say what matters to the change first, a few of them, and how many accounts they stand for."""

from __future__ import annotations

import attrs
from report_document import ReportDocument
from simulated_results import alternative, example, rendered

from api.report.examples import FACTS, KINDS, examples_in_words, told
from engine.simulation.result import Alternative, Shift
from engine.simulation.suppression import Suppression


def test_what_the_new_findings_are_about_stands_first_and_once() -> None:
    one = told(example(), {"X-FRED": "Freedonia"})
    assert [(fact.name, fact.value) for fact in one.pointed] == [("customer, located in", "Freedonia (X-FRED)")]
    assert [part.name for part in one.parts][:2] == ["Customer", "Account"]
    said = {fact.name: fact.value for part in one.parts for fact in part.facts}
    assert "located in" not in said
    assert said["locations of use"] == "Freedonia (X-FRED), Germany (DE)"
    assert said["is business"] == "yes"
    assert said["beneficial owners 1, ownership in per cent"] == "60.5"
    assert said["opened on"] == "March 4, 2025"
    assert one.standing == 1


def test_a_long_account_is_cut_and_it_is_said_by_how_much() -> None:
    owners = [{"located_in": "DE", "ownership_pct": 30.0, "us_citizen": False}] * 9
    long = attrs.evolve(example(), facts={"customer": {"located_in": "X-FRED", "beneficial_owners": owners}})
    one = told(long, {})
    assert len(one.pointed) + sum(len(part.facts) for part in one.parts) == FACTS
    assert one.further == 1 + 27 - FACTS


def test_what_a_finding_is_about_may_be_left_out_of_the_facts() -> None:
    assert told(attrs.evolve(example(), facts={"customer": {"kind": "entity"}}), {}).pointed == []


def test_only_the_most_frequent_kinds_are_told_and_the_others_named() -> None:
    outcomes = ["allow", "restrict", "hold", "review", "deny"]
    pairs = [(before, after) for before in outcomes for after in outcomes if before != after]
    shifts = [Shift(before, after, 10 + n) for n, (before, after) in enumerate(pairs)]
    one = alternative()
    many = attrs.evolve(
        one,
        main=attrs.evolve(one.main, shifts=shifts),
        examples=[example(n, before, after) for n, (before, after) in enumerate(pairs)],
    )
    found = examples_in_words(many, {})
    assert [kind.accounts for kind, _ in found.told] == [29, 28, 27, 26][:KINDS]
    assert len(found.told) + len(found.others) == len(pairs)


def test_an_example_says_how_many_accounts_it_stands_for() -> None:
    assert "310 for the reasons of account 17" in ReportDocument(rendered("one")).words


def _flipped(shift: int, *accounts: int) -> Alternative:
    one = alternative()
    shifts = [Shift("allow", "allow", 5_000), Shift("allow", "deny", shift)]
    examples = [example(n, accounts=number) for n, number in enumerate(accounts)]
    return attrs.evolve(one, main=attrs.evolve(one.main, shifts=shifts), examples=examples)


def test_no_example_stands_for_few_accounts_and_none_gives_away_what_is_left() -> None:
    hiding = Suppression(20, accounts=100_000)

    def kept(shift: int, *accounts: int) -> list[int | None]:
        return [one.accounts for one in hiding.alternative(_flipped(shift, *accounts)).examples]

    assert kept(98, 50, 30) == [None, None]
    assert kept(98, 98) == [98]
    assert kept(98, 50) == [50]
    assert kept(98, 50, 19) == [50]
    assert kept(19, 19) == []
