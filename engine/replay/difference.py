"""Two decisions on one request, and what one says otherwise than the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from engine.language.rule_file import EFFECTS

NO_OUTCOME = "none"
"""Stands for the outcome where there is no decision: the request is not accepted, or the record is damaged."""

OUTCOMES = (*EFFECTS, NO_OUTCOME)
"""Outcomes from the mildest to the most severe."""


@attrs.frozen
class RuleAt:
    """A rule by its id, with the section it cites."""

    rule: str
    section: str


@attrs.frozen
class Difference:
    """What two decisions have in common and what not.

    `before` and `after` are members of OUTCOMES. `fires` are the rules with findings only afterwards, `silent` those
    with findings only before, `altered` those with findings in both that are not the same (another effect, section,
    message, place or order). `parts` are the other keys of the decision's document whose values are not the same.
    """

    before: str
    after: str
    fires: tuple[RuleAt, ...] = ()
    silent: tuple[RuleAt, ...] = ()
    altered: tuple[RuleAt, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether the two say the same."""
        return self.before == self.after and not (self.fires or self.silent or self.altered or self.parts)


_SHOWN_APART = frozenset({"outcome", "allowed", "findings"})


def difference(before: Mapping[str, Any], after: Mapping[str, Any], *, leaving_out: str = "") -> Difference:
    """How the document of one decision differs from that of another, the part `leaving_out` aside.

    The one before may come from a log somebody has tampered with: whatever it is, it is compared and never trusted.
    """
    if not before or not after:
        # Where there is no decision, it is no news that it lacks each part of one.
        return Difference(_outcome(before), _outcome(after))
    then, now = _by_rule(before), _by_rule(after)
    keys = dict.fromkeys([*before, *after])
    return Difference(
        before=_outcome(before),
        after=_outcome(after),
        fires=tuple(_rule_at(rule, now) for rule in now if rule not in then),
        silent=tuple(_rule_at(rule, then) for rule in then if rule not in now),
        altered=tuple(_rule_at(rule, now) for rule in now if rule in then and then[rule] != now[rule]),
        parts=tuple(
            key for key in keys if key not in _SHOWN_APART and key != leaving_out and before.get(key) != after.get(key)
        ),
    )


def _outcome(document: Mapping[str, Any]) -> str:
    outcome = document.get("outcome")
    return outcome if isinstance(outcome, str) and outcome in EFFECTS else NO_OUTCOME


def _by_rule(document: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """The findings of each rule, in their order."""
    findings = document.get("findings")
    found: dict[str, list[Mapping[str, Any]]] = {}
    for finding in findings if isinstance(findings, list) else ():
        if isinstance(finding, dict) and isinstance(finding.get("rule"), str):
            found.setdefault(finding["rule"], []).append(finding)
    return found


def _rule_at(rule: str, findings: Mapping[str, list[Mapping[str, Any]]]) -> RuleAt:
    return RuleAt(rule, str(findings[rule][0].get("section", "")))
