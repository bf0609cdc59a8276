"""The official CEL implementation: types, functions and environments by name. The only module that imports it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from cel_expr_python import cel

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


def _declarations(functions: Collection[FunctionType]) -> list[Any]:
    grouped: dict[str, list[FunctionType]] = {}
    for function in functions:
        grouped.setdefault(function.name, []).append(function)
    return [_declaration(name, tuple(overloads)) for name, overloads in grouped.items()]
