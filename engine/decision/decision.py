"""The decision as a value, and its one JSON shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from engine.decision.severity import is_allowed
from engine.program.finding import Finding


@attrs.frozen(eq=False, slots=False)
class Decision:
    """What was decided, why, and what would help.

    `needs` are JSON objects `{"at": pointer, "schema": JSON Schema}`; `policy` identifies what decided.
    """

    outcome: str
    findings: Sequence[Finding]
    needs: Sequence[Mapping[str, Any]]
    policy: Mapping[str, str]

    @property
    def allowed(self) -> bool:
        """Whether the caller may go ahead; under `restrict`, only with every restriction honoured."""
        return is_allowed(self.outcome)

    @property
    def restrictions(self) -> list[dict[str, str]]:
        """The terms under which a restricted decision allows, each with the rule that asks for it."""
        if self.outcome != "restrict":
            return []
        found = {
            (finding.rule.id, term, finding.order): None
            for finding in self.findings
            if finding.rule.effect == "restrict"
            for term in finding.terms or (finding.rule.message,)
        }
        return [{"rule": rule, "term": term} | ({"order": order} if order else {}) for rule, term, order in found]

    @cached_property
    def document(self) -> dict[str, Any]:
        """The decision as JSON, without what only a log can add (its id and its place)."""
        return {
            "outcome": self.outcome,
            "allowed": self.allowed,
            "findings": [_finding(finding) for finding in self.findings],
            "needs": list(self.needs),
            "restrictions": self.restrictions,
            "duties": [],
            "policy": dict(self.policy),
        }


def _finding(finding: Finding) -> dict[str, str]:
    document = {
        "rule": finding.rule.id,
        "effect": finding.rule.effect,
        "section": finding.rule.section,
        "message": finding.rule.message,
        "at": finding.at,
    }
    return document | ({"order": finding.order} if finding.order else {})
