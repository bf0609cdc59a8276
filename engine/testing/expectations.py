"""What a test expects, held against a decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.decision import Decision


def differences(decision: Decision, then: Mapping[str, Any]) -> Iterator[str]:
    """Every way in which a decision is not what the `then` of a test says, in words; nothing when it passes."""
    document = decision.document
    found = [finding.rule.id for finding in decision.findings]
    needs = [need["at"] for need in document["needs"]]
    if document["outcome"] != then["outcome"]:
        yield f"outcome is {document['outcome']}, expected {then['outcome']} (findings: {_list(found)})"
    if "findings" in then and found != then["findings"]:
        yield f"findings are {_list(found)}, expected {_list(then['findings'])}"
    missing = [rule for rule in then.get("includes", []) if rule not in found]
    if missing:
        yield f"findings are {_list(found)}, without {_list(missing)}"
    if "needs" in then and needs != then["needs"]:
        yield f"needs are {_list(needs)}, expected {_list(then['needs'])}"
    if "restrictions" in then and len(document["restrictions"]) != then["restrictions"]:
        yield f"there are {len(document['restrictions'])} restrictions, expected {then['restrictions']}"


def _list(items: Sequence[str]) -> str:
    return ", ".join(items) if items else "none"
