"""What the text of the law and the rules say of each other: sections, names, and paragraphs that nothing answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from small_rules import HEAD, definitions, files, item, mistakes, policy, rule_set, variables

from engine import PolicyError, load_files

DUTY = {"says": "Something is owed.", "duties": "The provider owes it."}
HEADING = {"says": "What follows."}
SWITCHES = {"1.1": DUTY, "1.2": DUTY}
"""The sections of the two switches of the small policies."""


def law(more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A law of 7.302(d)(1) to (2)(i), the sections of the switches, and more sections."""
    sections = {"7.302": HEADING, "7.302(d)": DUTY, "7.302(d)(1)": DUTY, "7.302(d)(2)": HEADING, "7.302(d)(2)(i)": DUTY}
    return {"SRC": {**SWITCHES, **sections, **(more or {})}}


def said(rules: Mapping[str, Any], **others: Any) -> list[tuple[str, str, int, str | None]]:
    return [(d.code, d.message, d.span.length, d.help) for d in mistakes(rules, **others)]


@pytest.mark.parametrize("section", [None, "(1)", "(2)(i)", "7.302(d)(1)"])
def test_a_section_that_exists_may_be_cited(section: str | None) -> None:
    keys = {} if section is None else {"section": section}
    assert said(rule_set(item(**keys)), law=law()) == []


@pytest.mark.parametrize(
    ("section", "cited", "help_"),
    [
        ("(3)", "7.302(d)(3)", "`7.302(d)` has `(1)`, `(2)`"),
        ("(1)(i)", "7.302(d)(1)(i)", "`7.302(d)(1)` has no paragraphs below it"),
        ("(2)(ii)(A)", "7.302(d)(2)(ii)(A)", "`7.302(d)(2)` has `(i)`"),
        ("7.320(d)", "7.320(d)", "did you mean `7.302(d)`?"),
    ],
)
def test_a_section_that_does_not_exist_may_not(section: str, cited: str, help_: str) -> None:
    complaint = ("R502", f"the law has no paragraph `{cited}`", len(f'"{section}"'), help_)
    assert said(rule_set(item(section=section)), law=law()) == [complaint]


def test_a_rule_set_of_a_section_that_does_not_exist_is_told_once() -> None:
    rules = rule_set(item("a"), item("b", section="(1)"), item("c", section="7.302(e)"), section="7.302(q)")
    assert [(d.code, d.message) for d in mistakes(rules, law=law())] == [
        ("R502", "the law has no paragraph `7.302(q)`"),
        ("R502", "the law has no paragraph `7.302(e)`"),
    ]


@pytest.mark.parametrize(
    "others",
    [{}, {"law": {"OLD": {"1.1": DUTY, "1.2": DUTY}}}],
    ids=["there is no law", "the law is that of another source"],
)
def test_what_is_not_written_down_may_be_cited_freely(others: dict[str, Any]) -> None:
    assert said(rule_set(item(section="9.999(z)")), **others) == []


def test_a_law_at_fault_finds_no_fault_with_rules() -> None:
    broken = law({"7.302(d)(2)(i)(A)(1)": DUTY})
    assert [d.code for d in mistakes(rule_set(item(section="(9)")), law=broken)] == ["R501"]


def test_a_rule_at_fault_leaves_no_paragraph_unanswered() -> None:
    unanswered = law({"7.302(e)": HEADING})
    rules = rule_set(item(section="7.302(e)", condition="has(customer.emials)"))
    assert [d.code for d in mistakes(rules, law=unanswered)] == ["R303"]


@pytest.mark.parametrize(
    ("paragraph", "is_answered"),
    [
        ({}, False),
        ({"slip": "A slip answers nothing."}, False),
        ({"definitions": ["d.is_known"]}, True),
        ({"definitions": ["variables.is_named"]}, True),
        ({"facts": ["customer.payments.kind"]}, True),
        ({"facts": ["measures.state"]}, True),
        ({"program": ["unverified.terms"]}, True),
        ({"orders": ["finding"]}, True),
        ({"duties": "The provider owes it."}, True),
        ({"untranslatable": "It is open.", "decides": "A court."}, True),
        ({"with": "7.302(d)(1)"}, True),
        ({"with": "7.302(d)(2)"}, False),
        ({"terms": {"signer": DUTY}}, True),
        ({"terms": {"signer": HEADING}}, False),
    ],
)
def test_every_paragraph_needs_an_answer(paragraph: dict[str, Any], is_answered: bool) -> None:
    found = mistakes(
        rule_set(item()),
        law=law({"7.303": {"says": "A paragraph.", **paragraph}}),
        definitions__d=definitions(
            functions=(("is_known", "c: customer", "has(c.name)"),), variables=variables(is_named="has(customer.name)")
        ),
    )
    assert [d.code for d in found] == ([] if is_answered else ["R503"])


def test_a_rule_answers_the_paragraph_it_cites_and_no_other() -> None:
    open_ = {"7.303": HEADING, "7.303(a)": HEADING, "7.303(b)": HEADING}
    found = mistakes(rule_set(item(section="7.303(a)")), law=law(open_))
    assert [d.message for d in found] == ["nothing answers `7.303(b)`"]


def test_definitions_that_could_not_be_read_are_not_missed() -> None:
    named = law({"7.303": {"says": "Said.", "definitions": ["d.is_known"]}})
    found = mistakes(rule_set(item()), law=named, definitions__d="name: definitions.d\nfunctions: 5\n")
    assert [d.code for d in found] == ["R203"]


@pytest.mark.parametrize(("program", "codes"), [("", ["R203"]), ("verification: 5\n", ["R402"] * 7), (None, ["R208"])])
def test_a_program_at_fault_is_not_missed_but_one_that_is_not_there_is(program: str | None, codes: list[str]) -> None:
    texts = files(rule_set(item()), law=law({"7.303": {"says": "Said.", "program": ["unverified.pending"]}}))
    del texts["rules/program.yaml"]
    with pytest.raises(PolicyError) as refused:
        load_files(texts if program is None else {**texts, "rules/program.yaml": program})
    assert [d.code for d in refused.value.diagnostics] == codes


def test_the_law_decides_nothing_and_is_no_part_of_the_digest() -> None:
    without = policy(rule_set(item()))
    with_law = policy(rule_set(item()), law=law())
    assert without.digest == with_law.digest
    assert "rules/law.yaml" in with_law.files
    assert load_files(with_law.files).law.paragraphs == with_law.law.paragraphs


def test_switches_are_shown_with_the_reading_in_use() -> None:
    switch = policy(rule_set(item()), law=law()).law.switches[0]
    assert (switch.name, switch.section, switch.chosen, switch.reading) == ("Q1", "1.1", "narrow", "less")


# -- two rules with one message

VERSIONS = [
    ({"from": "2024-01-29"}, {"from": "2025-01-01"}, True),
    ({"from": "2024-01-29", "until": "2025-01-01"}, {"from": "2025-01-01"}, True),
    ({"from": "2024-01-29", "until": "2024-12-31"}, {"from": "2025-01-01"}, False),
    ({"from": "2025-01-01"}, {"from": "2024-01-29", "until": "2024-12-31"}, False),
]


@pytest.mark.parametrize(("one", "other", "collide"), VERSIONS)
def test_versions_of_a_rule_may_say_the_same(one: dict[str, str], other: dict[str, str], collide: bool) -> None:
    later = {**HEAD, "name": "later", "effective": other, "rule": {"aggregate": [item("a", message="Sign here.")]}}
    found = mistakes(rule_set(item("a", message="Sign  HERE."), effective=one), later=later)
    assert [d.code for d in found] == (["R213"] if collide else [])


def test_a_rule_written_twice_is_one_mistake() -> None:
    assert [d.code for d in mistakes(rule_set(item("a"), item("a")))] == ["R205"]


def test_messages_are_compared_across_files_and_blocks() -> None:
    nested = {"condition": "has(customer.name)", "rule": {"aggregate": [item("b", message="Sign.")]}}
    rules = rule_set(nested, kind="match")
    other = {**HEAD, "name": "other", "rule": {"aggregate": [item("c", message="Sign.")]}}
    (found,) = mistakes(rules, other=other)
    assert "`other/c`" in found.message
    assert "`small/b`" in found.message
