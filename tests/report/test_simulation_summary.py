"""What `ostiary simulate` says at its end: a table of the alternatives that a terminal shows as it is."""

from __future__ import annotations

import attrs
from simulated_results import alternative, made_up, result, suppressed, three, unchanged

from api.cli.simulation_summary import summary
from api.report.wording import MADE_UP
from engine.simulation.result import Day, Shift


def test_alternatives_stand_in_columns() -> None:
    lines = list(summary(three()))
    table = lines[2:6]
    assert [line.index(words) for line, words in zip(table, ["caught", "12,346", "12,002", "12,010"], strict=True)] == [
        table[0].index("caught")
    ] * 4
    assert "12,346 of 938,800 (1.3%)" in table[1]
    assert "310 (15.5%)" in table[1]
    assert "9,807 of 12,345 (79.4%), place of use" in table[1]


def test_accounts_that_are_made_up_are_called_so() -> None:
    assert [line for line in summary(made_up()) if "made up" in line] == [MADE_UP]
    assert not [line for line in summary(result()) if "made up" in line]


def test_those_whose_outcome_changes_without_being_caught_are_told() -> None:
    own = Day("2027-07-14", [Shift("allow", "allow", 9), Shift("hold", "deny", 2)], 2, 0, 0)
    lines = list(summary(result([attrs.evolve(alternative(), main=own)])))
    assert "nobody to try" in lines[3]
    assert "Prohibition: another outcome without being caught: 2 (hold to deny 2)" in lines
    assert not [line for line in summary(unchanged()) if "another outcome" in line]
    few = attrs.evolve(own, shifts=[*own.shifts, Shift("hold", "allow", None)], released=None)
    hidden = result([attrs.evolve(alternative(), main=few)], suppressed_below=2)
    assert "another outcome without being caught: at least 2 (hold to deny 2, hold to allow not shown)" in "\n".join(
        summary(hidden)
    )


def test_what_changes_nothing_says_why() -> None:
    text = "\n".join(summary(unchanged()))
    assert "The same rules: nothing changes. The candidate is the baseline" in text
    assert "no labels" in text


def test_no_number_stands_for_what_is_suppressed() -> None:
    assert "not shown" in "\n".join(summary(suppressed()))


def test_a_sample_is_named_and_a_long_title_is_cut() -> None:
    one = alternative(title="A measure with a title of many words that no table bears")
    drawn = attrs.evolve(one, evasion=[attrs.evolve(way, sample=20_000) for way in one.evasion])
    text = "\n".join(summary(result([drawn])))
    assert "20,000 accounts, drawn at random of those caught" in text
    assert "A measure with a title of many …" in text
