"""Expressions of a document by the official implementation, with its complaints where they belong.

The runtime hands no optional out of an evaluation and takes none in. So a variable that is an optional goes by two
names, for whether it holds anything and for what it holds, and is put together again where it is mentioned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from engine.cel_policy.cel_types import BOOL, CelType, read_type
from engine.cel_policy.checked import CheckedVariable, Expression
from engine.cel_policy.configuration import Configuration
from engine.cel_policy.document import CelPolicyError, Problem
from engine.language.checked_expr import read_checked_expr
from engine.language.complaints import located
from engine.language.expression_text import ExpressionText
from engine.language.source import Text

PREFIX: Final = "variables."
HOLDS: Final = "__holds"
HELD: Final = "__held"
_NO_OTHERS: Final[Mapping[str, CelType]] = {}


@attrs.frozen
class Halves:
    """An optional, taken apart: whether it holds anything, and what."""

    holds: Any
    held: Any


def compile_expression(
    text: Text,
    configuration: Configuration,
    scope: Mapping[str, CheckedVariable],
    others: Mapping[str, CelType] = _NO_OTHERS,
) -> Expression:
    """The checked expression, or CelPolicyError. `others` are further names that it may mention, with their types."""
    written = ExpressionText(text.value)
    mentioned = {
        name.parts[1].text for name in written.names if name.parts[0].text == "variables" and len(name.parts) > 1
    }
    variables = {name: scope[name] for name in sorted(mentioned & scope.keys())}
    types = {f"{PREFIX}{name}": variable.type for name, variable in variables.items()} | dict(others)
    try:
        checked = configuration.environment(types).compile(text.value)
    except (RuntimeError, ValueError) as error:
        raise CelPolicyError(_problems(text, str(error))) from None
    type_ = read_type(str(checked.return_type().name()))
    return Expression(
        text=text,
        type=type_,
        program=_program(written, type_, variables, configuration, checked),
        variables=variables,
        constant=_constant(checked),
    )


def _program(
    written: ExpressionText,
    type_: CelType,
    variables: Mapping[str, CheckedVariable],
    configuration: Configuration,
    checked: Any,  # noqa: ANN401 - the library's expression
) -> Any:  # noqa: ANN401 - the library's expression, or two of them
    optional = {name for name, variable in variables.items() if variable.type.is_optional}
    if not optional and not type_.is_optional:
        return checked
    types: dict[str, CelType] = {}
    for name, variable in variables.items():
        if name in optional:
            types |= {f"{PREFIX}{name}{HOLDS}": BOOL, f"{PREFIX}{name}{HELD}": variable.type.inner}
        else:
            types[f"{PREFIX}{name}"] = variable.type
    environment = configuration.environment(types)
    text = _put_together(written, optional)
    if not type_.is_optional:
        return environment.compile(text)
    return Halves(environment.compile(f"({text}\n).hasValue()"), environment.compile(f"({text}\n).value()"))


def _put_together(written: ExpressionText, optional: set[str]) -> str:
    text = written.text
    for name in reversed(written.names):
        if name.parts[0].text == "variables" and len(name.parts) > 1 and name.parts[1].text in optional:
            word = f"{PREFIX}{name.parts[1].text}"
            whole = f"({word}{HOLDS} ? optional.of({word}{HELD}) : optional.none())"
            text = text[: name.start] + whole + text[name.parts[1].end :]
    return text


def _constant(checked: Any) -> bool | None:  # noqa: ANN401 - the library's expression
    constant = read_checked_expr(checked.serialize()).expr.const_expr
    return bool(constant.bool_value) if constant.WhichOneof("kind") == "bool_value" else None


def _problems(text: Text, raw: str) -> list[Problem]:
    found = [Problem(message, text.span_at(offset)) for offset, message in located(text.value, raw)]
    return found or [Problem(raw.strip(), text.inside)]
