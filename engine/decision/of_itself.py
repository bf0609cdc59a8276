"""Findings that no rule makes: where the rules cannot speak, the engine says so, and a person decides."""

from __future__ import annotations

from engine.language.source import Span
from engine.policy.policy import Policy
from engine.program.finding import Finding
from engine.program.rule_set import FactPath, Rule
from engine.vocabulary.model import Type


def finding_of_itself(policy: Policy, id_: str, message: str) -> Finding:
    """The finding with this id, which asks for review of the case as a whole."""
    rule = Rule(
        id=id_,
        effect="review",
        # The first source of the base is the law; an overlay adds others after it.
        section=next(iter(policy.statuses), ""),
        message=message,
        each=None,
        at=FactPath((), Type("object")),
        needs=(),
        terms=(),
        span=Span("", 0, 0),
    )
    return Finding(rule, at="")
