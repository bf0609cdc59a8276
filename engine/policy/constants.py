"""Interpretation switches and the provider's program, as constants of the rule language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from engine import ownership
from engine.language.diagnostic import Diagnostic, suggest
from engine.language.document import Document
from engine.language.source import Span
from engine.policy.program import Program
from engine.program.expressions import Literal, Root
from engine.program.scope import Constant, ListConstant
from engine.vocabulary.model import BOOL, INT, NUMBER, STRING, Type


@attrs.frozen
class Overrides:
    """Switches and program values read otherwise than the files have them: `{"Q05": "determined"}`,
    `{"unverified.pending": "hold"}`.

    With `is_open` no reading is chosen: switches and single values of the program stay in the expressions as facts of
    their full names, so that one program serves every reading. Lists of the program are constants all the same.
    """

    interpretations: Mapping[str, str] = attrs.Factory(dict)
    program: Mapping[str, object] = attrs.Factory(dict)
    is_open: bool = False


@attrs.frozen
class Constants:
    """`values` by their dotted names, `words` of each switch's type, and the lists of texts of the program."""

    values: Mapping[str, Constant]
    words: Mapping[str, frozenset[str]]
    terms: Mapping[str, tuple[str, ...]]

    @property
    def chosen(self) -> dict[str, str]:
        """The option in use of every switch."""
        chosen = {name.removeprefix("interpretation."): self.values[name] for name in self.words}
        return {name: str(value.value) for name, value in chosen.items() if isinstance(value, Literal)}

    @property
    def program(self) -> dict[str, str]:
        """Every value of the provider's program as text, lists with semicolons; empty where it was left open."""
        found = {name: value for name, value in self.values.items() if name.startswith("program.")}
        return {name.removeprefix("program."): _said(value) for name, value in found.items()}


def read_constants(
    interpretations: Document | None, program: Program | None, overrides: Overrides, diagnostics: list[Diagnostic]
) -> Constants:
    """The constants of switches and program; either may be missing."""
    values: dict[str, Constant] = {}
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
            _refuse_unknown_readings(switch, spec["options"], interpretations, diagnostics)
        where = interpretations.node.span
        _refuse_unknown(overrides.interpretations, interpretations.plain, "switch", where, diagnostics)
    if program is not None:
        _refuse_unknown(overrides.program, program.values, "value of the program", program.span, diagnostics)
    terms: dict[str, tuple[str, ...]] = {}
    for key, value in {**({} if program is None else program.values), **overrides.program}.items():
        if isinstance(value, list):
            terms[f"program.{key}"] = tuple(str(item) for item in value)
            values[f"program.{key}"] = ListConstant(tuple(Literal(str(item), STRING) for item in value))
        elif isinstance(value, bool | int | float | str):
            values[f"program.{key}"] = Literal(value, _type(value))
    if overrides.is_open:
        values |= {name: Root(name, c.type) for name, c in values.items() if isinstance(c, Literal)}
    return Constants(values, words, terms)


def _said(value: Constant) -> str:
    if isinstance(value, ListConstant):
        return "; ".join(str(item.value) for item in value.items)
    return str(value.value) if isinstance(value, Literal) else ""


def _refuse_unknown_readings(
    switch: str, options: Iterable[str], document: Document, diagnostics: list[Diagnostic]
) -> None:
    """A reading that the engine itself obeys must be one of those it computes, or it would be read as another."""
    if switch == ownership.SWITCH:
        for option in options:
            if option not in ownership.READINGS:
                span = document.span(switch, "options", option, key=True)
                message = f"ownership is not resolved by any reading `{option[:60]}`"
                help_ = suggest(option, ownership.READINGS, "readings known")
                diagnostics.append(Diagnostic("R401", message, span, help_))


def _refuse_unknown(
    given: Mapping[str, object],
    known: Mapping[str, object],
    what: str,
    where: Span,
    diagnostics: list[Diagnostic],
) -> None:
    for name in given:
        if name not in known:
            message = f"there is no {what} `{name}` to read otherwise"
            diagnostics.append(Diagnostic("R208", message, where, suggest(name, known.keys(), "known")))


def _type(value: object) -> Type:
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT
    return NUMBER if isinstance(value, float) else STRING
