"""Checked policies, evaluated by the official runtime one expression at a time, variables when they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from engine.cel_policy.checked import CheckedPolicy, CheckedRule, CheckedVariable, Expression
from engine.cel_policy.compiling import HELD, HOLDS, PREFIX, Halves
from engine.language.cel_library import evaluate_on


@attrs.frozen
class Optional:
    """An optional of CEL: whether it holds anything, and what."""

    is_present: bool
    value: Any = None


NOTHING = Optional(is_present=False)
"""What a `match` comes to of which no choice holds."""


class EvaluationError(RuntimeError):
    """The runtime could not evaluate an expression; the message says which and why."""


def evaluate_policy(policy: CheckedPolicy, inputs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the document says
    """What a policy comes to: the value of an output, a list of them, or NOTHING.

    Values are those of JSON, of `datetime`, and Optional. `inputs` are the values of the configuration's variables.
    Raises EvaluationError, as CEL has it: an error is no result.
    """
    return _Evaluation(inputs).rule(policy.rule)


class _Evaluation:
    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._inputs = inputs
        self._known: dict[int, Any] = {}

    def rule(self, rule: CheckedRule) -> Any:  # noqa: ANN401 - as above
        return self._first(rule) if rule.is_match else self._all(rule)

    def _first(self, rule: CheckedRule) -> Any:  # noqa: ANN401
        for choice in rule.choices:
            if choice.condition is not None and not self._value(choice.condition):
                continue
            if isinstance(choice.outcome, Expression):
                return self._value(choice.outcome)
            nested = self.rule(choice.outcome)
            # A nested rule without a condition that comes to nothing leaves the rest to be tried.
            if choice.condition is not None or not (choice.outcome.is_optional and nested is NOTHING):
                return nested
        return NOTHING

    def _all(self, rule: CheckedRule) -> list[Any]:
        found = []
        for choice in rule.choices:
            if choice.condition is not None and not self._value(choice.condition):
                continue
            if isinstance(choice.outcome, Expression):
                found.append(self._value(choice.outcome))
            elif (nested := self.rule(choice.outcome)) is not NOTHING:
                found.append(nested)
        return found

    def _variable(self, variable: CheckedVariable) -> Any:  # noqa: ANN401
        if id(variable) not in self._known:
            assert variable.expression is not None
            self._known[id(variable)] = self._value(variable.expression)
        return self._known[id(variable)]

    def _value(self, expression: Expression) -> Any:  # noqa: ANN401
        data = dict(self._inputs)
        causes = []
        for name, variable in expression.variables.items():
            try:
                value = self._variable(variable)
            except EvaluationError as error:
                # CEL evaluates a variable where it is needed, and may not need it: one without a value is an error
                # of the runtime just there, which `false && ...` and `?:` pass over.
                causes.append(str(error))
                continue
            if isinstance(value, Optional):
                data[f"{PREFIX}{name}{HOLDS}"] = value.is_present
                data |= {f"{PREFIX}{name}{HELD}": value.value} if value.is_present else {}
            else:
                data[f"{PREFIX}{name}"] = value
        program, where = expression.program, _where(expression)
        try:
            if not isinstance(program, Halves):
                return plain_value(program, data, where)
            if not plain_value(program.holds, data, where):
                return Optional(is_present=False)
            return Optional(is_present=True, value=plain_value(program.held, data, where))
        except EvaluationError as error:
            raise EvaluationError("; ".join([str(error), *causes])) from None


def plain_value(program: Any, data: Mapping[str, Any], where: str) -> Any:  # noqa: ANN401 - any value
    """What the runtime makes of a compiled expression, as a value of Python; EvaluationError when it makes nothing."""
    try:
        return evaluate_on(program, data)
    except RuntimeError as error:
        raise EvaluationError(f"{where}: {error}") from None


def _where(expression: Expression) -> str:
    span = expression.text.span
    return f"{span.file}:{span.line}:{span.column}"
