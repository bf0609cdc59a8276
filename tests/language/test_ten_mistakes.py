"""Independent mistakes are told one by one, each where it stands, and none of them twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import PolicyError, load
from engine.language.diagnostic import CODES
from engine.language.rendering import render_json, render_sarif, render_text

ROOT = Path(__file__).resolve().parents[2]

FIRST = """\
name: bad.first
descripton: A key that is nearly right
source: FR-2024-01581
section: 7.302(d)(1)(iii
effective: {from: 2024-02-30}
actions: [account.opn]
uses: [definitions.persons]
rule:
  match:
    - condition: variables.subject_to_cpi
      rule:
        aggregate:
          - id: one
            condition: "!has(customer.emials)"
            effect: hold
            needs: [customer.emails]
            message: An email address has not been collected.
          - id: two
            condition: persons.is_foreing(customer)
            effect: denyy
            message: The customer is foreign.
          - id: three
            condition: customer.name == 'x'
            effect: deny
            message: The name is x.
"""
FIRST_TOLD = [
    ("R201", 2, 1, "description"),
    ("R208", 3, 9, "FR-2024-01580"),
    ("R207", 4, 10, ""),
    ("R206", 5, 19, ""),
    ("R204", 6, 11, "account.open"),
    ("R302", 10, 18, "variables.subject_to_cip"),
    ("R303", 14, 39, "emails"),
    ("R302", 19, 24, "persons.is_foreign"),
    ("R204", 20, 21, "deny"),
    ("R306", 23, 24, "has(customer.name)"),
]

SECOND = """\
name: bad.second
source: FR-2024-01580
section: 7.302(d)(1)(iii)
effective: {from: 2024-01-29}
actions: [account.open]
uses: [definitions.persons]
rule:
  aggregate:
    - id: one
      condition: has(customer.kind) && customer.kind == 'entty'
      effect: deny
      message: The kind is no kind.
    - id: two
      condition: >-
        has(customer.located_in)
        && customer.located_in == 'UK'
      effect: deny
      message: The customer is in a place that is none.
    - id: three
      condition: interpretation.Q05 == "verifed"
      effect: deny
      message: The switch has no such option.
    - id: three
      condition: |
        has(customer.emails) &&
          customer.emails[0] == 'a@b.example'
      effect: deny
      message: An index can fail.
    - id: five
      for: {owner: customer.beneficial_owners}
      condition: has(owner.ownership_pct) && owner.ownership_pct >= 25
      effect: deny
      message: An integer is compared with a share.
    - id: six
      effect: hold
      message: A hold that asks for nothing.
    - id: seven
      condition: customer.name
      effect: deny
      message: A name is not a condition.
    - id: eight
      condition: has(customer.name
      effect: deny
      message: A parenthesis is missing.
    - id: nine
      for: {owner: customer.beneficial_owner}
      condition: "!has(owner.phones)"
      effect: hold
      needs: [owner.phones]
      message: The list has another name.
"""
SECOND_TOLD = [
    ("R308", 10, 57, "entity"),
    ("R309", 16, 35, "ISO 3166"),
    ("R308", 20, 40, "verified"),
    ("R205", 23, 11, "line 19"),
    ("R305", 26, 26, "exists"),
    ("R304", 31, 66, "25.0"),
    ("R212", 35, 15, "needs"),
    ("R307", 38, 18, ""),
    ("R301", 42, 35, ""),
    ("R311", 46, 29, "beneficial_owners"),
]


def mistakes(tmp_path: Path, text: str) -> PolicyError:
    """What loading says of the shipped rules with one more file."""
    for file in [*(ROOT / "rules").glob("*.yaml"), *(ROOT / "rules" / "definitions").glob("*.yaml")]:
        copy = tmp_path / file.relative_to(ROOT / "rules")
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(file.read_text("utf-8"), "utf-8")
    (tmp_path / "bad.yaml").write_text(text, "utf-8")
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, ROOT / "jurisdictions")
    return caught.value


@pytest.mark.parametrize(("text", "told"), [(FIRST, FIRST_TOLD), (SECOND, SECOND_TOLD)])
def test_ten_mistakes_give_ten_diagnostics(tmp_path: Path, text: str, told: list[tuple[str, int, int, str]]) -> None:
    error = mistakes(tmp_path, text)
    found = [(d.code, d.span.line, d.span.column) for d in error.diagnostics]
    assert found == [place[:3] for place in told]
    for diagnostic, (*_, help_) in zip(error.diagnostics, told, strict=True):
        assert help_ in (diagnostic.help or "")


def test_the_three_renderings_are_of_one_record(tmp_path: Path) -> None:
    error = mistakes(tmp_path, FIRST)
    text = render_text(error.diagnostics, error.texts)
    as_json = json.loads(render_json(error.diagnostics))
    (run,) = json.loads(render_sarif(error.diagnostics))["runs"]
    assert len(as_json) == len(run["results"]) == len(text.split("\n\n")) == 10
    for block, record, result in zip(text.split("\n\n"), as_json, run["results"], strict=True):
        span = record["span"]
        assert block.startswith(f"error[{record['code']}] {span['file']}:{span['line']}:{span['column']}: ")
        assert "^" * span["length"] in block
        assert result["ruleId"] == record["code"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (region["startLine"], region["startColumn"]) == (span["line"], span["column"])


def test_messages_follow_the_style(tmp_path: Path) -> None:
    for text in (FIRST, SECOND):
        for diagnostic in mistakes(tmp_path, text).diagnostics:
            assert not diagnostic.message.endswith(".")
            assert diagnostic.message[0].islower() or diagnostic.message[0] == "`"


def test_every_code_is_documented() -> None:
    page = (ROOT / "docs" / "diagnostics.md").read_text("utf-8")
    assert [code for code in CODES if f"## {code}" not in page] == []
