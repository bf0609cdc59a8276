"""How generated accounts are distributed: the file that comes with Ostiary, and parts of one's own in its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import rfc8785
import yaml

from engine.language.diagnostic import Diagnostic, in_order, suggest
from engine.language.document import Document, plain, read_document
from engine.language.rendering import render_text
from engine.language.source import Source
from engine.language.yaml_nodes import compose
from engine.measures.places import Places, place_help
from engine.vocabulary.explain import Shape

_HERE = Path(__file__).parent
SHIPPED = _HERE / "distributions.yaml"


class DistributionsError(ValueError):
    """The file has mistakes. `diagnostics` say where; `texts` maps the file to its text."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], texts: Mapping[str, str]) -> None:
        super().__init__(render_text(diagnostics, texts))
        self.diagnostics = diagnostics
        self.texts = texts


@attrs.frozen(eq=False)
class Distributions:
    """Tables of weights and chances, by the names that the file gives them: `persons.payments`."""

    content: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The SHA-256 of the RFC 8785 canonical form of everything that they say, shipped parts included."""
        return "sha256:" + hashlib.sha256(rfc8785.dumps(dict(self.content))).hexdigest()

    @property
    def malicious_share(self) -> float:
        """The chance of an account to be labelled malicious."""
        return self.chance("malicious.share")

    def chance(self, name: str) -> float:
        """A chance from 0 to 1, or a number."""
        return float(self._at(name))

    def weights(self, name: str) -> Mapping[str, float]:
        """A table: the weight of each word."""
        return {word: float(weight) for word, weight in self._at(name).items()}

    def malicious_weights(self, name: str) -> Mapping[str, float]:
        """The same table for an account that is labelled malicious."""
        times = self.content["malicious"]["times"].get(name, {})
        return {word: weight * times.get(word, 1) for word, weight in self.weights(name).items()}

    def _at(self, name: str) -> Any:  # noqa: ANN401 - a part of the file
        part: Any = self.content
        for step in name.split("."):
            part = part[step]
        return part


def distributions(places: Places, own: Source | None = None, malicious_share: float | None = None) -> Distributions:
    """Those that come with Ostiary; every part that a file of one's own has at the top stands in the place of theirs.

    A share of malicious accounts, where one is given, counts before that of the file.

    Raises:
        DistributionsError: the file has mistakes.
    """
    content = _content(places, own)
    if malicious_share is not None:
        content["malicious"] = {**content["malicious"], "share": malicious_share}
    return Distributions(content)


def _content(places: Places, own: Source | None) -> dict[str, Any]:
    content: dict[str, Any] = dict(_shipped())
    if own is None:
        return content
    diagnostics: list[Diagnostic] = []
    node = compose(own, diagnostics)
    document = None if node is None else read_document(own, node, _shape_of_parts(), "R203", diagnostics)
    if document is not None:
        content |= document.plain
        diagnostics += _mistakes(document, content, places)
    if diagnostics:
        raise DistributionsError(in_order(diagnostics), {own.name: own.text})
    return content


def _mistakes(document: Document, content: Mapping[str, Any], places: Places) -> list[Diagnostic]:
    """What a shape cannot say: unknown places, tables of nothing, and more of what is not in a table."""
    found: list[Diagnostic] = []
    own = document.plain
    for code in own.get("places", {}):
        if code not in places.within:
            help_: str | None = place_help(code, places.within.keys())
            span = document.span("places", code, key=True)
            found.append(Diagnostic("R309", f"`{code[:40]}` is not a known place", span, help_))
    for steps, table in _tables(own):
        if not any(table.values()):
            message = f"no weight in `{'.'.join(steps)}` is more than 0"
            found.append(Diagnostic("R203", message, document.span(*steps, key=True), "give a word a weight"))
    for name, times in content["malicious"]["times"].items():
        table = Distributions(content).weights(name)
        for word in times:
            if word not in table:
                # Where the shipped part speaks of a word that the file's own table lacks, the file must say more.
                steps = ("malicious", "times", name, word) if "malicious" in own else (name.split(".")[0],)
                message = f"`{word[:40]}` is said to be more frequent with malicious accounts, and is not in `{name}`"
                help_ = suggest(word, table.keys()) if "malicious" in own else "state `malicious:` too"
                found.append(Diagnostic("R204", message, document.span(*steps, key=True), help_))
        if not any(Distributions(content).malicious_weights(name).values()):
            message = f"no weight in `{name}` is more than 0 for malicious accounts"
            found.append(Diagnostic("R203", message, document.span("malicious", "times", name, key=True)))
    return found


def _tables(part: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, float]]]:
    """Every table of weights of a file, by its path."""
    for above, inner in part.items():
        if above == "places":
            yield (above,), inner
        elif above not in {"records", "malicious"}:
            yield from (((above, name), table) for name, table in inner.items() if isinstance(table, dict))


@cache
def _shipped() -> Mapping[str, Any]:
    source = Source(SHIPPED.name, SHIPPED.read_text("utf-8"))
    node = compose(source, [])
    assert node is not None
    content = plain(node)
    assert isinstance(content, dict)
    return content


@cache
def _shape_of_parts() -> Shape:
    """The form of a file that may leave out any part."""
    schema: dict[str, Any] = yaml.safe_load(_HERE.joinpath("shape.yaml").read_text("utf-8"))
    return Shape({key: value for key, value in schema.items() if key != "required"})
