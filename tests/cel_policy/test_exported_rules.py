"""Rule sets as plain CEL Policy: the text, what it leaves unsaid, and the same findings on every example request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_rules import DAY, fired, item, policy, rule_set, variables

from engine import Decider, Policy, load
from engine.cel_policy.check import check_policy
from engine.cel_policy.checked import CheckedPolicy
from engine.cel_policy.configuration import Configuration
from engine.cel_policy.evaluate import NOTHING, evaluate_policy
from engine.cel_policy.export import AT, configuration_of, export_rule_set
from engine.cel_policy.inputs import inputs_of
from engine.cel_policy.plain_text import SUPPORTED
from engine.cel_policy.reading import read_policy
from engine.language.source import Source
from engine.program.expressions import OPERATIONS
from engine.vocabulary import read_vocabulary

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = ROOT / "fixtures" / "requests"
INDEX = yaml.safe_load((REQUESTS / "index.yaml").read_text("utf-8"))
FIELDS = ("rule", "effect", "section", "message", "at")


class Exported:
    """A policy with the documents that its rule sets were written as, read again and checked."""

    def __init__(self, made: Policy) -> None:
        self._decider = Decider(made)
        configuration = Configuration(configuration_of(made.vocabulary))
        self.texts = {rule_set.name: export_rule_set(rule_set, made.vocabulary) for rule_set in made.program}
        self._documents: dict[str, CheckedPolicy] = {
            name: check_policy(read_policy(Source(name, text.text)), configuration) for name, text in self.texts.items()
        }

    def found(self, request: dict[str, Any]) -> dict[str, Any]:
        """What each document comes to."""
        case = self._decider.case(request)
        derived = self._decider.derived(case)
        inputs = inputs_of(case.action, case.as_of, case.facts, derived, self._decider.policy.vocabulary)
        return {name: evaluate_policy(document, inputs) for name, document in self._documents.items()}

    def findings(self, request: dict[str, Any]) -> list[tuple[str, ...]]:
        """The findings of all documents."""
        results = [found for found in self.found(request).values() if found is not NOTHING]
        return [tuple(said[field] for field in FIELDS) for found in results for rule in found for said in rule]

    def decided(self, request: dict[str, Any]) -> list[tuple[str, ...]]:
        """The findings of the Decider, in the same form."""
        return [
            (found.rule.id, found.rule.effect, found.rule.section, found.rule.message, found.at)
            for found in self._decider.decide(request, "dry_run").findings
            if found.rule.id != "ostiary.law/not-in-force"
        ]


@pytest.fixture(scope="module")
def exported() -> dict[str, Exported]:
    places = {"none": ROOT / "jurisdictions", "fixtures": ROOT / "fixtures" / "jurisdictions"}
    return {name: Exported(load(ROOT / "rules", directory)) for name, directory in places.items()}


@pytest.mark.parametrize("name", sorted(INDEX))
def test_the_findings_of_example_requests(name: str, exported: dict[str, Exported]) -> None:
    documents = exported[INDEX[name]["jurisdictions"]]
    request = {"as_of": "2026-11-22", **json.loads((REQUESTS / name).read_text("utf-8"))}
    assert documents.findings(request) == documents.decided(request)


def small(rules: dict[str, Any], **others: Any) -> Exported:
    return Exported(policy(rules, **others))


def about(customer: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"action": "account.open", "as_of": DAY, "facts": {"customer": customer}, **keys}


def test_a_document() -> None:
    rules = rule_set(
        item("named", "has(customer.identity.status) && variables.is_adult", message='It isn\'t "so".', section="(1)"),
        item("far", "has(owner.ownership_pct) && owner.ownership_pct >= 25.0", **{"for": {"owner": "owners"}}),
        variables=variables(
            is_adult="has(customer.date_of_birth) && calendar.days_between(customer.date_of_birth, as_of) >= 6574"
        ),
        description="Two rules",
        effective={"from": "2024-01-29", "until": "2030-12-31"},
    )
    (text,) = small(rules).texts.values()
    assert text.unsaid == ("how `owners` is worked out, which comes before the rules are read",)
    assert text.text.splitlines()[:2] == [
        "# SRC/7.302(d), from 2024-01-29 to 2030-12-31",
        "# Not said here: how `owners` is worked out, which comes before the rules are read.",
    ]
    far = "{'rule': 'small/far', 'effect': 'deny', 'section': 'SRC/7.302(d)', 'message': 'No, says far.', "
    holds = "has(owner.ownership_pct) && double(owner.ownership_pct) >= 25.0"
    assert yaml.safe_load(text.text) == {
        "name": "small",
        "description": "Two rules",
        "rule": {
            "variables": [
                {
                    "name": "is_adult",
                    "expression": "has(customer.date_of_birth) && (int(timestamp(as_of + "
                    "'T00:00:00Z')) - int(timestamp(customer.date_of_birth + 'T00:00:00Z'))) / 86400 >= 6574",
                }
            ],
            "match": [
                {
                    "condition": "action in ['account.open'] && as_of >= '2024-01-29' && as_of <= '2030-12-31'",
                    "rule": {
                        "aggregate": [
                            {
                                "condition": "has(customer.identity) && has(customer.identity.status) && "
                                "variables.is_adult",
                                "output": "[{'rule': 'small/named', 'effect': 'deny', 'section': "
                                "'SRC/7.302(d)(1)', 'message': 'It isn\\'t \"so\".', "
                                "'at': '/customer/identity/status'}]",
                            },
                            {
                                "condition": f"owners.exists(owner, {holds})",
                                "output": f"owners.map(owner, {holds}, {far}'at': string(owner.at)}})",
                            },
                        ]
                    },
                }
            ],
        },
    }


def test_where_no_document_speaks() -> None:
    documents = small(
        rule_set(item("a", "has(customer.name)"), effective={"from": "2025-01-01", "until": "2025-12-31"})
    )
    cases = [("account.open", "2025-01-01"), ("account.open", "2025-12-31"), ("account.open", "2026-01-01")]
    cases += [("account.open", "2024-12-31"), ("account.maintain", "2025-06-01")]
    found = [documents.found(about({}, action=action, as_of=day))["small"] for action, day in cases]
    assert found == [[], [], NOTHING, NOTHING, NOTHING]


def test_a_number_that_json_has_whole_is_a_double() -> None:
    rules = rule_set(
        item("share", "has(o.ownership_pct) && o.ownership_pct * 2.0 >= 50.0",
             **{"for": {"o": "customer.beneficial_owners"}})
    )  # fmt: skip
    owners = [{"ownership_pct": share} for share in (24.5, 25, 100)]
    findings = small(rules).findings(about({"beneficial_owners": owners}))
    assert [found[-1] for found in findings] == ["/customer/beneficial_owners/1", "/customer/beneficial_owners/2"]


@pytest.mark.parametrize(
    "customer", [{}, {"emails": []}, {"emails": None}, {"address": {}}, {"address": {"city": None}}, {"identity": None}]
)
def test_what_says_nothing_is_missing(customer: dict) -> None:
    names = ("emails", "address", "address.city", "identity.status")
    rules = rule_set(*(item(name.replace(".", "-"), f"!has(customer.{name})") for name in names))
    documents = small(rules)
    assert len(documents.findings(about(customer))) == len(names)
    assert documents.findings(about(customer)) == documents.decided(about(customer))


@pytest.mark.parametrize(
    "name", ["Ada", "Ähm 'quoted' \"x\" \\", "two  spaces", " .  . ", "line\nbreak\ttab", "😀", "a: #b"]
)
def test_texts_survive(name: str) -> None:
    literal = json.dumps(name, ensure_ascii=False)
    rules = rule_set(item("a", f"has(customer.name) && customer.name == {literal}"))
    documents = small(rules)
    assert [found[0] for found in documents.findings(about({"name": name}))] == ["small/a"]
    assert documents.findings(about({"name": name + "x"})) == []


@pytest.mark.parametrize("kind", ["match", "aggregate"])
@pytest.mark.parametrize("customer", [{"name": "A", "emails": ["a@b.example"]}, {"emails": ["a@b.example"]}, {}])
def test_a_choice_that_says_nothing_keeps_later_ones_from_being_taken(kind: str, customer: dict) -> None:
    silent = {"condition": "has(customer.name)", "rule": {"match": [item("never", "interpretation.Q1 == 'wide'")]}}
    inner = {"rule": {"match": [silent, item("later", "has(customer.emails)")]}}
    made = policy(rule_set(inner, item("last", "interpretation.Q2 == 'late'"), kind=kind))
    found = Exported(made).found(about(customer))["small"]
    expected = [one.partition("@")[0] for one in fired(made, {"customer": customer})]
    assert [[said["rule"] for said in rule] for rule in found] == [[f"small/{name}"] for name in expected]


def test_rules_that_never_apply_leave_a_document_that_finds_nothing() -> None:
    documents = small(rule_set(item("a", "interpretation.Q1 == 'wide'")))
    assert documents.found(about({}))["small"] == []


def test_every_operation_is_written() -> None:
    assert set(SUPPORTED) == set(OPERATIONS)


def test_no_element_of_a_derived_list_has_a_field_under_the_name_of_its_place() -> None:
    vocabulary = read_vocabulary()
    for field in vocabulary.derived.values():
        assert AT not in vocabulary.records[field.type.element.name].fields
