"""A plain CEL Policy document as written: its rule, with every expression where it stands."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from engine.language.source import Span, Text


@attrs.frozen
class Problem:
    """One mistake in a document or its configuration, in the words of CEL Policy, and where it stands."""

    message: str
    span: Span

    def __str__(self) -> str:
        return f"{self.span.file}:{self.span.line}:{self.span.column}: {self.message}"


class CelPolicyError(ValueError):
    """A document cannot be used; `problems` say why, in the order found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@attrs.frozen(eq=False)
class Variable:
    """A name for the value of an expression, which later expressions mention as `variables.<name>`."""

    name: Text
    expression: Text


@attrs.frozen(eq=False)
class Choice:
    """An output or a nested rule, under an optional condition. `explanation` says why, as a text."""

    condition: Text | None
    outcome: Text | RuleBlock
    explanation: Text | None
    span: Span


@attrs.frozen(eq=False)
class RuleBlock:
    """The first choice that holds (`is_match`), or a list of what all that hold come to."""

    id: str
    variables: tuple[Variable, ...]
    is_match: bool
    choices: tuple[Choice, ...]
    span: Span


@attrs.frozen(eq=False)
class Invariant:
    """What is to hold of every result (`asserted`) wherever the assumptions do."""

    id: str
    assumed: tuple[Text, ...]
    asserted: tuple[Text, ...]


@attrs.frozen(eq=False)
class PolicyDocument:
    """One document. `imports` are the full names of types that expressions may call by their last part."""

    name: str
    imports: tuple[Text, ...]
    rule: RuleBlock
    invariants: tuple[Invariant, ...] = ()
