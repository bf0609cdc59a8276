"""Which changes to a rule its tests notice: small rules whose survivors are known by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import testing
from tests.small_rules import DAY, definitions, files, item, rule_set, variables

WHEN = {"action": "account.open", "as_of": DAY}


def told(given: dict[str, Any], *found: str, **more: Any) -> dict[str, Any]:
    """A rule test that expects these findings of the rule set `small`."""
    then = {"outcome": "deny" if found else "allow", "findings": [f"small/{id_}" for id_ in found]}
    return {"name": "a test", "given": given, "when": WHEN, "then": then, **more}


@pytest.fixture
def report(tmp_path: Path):
    def report(rules: dict[str, Any], *tests: dict[str, Any], **others: Any) -> testing.TestReport:
        for name, text in files(rules, small_test={"tests": list(tests)}, **others).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "jurisdictions").mkdir(exist_ok=True)
        made = testing.run_tests(tmp_path / "rules", tmp_path / "jurisdictions", with_mutants=True)
        assert not made.failed
        return made

    return report


def survivors(proof: testing.Proof | None) -> list[str]:
    assert proof is not None
    return [f"{s.mutant.before} -> {s.mutant.after}" + ("*" if s.is_decided else "") for s in proof.survivors]


def owner(**facts: Any) -> dict[str, Any]:
    return {"customer": {"beneficial_owners": [facts]}}


AT_LEAST = "has(owner.ownership_pct) && owner.ownership_pct >= 25.0"
OWNERS = rule_set(item(condition=AT_LEAST, **{"for": {"owner": "customer.beneficial_owners"}}))
ABSENT, BELOW, AT, ABOVE = owner(id="o"), owner(ownership_pct=24), owner(ownership_pct=25), owner(ownership_pct=26)
READ_AS_PRESENT = "has(owner.ownership_pct) -> true when absent"


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ([told(ABSENT), told(BELOW), told(AT, "a"), told(ABOVE, "a")], []),
        ([told(BELOW), told(AT, "a"), told(ABOVE, "a")], [READ_AS_PRESENT]),
        (
            [told(ABSENT), told(BELOW), told(ABOVE, "a")],
            ["owner.ownership_pct >= 25.0 -> owner.ownership_pct > 25.0"],
        ),
        (
            [told(ABSENT), told(AT, "a")],
            ["owner.ownership_pct >= 25.0 -> true", "owner.ownership_pct >= 25.0 -> owner.ownership_pct <= 25.0"],
        ),
    ],
    ids=["all noticed", "absence untested", "boundary untested", "never below"],
)
def test_a_threshold(report, tests: list[dict[str, Any]], expected: list[str]) -> None:
    assert survivors(report(OWNERS, *tests).proof) == expected


def customer(**facts: Any) -> dict[str, Any]:
    return {"customer": facts}


@pytest.mark.parametrize(
    ("condition", "tests", "expected"),
    [
        (
            "has(customer.name) || has(customer.emails)",
            [told(customer(kind="entity")), told(customer(name="A"), "a")],
            ["has(customer.emails) -> false"],
        ),
        (
            "has(customer.kind) && customer.kind in ['individual', 'entity']",
            [told(customer(name="A")), told(customer(kind="entity"), "a")],
            [
                "customer.kind in ['individual', 'entity'] -> true",
                "customer.kind in ['individual', 'entity'] -> without 'individual'",
            ],
        ),
        (
            "has(customer.payments) && customer.payments.exists(p, has(p.kind))",
            [
                told(customer(name="A")),
                told(customer(payments=[{"kind": "card"}]), "a"),
                told(customer(payments=[{"source": "x"}])),
            ],
            ["customer.payments.exists(p, has(p.kind)) -> customer.payments.all(p, has(p.kind))"],
        ),
        (
            "!has(customer.is_business) || !customer.is_business",
            [told(customer(is_business=False), "a"), told(customer(is_business=True))],
            ["!has(customer.is_business) -> false when absent"],
        ),
        (
            "interpretation.Q1 == 'wide' && has(customer.name)",
            [told(customer(name="A")), told(customer(kind="entity"), interpretations={"Q1": "wide"})],
            ["interpretation.Q1 == 'wide' -> false", "has(customer.name) -> false"],
        ),
    ],
    ids=["a limb", "a word", "a quantifier", "absence", "a reading"],
)
def test_what_no_test_looks_at(report, condition: str, tests: list[dict[str, Any]], expected: list[str]) -> None:
    assert survivors(report(rule_set(item(condition=condition)), *tests).proof) == expected


PERSONS = definitions(
    "definitions.persons",
    (
        ("is_near", "p: person", "has(p.located_in) && p.located_in.within('US')"),
        ("is_far", "p: person", "!persons.is_near(p)"),
        ("is_far", "c: customer", "!persons.is_near(c) || has(c.branch_of_organized_in)"),
        ("is_quiet", "p: person", "!has(p.emails)"),
    ),
    variables=variables(has_owners="has(customer.beneficial_owners)"),
)


def test_a_definition_is_changed_wherever_it_is_used(report) -> None:
    rules = rule_set(
        item("customer", "persons.is_far(customer)"),
        item("owner", "persons.is_far(owner)", **{"for": {"owner": "customer.beneficial_owners"}}),
        uses=["definitions.persons"],
    )
    made = report(
        rules,
        told({"customer": {"located_in": "US", "beneficial_owners": [{"located_in": "US"}]}}),
        told({"customer": {"located_in": "US", "beneficial_owners": [{"id": "o"}]}}, "owner"),
        told({"customer": {"located_in": "FR"}}, "customer"),
        definitions__persons=PERSONS,
    )
    assert survivors(made.proof) == [
        # Of the form for a customer, nothing tells what a branch adds.
        "has(c.branch_of_organized_in) -> false",
    ]
    assert made.proof is not None
    (left,) = made.proof.survivors
    assert (left.mutant.clause.owner, Path(left.mutant.clause.file).name) == ("persons.is_far", "persons.yaml")
    assert made.proof.unused == ("persons.is_quiet(person)", "variables.has_owners")


@pytest.mark.parametrize(
    ("condition", "never"),
    [
        ("has(owner.ownership_pct) && owner.ownership_pct >= 25.0", "has(owner.ownership_pct) -> true"),
        ("!has(owner.ownership_pct) || owner.ownership_pct >= 25.0", "has(owner.ownership_pct) -> true"),
        ("has(owner.ownership_pct) && owner.ownership_pct >= 25.0", "&& -> ||"),
    ],
)
def test_what_would_not_load_is_no_mutant(report, condition: str, never: str) -> None:
    rules = rule_set(item(condition=condition, **{"for": {"owner": "customer.beneficial_owners"}}))
    made = report(rules, told({"customer": {"kind": "entity"}}))
    assert never not in survivors(made.proof)
    assert survivors(made.proof)


def test_a_guard_that_asks_what_is_known_is_no_mutant(report) -> None:
    rules = rule_set(
        {
            "condition": "has(customer.name)",
            "rule": {"aggregate": [item(condition="has(customer.name) && customer.name == 'A'")]},
        },
        kind="match",
    )
    made = report(rules, told(customer(kind="entity")), told(customer(name="A"), "a"), told(customer(name="B")))
    # The inner one is no mutant; the outer one could indeed be left out.
    assert survivors(made.proof) == ["has(customer.name) -> true"]
    assert made.proof.survivors[0].mutant.clause.owner == "small"


def test_a_list_is_there_while_one_looks_at_its_elements(report) -> None:
    alone = "has(customer.holders) && customer.holders.exists_one(other, has(other.id))"
    rules = rule_set(
        item(condition="lists.is_alone(holder)", **{"for": {"holder": "customer.holders"}}), uses=["definitions.lists"]
    )
    made = report(
        rules,
        told({"customer": {"holders": [{"id": "h"}]}}, "a"),
        told({"customer": {"holders": [{"name": "h"}]}}),
        told({"customer": {"holders": [{"id": "h"}, {"id": "g"}]}}),
        definitions__lists=definitions("definitions.lists", (("is_alone", "h: holder", alone),)),
    )
    assert survivors(made.proof) == []


def test_a_test_that_sees_and_does_not_say(report) -> None:
    rules = rule_set(item("a", "has(customer.name)"), item("b", "has(customer.emails)"))
    both = {
        "name": "both",
        "given": customer(name="A", emails=["a@b.example"]),
        "when": WHEN,
        "then": {"outcome": "deny"},
    }
    made = report(rules, both, told(customer(kind="entity")), told(customer(name="A"), "a"))
    assert survivors(made.proof) == ["has(customer.emails) -> false*"]
    assert (made.proof.conditions, made.proof.covered) == (2, 2)


def test_conditions_that_never_decide(report) -> None:
    rules = rule_set(item("a", "has(customer.name) && has(customer.emails)"), item("b", "has(customer.phones)"))
    made = report(rules, told(customer(name="A", emails=["a@b.example"]), "a"), told(customer(name="A")))
    # `has(customer.name)` never decides by being false, `has(customer.phones)` never by being true.
    assert (made.proof.conditions, made.proof.covered) == (3, 1)
    assert made.uncovered == ("small/b",)


def test_rules_that_are_never_quiet(report) -> None:
    rules = rule_set(item("a", "has(customer.name)"), item("b", "has(customer.emails)"))
    made = report(rules, told(customer(name="A"), "a"), told(customer(name="A", emails=["a@b.example"]), "a", "b"))
    assert (made.uncovered, made.never_quiet) == ((), ("small/a",))


def test_an_expression_that_needs_its_constant(report) -> None:
    """Where a value cannot be left open each reading has a program of its own, and shares the mutants."""
    rules = rule_set(item(condition="has(customer.name) && customer.name in [program.unverified.redress]"))
    made = report(
        rules,
        told(customer(name="call us"), "a"),
        told(customer(kind="entity")),
        told(customer(name="call us"), program={"unverified.redress": "write"}),
    )
    assert survivors(made.proof) == []
    one_reading = report(rules, told(customer(name="call us"), "a"))
    assert made.proof.mutants == one_reading.proof.mutants
    assert survivors(one_reading.proof)


def test_in_a_match_the_first_choice_counts(report) -> None:
    rules = rule_set(item("a", "has(customer.name)"), item("b", "has(customer.emails)"), kind="match")
    made = report(rules, told(customer(name="A"), "a"), told(customer(emails=["a@b.example"]), "b"))
    # That `b` is not asked once `a` holds needs no test of its own: no change to a condition alters it.
    assert survivors(made.proof) == ["has(customer.emails) -> true"]
