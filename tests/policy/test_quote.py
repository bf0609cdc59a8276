"""Rules are found in the texts they were loaded from, and shown as they stand there."""

from __future__ import annotations

import pytest

from bench.shipped import ROOT, RULES
from engine import Policy, load
from engine.policy.quote import Quotations, Quote

RULE_SET = """\
name: a.b
rule:
  match:
    # Who it is about
    - condition: >-
        has(customer)
        && true

      rule:
        aggregate:
          - id: one
            effect: hold
            needs: [customer.id]  # the account's own
            message: One.

          - id: two
            effect: deny
            message: >-
              Two, and
              a second line.
"""
TIGHTEN = "# Stricter\na.b/one: deny\na.b/two:\n  effect: deny\n  message: No.  # never\n"
FILES = {"rules/x/b.yaml": RULE_SET, "overlays/1/tighten.yaml": TIGHTEN}


@pytest.fixture(scope="module")
def stricter() -> Policy:
    return load([RULES, ROOT / "fixtures" / "programs" / "stricter"], ROOT / "fixtures" / "jurisdictions")


def test_every_rule_of_a_policy_is_found_where_it_stands(stricter: Policy) -> None:
    quotations = Quotations(stricter.files)
    for rule_set in stricter.program:
        for rule in rule_set.rules:
            found = quotations.rule(rule.id)
            assert found is not None, rule.id
            assert (found.rule.file, found.rule.first <= rule.span.line <= found.rule.last) == (rule_set.file, True)
            text = stricter.files[rule_set.file].split("\n")
            assert list(found.rule.lines) == text[found.rule.first - 1 : found.rule.last]
            ids = [line.split("id: ")[1] for line in found.rule.lines if line.lstrip(" -").startswith("id: ")]
            assert ids == [rule.id.rpartition("/")[2]]


def test_whole_lines_are_quoted_with_the_conditions_above_and_what_overlays_say() -> None:
    found = Quotations(FILES).rule("a.b/one")
    assert found is not None
    assert list(found.rule.numbered) == [
        (11, "- id: one"),
        (12, "  effect: hold"),
        (13, "  needs: [customer.id]  # the account's own"),
        (14, "  message: One."),
    ]
    (above,) = found.under
    assert (above.first, above.last, above.lines[-1]) == (5, 7, "        && true")
    assert found.tightened == (Quote("overlays/1/tighten.yaml", 2, ("a.b/one: deny",)),)


def test_a_text_of_several_lines_is_quoted_to_its_end() -> None:
    found = Quotations(FILES).rule("a.b/two")
    assert found is not None
    assert (found.rule.first, found.rule.last) == (16, 20)
    assert found.rule.lines[-1].strip() == "a second line."
    (made,) = found.tightened
    assert (made.first, made.lines[-1]) == (3, "  message: No.  # never")


@pytest.mark.parametrize("id_", ["a.b/three", "a/one", "a.b", "", "/one", "b.yaml/one"])
def test_what_is_not_there_is_not_quoted(id_: str) -> None:
    assert Quotations(FILES).rule(id_) is None


@pytest.mark.parametrize(
    "text", ["", "- a.b", "name: a.b", "name: [a.b]\nrule: {match: []}", "name: a.b\nrule: {match: x"]
)
def test_a_file_that_cannot_be_read_is_passed_over(text: str) -> None:
    broken = {"rules/a.yaml": text, "overlays/1/tighten.yaml": "["}
    assert Quotations(broken).rule("a.b/one") is None
    found = Quotations({**FILES, "rules/a.yaml": text}).rule("a.b/one")
    assert found is not None
    assert found.rule.file == "rules/x/b.yaml"


def test_a_measure_is_quoted_whole(stricter: Policy) -> None:
    found = Quotations(stricter.files).order("sylvania-2026")
    assert found is not None
    assert found.file == "jurisdictions/measures/sylvania-conditions.yaml"
    assert "\n".join(found.lines) == stricter.files[found.file].rstrip()
    assert Quotations(stricter.files).order("sylvania") is None


def test_a_section_is_told_in_the_words_of_the_rule_files(stricter: Policy) -> None:
    quotations = Quotations(stricter.files)
    assert quotations.paragraph("FR-2024-01580/7.300(a)") == (
        "Providers and their foreign resellers keep records of accounts of foreign persons and verify who these are."
    )
    assert quotations.paragraph("FR-2024-01580/9.9") is None
    assert quotations.source("FR-2024-01580")["status"] == "proposed_not_in_force"
    assert quotations.source("CH-CIP-7")["title"]
    assert quotations.source("nothing") == {}
    assert Quotations({}).paragraph("FR-2024-01580/7.300(a)") is None
