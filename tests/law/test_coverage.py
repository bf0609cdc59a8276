"""The law joined with rules, tests and switches."""

from __future__ import annotations

from typing import Any

import pytest
from small_rules import HEAD, item, policy, rule_set

from engine.law import Coverage, Exercise, cover

ONE, TWO, BOTH = Exercise("one", "t.yaml", 4), Exercise("two", "t.yaml", 7), Exercise("both", "t.yaml", 9)
LAW: dict[str, Any] = {
    "SRC": {
        "1.1": {"says": "A question.", "duties": "Answer it."},
        "1.2": {"says": "Another.", "with": "1.1"},
        "7.302": {"says": "A heading.", "terms": {"Signer": {"says": "Who signs.", "facts": ["customer.name"]}}},
        "7.302(d)": {"says": "Names.", "slip": "Misprinted."},
        "7.302(d)(1)": {"says": "Of persons."},
        "7.302(d)(10)": {"says": "Of ships.", "duties": "None."},
    },
    "OLD": {"7.302": {"says": "The older text.", "duties": "Read the newer."}},
}


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    named = "interpretation.Q1 == 'narrow' && has(customer.name)"
    made = policy(
        rule_set(_under("interpretation.Q2 == 'late'", item("a", section="(1)")), kind="match"),
        other={**HEAD, "name": "other", "rule": {"aggregate": [item("b", named), item("c", section="(1)")]}},
        law=LAW,
    )
    fired = {"small/a": (ONE, BOTH), "other/c": (BOTH, TWO)}
    return cover(made.law, made.program, fired)


def _under(condition: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"condition": condition, "rule": {"match": list(items)}}


def row(coverage: Coverage, cite: str) -> Any:
    (found,) = [row for row in coverage.rows if row.paragraph.cite == cite and not row.paragraph.term]
    return found


@pytest.mark.parametrize(
    ("cite", "rules", "tests", "switches"),
    [
        ("SRC/1.1", [], [], ["Q1"]),
        ("SRC/1.2", [], [], ["Q2"]),
        ("SRC/7.302", [], [], []),
        ("SRC/7.302(d)", ["other/b"], [], ["Q1"]),
        ("SRC/7.302(d)(1)", ["other/c", "small/a"], [BOTH, TWO, ONE], ["Q2"]),
        ("SRC/7.302(d)(10)", [], [], []),
        ("OLD/7.302", [], [], []),
    ],
)
def test_a_paragraph_has_its_rules_tests_and_switches(
    coverage: Coverage, cite: str, rules: list[str], tests: list[Exercise], switches: list[str]
) -> None:
    found = row(coverage, cite)
    assert [rule.id for rule in found.rules] == rules
    assert list(found.tests) == tests
    assert [switch.name for switch in found.switches] == switches


def test_rows_keep_the_order_of_the_law(coverage: Coverage) -> None:
    names = [row.paragraph.term or row.paragraph.cite for row in coverage.rows]
    assert names == [
        "SRC/1.1",
        "SRC/1.2",
        "SRC/7.302",
        "Signer",
        "SRC/7.302(d)",
        "SRC/7.302(d)(1)",
        "SRC/7.302(d)(10)",
        "OLD/7.302",
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("1.1", ["1.1"]),
        ("7.302(d)", ["7.302(d)", "7.302(d)(1)", "7.302(d)(10)"]),
        ("7.302(d)(1)", ["7.302(d)(1)"]),
        ("OLD/7.302", ["7.302"]),
        ("SRC/7.302", ["7.302", "Signer", "7.302(d)", "7.302(d)(1)", "7.302(d)(10)"]),
        ("signer", ["Signer"]),
        ("7.30", []),
        ("", []),
        ("NEW/7.302", []),
    ],
)
def test_a_section_is_asked_for_with_what_is_below_it(coverage: Coverage, asked: str, expected: list[str]) -> None:
    assert [row.paragraph.term or row.paragraph.section for row in coverage.of(asked)] == expected


def test_a_shared_answer_is_that_of_the_other_paragraph(coverage: Coverage) -> None:
    assert coverage.answering(row(coverage, "SRC/1.2")) is row(coverage, "SRC/1.1")
    assert coverage.answering(row(coverage, "SRC/1.1")) is row(coverage, "SRC/1.1")
