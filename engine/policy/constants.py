"""Interpretation switches and the provider's program, as constants of the rule language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import yaml

from engine.language.diagnostic import Diagnostic, suggest
from engine.language.document import Document
from engine.program.expressions import Literal
from engine.program.scope import ListConstant
from engine.vocabulary.explain import Shape
from engine.vocabulary.model import BOOL, INT, NUMBER, STRING, Type


@cache
def shape(name: str) -> Shape:
    """The form of one kind of data file."""
    text = Path(__file__).with_name("shapes").joinpath(f"{name}.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
    return Shape(loaded)


@attrs.frozen
class Overrides:
    """Switches and program values read otherwise than the files have them: `{"Q05": "determined"}`,
    `{"unverified.pending": "hold"}`."""

    interpretations: Mapping[str, str] = attrs.Factory(dict)
    program: Mapping[str, object] = attrs.Factory(dict)


@attrs.frozen
class Constants:
    """`values` by their dotted names, `words` of each switch's type, and the lists of texts of the program."""

    values: Mapping[str, Literal | ListConstant]
    words: Mapping[str, frozenset[str]]
    terms: Mapping[str, tuple[str, ...]]

    @property
    def chosen(self) -> dict[str, str]:
        """The option in use of every switch."""
        chosen = {name.removeprefix("interpretation."): self.values[name] for name in self.words}
        return {name: str(value.value) for name, value in chosen.items() if isinstance(value, Literal)}

    @property
    def program(self) -> dict[str, str]:
        """Every value of the provider's program as text, lists with semicolons."""
        found = {name: value for name, value in self.values.items() if name.startswith("program.")}
        return {
            name.removeprefix("program."): str(value.value)
            if isinstance(value, Literal)
            else "; ".join(str(item.value) for item in value.items)
            for name, value in found.items()
        }


def read_constants(
    interpretations: Document | None, program: Document | None, overrides: Overrides, diagnostics: list[Diagnostic]
) -> Constants:
    """The constants of both files; either may be missing."""
    values: dict[str, Literal | ListConstant] = {}
    words: dict[str, frozenset[str]] = {}
    if interpretations is not None:
        for switch, spec in interpretations.plain.items():
            name = f"interpretation.{switch}"
            words[name] = frozenset(spec["options"])
            chosen = overrides.interpretations.get(switch, spec["chosen"])
            if chosen not in words[name]:
                span = interpretations.span(switch, "chosen")
                help_ = suggest(str(chosen), words[name], "options")
                message = f"`{chosen}` is not an option of `{switch}`"
                diagnostics.append(Diagnostic("R401", message, span, help_))
            values[name] = Literal(chosen, Type("enum", name))
        _refuse_unknown(overrides.interpretations, interpretations.plain, "switch", interpretations, diagnostics)
    flat = {} if program is None else _flatten(program.plain)
    if program is not None:
        _refuse_unknown(overrides.program, flat, "value of the program", program, diagnostics)
    flat |= overrides.program
    terms: dict[str, tuple[str, ...]] = {}
    for key, value in flat.items():
        if isinstance(value, list):
            terms[f"program.{key}"] = tuple(str(item) for item in value)
            values[f"program.{key}"] = ListConstant(tuple(Literal(str(item), STRING) for item in value))
        elif isinstance(value, bool | int | float | str):
            values[f"program.{key}"] = Literal(value, _type(value))
    return Constants(values, words, terms)


def _refuse_unknown(
    given: Mapping[str, object],
    known: Mapping[str, object],
    what: str,
    document: Document,
    diagnostics: list[Diagnostic],
) -> None:
    for name in given:
        if name not in known:
            message = f"there is no {what} `{name}` to read otherwise"
            diagnostics.append(Diagnostic("R208", message, document.node.span, suggest(name, known.keys(), "known")))


def _flatten(content: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _type(value: object) -> Type:
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT
    return NUMBER if isinstance(value, float) else STRING
