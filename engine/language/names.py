"""What an expression may mention: names with their CEL types, and functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs


@attrs.frozen
class FunctionType:
    """One overload of a function. `is_method` when it is called on its first parameter.

    `meaning` is what the official runtime calls; None when the function is only declared to the checker.
    """

    name: str
    overload: str
    parameters: tuple[str, ...]
    result: str
    is_method: bool = False
    meaning: Callable[..., Any] | None = None


@attrs.frozen
class Names:
    """Names (dotted ones allowed) to their CEL type, and functions.

    `others` are further names, of values and of functions, that the expression could mention but does not. `excused`
    are names that are missing because something else is at fault, which has been reported: each stands for itself and
    for whatever follows it after a dot, the empty one for every name.
    """

    variables: Mapping[str, str]
    functions: tuple[FunctionType, ...]
    others: tuple[Collection[str], Collection[str]] = ((), ())
    excused: frozenset[str] = frozenset()

    @property
    def of_values(self) -> frozenset[str]:
        """Every name of a value."""
        return frozenset({*self.variables, *self.others[0]})

    @property
    def of_functions(self) -> frozenset[str]:
        """Every name of a function."""
        return frozenset({*(function.name for function in self.functions), *self.others[1]})

    def is_excused(self, name: str) -> bool:
        """Whether a name may be missing without being a mistake of its own."""
        return any(not known or name == known or name.startswith(f"{known}.") for known in self.excused)
