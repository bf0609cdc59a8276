"""The provider's program: what the law leaves to the provider, as the base says it and overlays tighten it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import attrs

from engine.language.diagnostic import Diagnostic
from engine.language.document import Document
from engine.language.source import Span
from engine.measures.places import place_help
from engine.policy.shapes import schema

Value = str | int | float | bool | list[str]


@attrs.frozen
class Program:
    """The values by their dotted names, such as `unverified.pending`; `span` is the file that says them first."""

    values: Mapping[str, Value]
    span: Span


def read_program(
    documents: Sequence[Document], places: Collection[str] | None, diagnostics: list[Diagnostic]
) -> Program | None:
    """The program of the base, tightened by that of each overlay in turn; None when there is no document.

    A value milder than the one it stands over is reported and left out. `places` are the codes known, None when they
    could not be read.
    """
    if not documents:
        return None
    forms = program_forms()
    values: dict[str, Value] = {}
    for document in documents:
        for name, said in _flatten(document.plain):
            # A number written without a fraction is the same number.
            value = float(said) if forms[name].get("type") == "number" and isinstance(said, int) else said
            span = document.span(*name.split("."))
            if places is not None and forms[name].get("items", {}).get("format") == "place":
                diagnostics += _unknown_places(document, name, value, places)
            looser = _looser(value, values[name], forms[name]) if name in values else None
            if looser is None:
                values[name] = value
                continue
            what = name.rpartition(".")[2]
            message = f"`{what}` would be milder than {_said(values[name])}, its value below this overlay"
            diagnostics.append(Diagnostic("R602", message, span, f"an overlay only tightens: {looser}"))
    return Program(values, documents[0].node.span)


# -- which way is stricter

_Judge = Callable[[Any, Any, Mapping[str, Any]], str | None]


def _looser(value: Value, below: Value, form: Mapping[str, Any]) -> str | None:
    """What to do about a value that is milder than the one below; None when it is not."""
    return _JUDGES[form["stricter"]](value, below, form)


def _later(value: str, below: str, form: Mapping[str, Any]) -> str | None:
    words = form["enum"]
    if words.index(value) >= words.index(below):
        return None
    return f"from mild to strict its words are {_listed(words)}"


def _lower(value: float, below: float, form: Mapping[str, Any]) -> str | None:  # noqa: ARG001 - one form for all judges
    return None if value <= below else f"give {below} or less"


def _fewer(value: list[str], below: list[str], form: Mapping[str, Any]) -> str | None:  # noqa: ARG001 - as above
    added = [item for item in value if item not in below]
    return f"leave out {_listed(added)}" if added else None


def _more(value: list[str], below: list[str], form: Mapping[str, Any]) -> str | None:  # noqa: ARG001 - as above
    missing = [item for item in below if item not in value]
    return f"name {_listed(missing)} too" if missing else None


_JUDGES: Mapping[str, _Judge] = {
    "later": _later,
    "lower": _lower,
    "fewer": _fewer,
    "more": _more,
    "neither": lambda _value, _below, _form: None,
}


# -- the form of the file


def program_forms() -> dict[str, Mapping[str, Any]]:
    """Every value of the program by its dotted name, with its form as JSON Schema."""
    return dict(_leaves(schema("program")))


def _leaves(part: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    definitions = schema("program")["$defs"]
    for name, form in part["properties"].items():
        meant = definitions[form["$ref"].rpartition("/")[2]] if "$ref" in form else form
        if "properties" in meant:
            yield from _leaves(meant, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", meant


def _flatten(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _unknown_places(document: Document, name: str, value: Value, places: Collection[str]) -> Iterator[Diagnostic]:
    assert isinstance(value, list)
    for n, code in enumerate(value):
        if code not in places:
            help_ = place_help(code, places)
            yield Diagnostic("R402", f"`{code[:40]}` is not a known place", document.span(*name.split("."), n), help_)


def _said(value: Value) -> str:
    return _listed(value) if isinstance(value, list) else f"`{value}`"


def _listed(words: Collection[str]) -> str:
    if not words:
        return "an empty list"
    shown = ", ".join(f"`{str(word)[:40]}`" for word in list(words)[:5])
    return shown if len(words) <= 5 else f"{shown} and {len(words) - 5} more"
