"""How findings weigh: the order of effects, and the outcome they add up to."""

from __future__ import annotations

from collections.abc import Iterable

from engine.language.rule_file import EFFECTS
from engine.program.finding import Finding

_RANK = {effect: rank for rank, effect in enumerate(EFFECTS)}


def outcome_of(findings: Iterable[Finding]) -> str:
    """The most severe effect; `allow` when nothing stands against the case."""
    return EFFECTS[max((_RANK[finding.rule.effect] for finding in findings), default=0)]


def is_allowed(outcome: str) -> bool:
    """Whether the caller may go ahead; under `restrict`, only with every restriction honoured."""
    return _RANK[outcome] <= _RANK["restrict"]


def stands_against(finding: Finding) -> bool:
    """Whether the finding alone keeps the answer from being yes."""
    return not is_allowed(finding.rule.effect)
