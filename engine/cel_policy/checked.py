"""A checked policy: every expression compiled, every choice reachable, all outcomes of one type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from engine.cel_policy.cel_types import CelType
from engine.cel_policy.configuration import Configuration
from engine.language.source import Span, Text


@attrs.frozen(eq=False)
class Expression:
    """An expression with its type and the variables it mentions.

    `program` is what the runtime evaluates. `constant` is the truth value that it is written as, None when it is none.
    """

    text: Text
    type: CelType
    program: Any
    variables: Mapping[str, CheckedVariable]
    constant: bool | None


@attrs.frozen(eq=False)
class CheckedVariable:
    """A name for the value of an expression, which is None when it is at fault."""

    name: str
    expression: Expression | None
    type: CelType


@attrs.frozen(eq=False)
class CheckedChoice:
    """An outcome under a condition; without one it is taken wherever it is reached."""

    condition: Expression | None
    outcome: Expression | CheckedRule
    span: Span

    @property
    def is_exhaustive(self) -> bool:
        """Whether nothing after it, in a `match`, can be reached."""
        is_open = isinstance(self.outcome, CheckedRule) and self.outcome.is_optional
        return self.condition is None and not is_open


@attrs.frozen(eq=False)
class CheckedRule:
    """Choices of which the first that holds counts (`is_match`), or all that hold.

    `type` is that of an outcome of a `match`, whether or not there is one, and the list that an `aggregate` gives.
    """

    is_match: bool
    choices: tuple[CheckedChoice, ...]
    type: CelType

    @property
    def is_optional(self) -> bool:
        """Whether it may come to nothing: no choice holds, or a nested rule that is chosen comes to nothing."""
        if not self.is_match:
            return False
        for choice in self.choices:
            is_open = isinstance(choice.outcome, CheckedRule) and choice.outcome.is_optional
            if is_open and choice.condition is not None:
                return True
        return not any(choice.is_exhaustive for choice in self.choices)


@attrs.frozen(eq=False)
class CheckedPolicy:
    """A document that can be evaluated, with the configuration it was checked in."""

    name: str
    rule: CheckedRule
    configuration: Configuration
