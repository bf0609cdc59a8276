"""The official CEL implementation: types, functions and environments by name. The only module that imports it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any

from cel_expr_python import cel
from google.protobuf import message_factory
from google.protobuf.message import Message

from engine.language.names import FunctionType
from engine.vocabulary import read_vocabulary
from engine.vocabulary.descriptors import descriptor_pool_of


def environment(variables: Mapping[str, str], functions: Collection[FunctionType]) -> cel.Env:
    """What expressions are compiled in: names with their CEL types, and functions. Records are those of the vocabulary.

    `compile` of it raises RuntimeError with the library's complaints.
    """
    return cel.NewEnv(
        descriptor_pool=_pool(),
        variables={name: type_named(type_) for name, type_ in variables.items()},
        functions=_declarations(functions),
    )


def activation(values: Mapping[str, object]) -> cel.Activation:
    """What names stand for while expressions are evaluated. Values are converted when they are first asked for.

    They must be of the very types that the expressions declare, as nothing here knows those. A text ends at its first
    NUL, unless it stands in a message; a point in time must be one.
    """
    return _plain().Activation(values)


def evaluate(expression: cel.Expression, given: cel.Activation) -> Any:  # noqa: ANN401 - whatever it comes to
    """The value of an expression. Raises RuntimeError with the library's complaint when it comes to an error."""
    return _plain_value(expression.eval(activation=given))


def evaluate_on(expression: cel.Expression, data: Mapping[str, object]) -> Any:  # noqa: ANN401 - whatever it comes to
    """The value of an expression on plain data, of the types that its own environment declares.

    Raises RuntimeError as `evaluate` does, and when the value is none that the library hands out.
    """
    try:
        return _plain_value(expression.eval(data=dict(data)))
    except (TypeError, SystemError) as error:
        raise RuntimeError(f"the runtime hands out no such value: {error}") from None


def _plain_value(value: cel.Value) -> Any:  # noqa: ANN401 - whatever it comes to
    if value.type() == cel.Type.ERROR:
        raise RuntimeError(str(value.plain_value()))
    return value.plain_value()


@cache
def message_class(name: str) -> type[Message]:
    """The class of messages of a type that records of the vocabulary are made of, such as `facts.person`."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(name))


def configured_environment(
    config: Mapping[str, Any],
    *,
    abbreviations: Sequence[str] = (),
    meanings: Mapping[str, Callable[..., Any]] | None = None,
) -> cel.Env:
    """What expressions are compiled in by an environment's own configuration, which knows nothing of the vocabulary.

    `config` has the form of cel-policy's `config.yaml`: `variables`, `functions`, `extensions`, `stdlib`, `container`.
    `abbreviations` are full names of types that go by their last part; `meanings` are what the runtime calls, by the
    id of the overload. Raises RuntimeError, or ValueError for a name that is none, with the library's complaints;
    `compile` of it raises RuntimeError.
    """
    return cel.NewEnv(
        # JSON is YAML, and needs no rules about quotes.
        config=cel.NewEnvConfigFromYaml(json.dumps(config)),
        container=cel.ExpressionContainer(config.get("container", ""), abbreviations=list(abbreviations)),
        function_impls=dict(meanings or {}),
    )


# Each environment declares nearly the same names as the one before, and making a declaration costs more than using it.


@cache
def type_named(name: str) -> cel.Type:
    """The type of this name, such as `string`, `list(facts.Person)` or `dyn`."""
    if name.startswith("list("):
        return cel.Type.List(type_named(name[5:-1]))
    return cel.Type(name)


@cache
def _pool() -> Any:  # noqa: ANN401 - handed to the library as it is
    return descriptor_pool_of(read_vocabulary())


@cache
def _plain() -> cel.Env:
    return environment({}, ())


def _declaration(name: str, overloads: tuple[FunctionType, ...]) -> Any:  # noqa: ANN401 - handed to the library as it is
    return cel.FunctionDecl(
        name,
        [
            cel.Overload(
                id=overload.overload,
                return_type=type_named(overload.result),
                parameters=[type_named(type_) for type_ in overload.parameters],
                is_member=overload.is_method,
                **({} if overload.meaning is None else {"impl": overload.meaning}),
            )
            for overload in overloads
        ],
    )


_kept_declaration = cache(_declaration)


def _declare(name: str, overloads: tuple[FunctionType, ...]) -> Any:  # noqa: ANN401 - handed to the library as it is
    # One with a meaning belongs to whoever gave it, and goes when they do.
    is_theirs = any(overload.meaning is not None for overload in overloads)
    return (_declaration if is_theirs else _kept_declaration)(name, overloads)


def _declarations(functions: Collection[FunctionType]) -> list[Any]:
    grouped: dict[str, list[FunctionType]] = {}
    for function in functions:
        grouped.setdefault(function.name, []).append(function)
    return [_declare(name, tuple(overloads)) for name, overloads in grouped.items()]
