"""CEL text to a checked expression, by the official implementation; its complaints become diagnostics."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

import attrs

from engine.language.cel_library import environment
from engine.language.checked_expr import read_checked_expr
from engine.language.complaints import complaints
from engine.language.diagnostic import Diagnostic
from engine.language.expression_text import ExpressionText
from engine.language.names import FunctionType, Names
from engine.language.source import Text
from engine.vocabulary import Vocabulary
from engine.vocabulary.descriptors import cel_type

MAX_EXPRESSION = 4096
"""Characters in one expression. The library's own limits (100,000 characters, 32 levels) stand behind it."""
UNKNOWN = "dyn"
"""The CEL type of a name whose own definition is at fault: it fits anywhere, so the mistake is reported once."""


@attrs.frozen(eq=False, slots=False)
class Checked:
    """A well-typed expression, wherever it stands: its result type, its tree, the character offset and the reference of
    each node."""

    type: str
    root: Any
    positions: Mapping[int, int]
    references: Mapping[int, str]


@attrs.frozen(eq=False, slots=False)
class Compiled(Checked):
    """The same where an author wrote it."""

    text: Text

    @cached_property
    def layout(self) -> ExpressionText:
        """Where the words of the expression stand."""
        return ExpressionText(self.text.value)

    def offset(self, node_id: int) -> int:
        """Where in the expression a node stands."""
        return self.positions.get(node_id, 0)


class Checker:
    """Compiles expressions against one set of names."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._declared = _Declared(tuple(names.variables.items()), names.functions)

    def compile(self, text: Text, diagnostics: list[Diagnostic]) -> Compiled | None:
        """The checked expression. None with diagnostics, or without when it rests on a fault reported elsewhere."""
        if len(text.value) > MAX_EXPRESSION:
            message = f"the expression has {len(text.value):,} characters, more than {MAX_EXPRESSION:,}"
            diagnostics.append(Diagnostic("R310", message, text.inside, "name its parts with `variables`"))
            return None
        try:
            checked = _checked(self._declared, text.value)
        except RuntimeError as error:
            diagnostics.extend(complaints(text, str(error), self._names))
            return None
        return Compiled(**vars(checked), text=text)


@attrs.frozen(cache_hash=True)
class _Declared:
    """What an expression is compiled in, to be compared: rules loaded with other readings have nearly all of it."""

    variables: tuple[tuple[str, str], ...]
    functions: tuple[FunctionType, ...]


@lru_cache(maxsize=8)
def _environment(declared: _Declared) -> Any:  # noqa: ANN401 - of the library, which is imported elsewhere
    return environment(dict(declared.variables), declared.functions)


# Rule tests load the rules once for each set of readings they ask for; compiling is half of the work.
@lru_cache(maxsize=1024)
def _checked(declared: _Declared, expression: str) -> Checked:
    compiled = _environment(declared).compile(expression)
    tree = read_checked_expr(compiled.serialize())
    return Checked(
        type=str(compiled.return_type().name()).lower(),
        root=tree.expr,
        positions={entry.key: entry.value for entry in tree.source_info.positions},
        references={entry.key: entry.value.name for entry in tree.reference_map},
    )


def root_types(vocabulary: Vocabulary) -> dict[str, str]:
    """CEL types of the names every expression knows."""
    return {
        **{name: cel_type(field.type) for name, field in vocabulary.roots.items()},
        "as_of": "google.protobuf.Timestamp",
        "action": "string",
    }
