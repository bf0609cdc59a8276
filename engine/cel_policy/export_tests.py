"""Decided cases as tests of an exported document, in the form of cel-policy's `tests.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import attrs

from engine.cel_policy.export import AT
from engine.program.finding import Finding
from engine.program.rule_set import RuleSet


@attrs.frozen(eq=False)
class DecidedCase:
    """A case under a name: the inputs of the documents, and what was found, in file order."""

    name: str
    inputs: Mapping[str, Any]
    findings: Sequence[Finding]


def tests_of(rule_set: RuleSet, cases: Sequence[DecidedCase]) -> dict[str, Any]:
    """The cases as tests of one rule set's document."""
    return {
        "name": rule_set.name,
        "description": "What Ostiary decides on these cases",
        "section": [{"name": "cases", "tests": [_test(rule_set, case) for case in cases]}],
    }


def _test(rule_set: RuleSet, case: DecidedCase) -> dict[str, Any]:
    is_law = case.inputs["action"] in rule_set.actions and rule_set.in_force(case.inputs["as_of"])
    return {
        "name": case.name,
        "input": {name: {"value": value} for name, value in case.inputs.items()},
        "output": {"value": _found(rule_set, case.findings)} if is_law else {"expr": "optional.none()"},
    }


def _found(rule_set: RuleSet, findings: Sequence[Finding]) -> list[list[dict[str, str]]]:
    """The findings of the rule set, those of one rule together."""
    own = [finding for finding in findings if finding.rule.id.startswith(f"{rule_set.name}/")]
    return [[_finding(finding) for finding in of_rule] for _, of_rule in groupby(own, lambda found: found.rule.id)]


def _finding(finding: Finding) -> dict[str, str]:
    rule = finding.rule
    return {"rule": rule.id, "effect": rule.effect, "section": rule.section, "message": rule.message, AT: finding.at}
