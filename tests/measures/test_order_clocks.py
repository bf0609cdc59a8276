"""The life of an order in every reading of its clocks (7.307(a)(5)-(6), Q27, Q28)."""

from __future__ import annotations

import datetime

import pytest
from small_rules import files, item, rule_set

from engine import PolicyError, load_files
from engine.policy.constants import Overrides

CLOCKS = """
Q27: {question: First day?, section: "7.307(a)(5)", options: {included: a, excluded: b}, chosen: included, reason: R,
      date: 2026-01-01}
Q28: {question: Anew?, section: "7.307(a)(6)", options: {not_for_extension: a, anew: b}, chosen: not_for_extension,
      reason: R, date: 2026-01-01}
"""
ORDER = {"id": "o", "kind": "prohibition", "target": {"jurisdiction": "FR"}, "issued_on": "2026-01-10", "finding": "F."}


def order(readings: dict[str, str], **more):
    texts = files(rule_set(item()), jurisdictions__measures__o={**ORDER, **more})
    texts["rules/interpretations.yaml"] = CLOCKS
    return load_files(texts, Overrides(readings)).orders[0]


def states(an_order, *days: str) -> list[str]:
    return [an_order.state(day) for day in days]


def test_the_days_of_a_plain_order():
    plain = order({})
    days = ("2026-01-09", "2026-01-10", "2026-07-08", "2026-07-09", "2027-01-09", "2027-01-10")
    assert states(plain, *days) == [
        "not_issued",
        "issued_not_binding",
        "issued_not_binding",
        "binding",
        "binding",
        "lapsed",
    ]
    assert (plain.binding_on, plain.last_day) == ("2026-07-09", "2027-01-09")
    issued, last = (datetime.date.fromisoformat(day) for day in (plain.issued_on, plain.last_day))
    assert (last - issued).days + 1 == 365


def test_the_day_of_issue_may_be_left_out_of_the_365():
    assert states(order({"Q27": "excluded"}), "2027-01-10", "2027-01-11") == ["binding", "lapsed"]


def test_an_order_across_a_leap_day_counts_days_and_not_years():
    leap = order({}, issued_on="2027-06-01")
    assert (leap.binding_on, leap.last_day) == ("2027-11-28", "2028-05-30")


EXTENSION = {"published_on": "2027-01-05", "until": "2027-12-31"}


def test_an_extension_binds_without_a_pause():
    extended = order({}, extensions=[EXTENSION, {"published_on": "2027-12-31", "until": "2028-03-01"}])
    days = ("2027-01-09", "2027-01-10", "2027-12-31", "2028-01-01", "2028-03-01", "2028-03-02")
    assert states(extended, *days) == ["binding", "extended", "extended", "extended", "extended", "lapsed"]


def test_an_extension_binds_anew_in_the_other_reading():
    extended = order({"Q28": "anew"}, extensions=[EXTENSION])
    days = ("2027-01-09", "2027-01-10", "2027-07-03", "2027-07-04", "2027-12-31", "2028-01-01")
    assert states(extended, *days) == [
        "binding",
        "issued_not_binding",
        "issued_not_binding",
        "extended",
        "extended",
        "lapsed",
    ]


def test_an_extension_shorter_than_180_days_never_binds_in_the_other_reading():
    short = order({"Q28": "anew"}, extensions=[{"published_on": "2027-01-05", "until": "2027-03-01"}])
    assert states(short, "2027-01-10", "2027-03-01", "2027-03-02") == [
        "issued_not_binding",
        "issued_not_binding",
        "lapsed",
    ]


def test_an_extension_without_an_end_is_open():
    opened = order({}, extensions=[{"published_on": "2027-01-05"}])
    assert states(opened, "2027-01-09", "2027-01-10", "9999-12-31") == ["binding", "extension_open", "extension_open"]
    assert opened.last_day == ""


@pytest.mark.parametrize(
    ("wrong", "message", "help_"),
    [
        (
            {"issued_on": "02/01/2027"},
            "`issued_on` is not a day of the form YYYY-MM-DD",
            "write the year first, such as 2026-01-31",
        ),
        ({"issued_on": "2027-02-30"}, "`issued_on` is not a day that exists", "write it as YYYY-MM-DD"),
        (
            {"target": {"jurisdiction": "FR", "person": "Ada"}},
            "`target` has more than one key",
            "write one alone: `jurisdiction` or `person`",
        ),
    ],
)
def test_an_order_of_another_form_is_told_its_form(wrong, message, help_):
    with pytest.raises(PolicyError) as caught:
        order({}, **wrong)
    assert [(one.message, one.help) for one in caught.value.diagnostics] == [(message, help_)]


@pytest.mark.parametrize(
    ("wrong", "section"),
    [
        ({"finding": ""}, "7.307(a)(3)"),
        ({"extensions": [{"published_on": "2027-01-10", "until": "2027-12-31"}]}, "7.307(a)(5)"),
        ({"extensions": [{"published_on": "2026-01-09", "until": "2027-12-31"}]}, "7.307(a)(5)"),
        ({"extensions": [{"published_on": "2026-12-01", "until": "2027-01-09"}]}, "7.307(a)(5)"),
        ({"extensions": [EXTENSION, {"published_on": "2028-01-01", "until": "2028-02-01"}]}, "7.307(a)(5)"),
        ({"target": {"jurisdiction": "PR"}}, "7.307(b)(1)"),
        ({"kind": "conditions"}, "7.307(b)"),
    ],
)
def test_an_order_that_breaks_the_rule_is_refused_with_its_section(wrong, section):
    with pytest.raises(PolicyError) as caught:
        order({}, **wrong)
    assert len(caught.value.diagnostics) == 1
    assert section in caught.value.diagnostics[0].message
