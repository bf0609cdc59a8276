"""The mapping file: which column is which fact."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import yaml

from engine.accounts.layout import MALICIOUS
from engine.accounts.population import PopulationError
from engine.decision.request import RequestError, Requests
from engine.language.diagnostic import Diagnostic, in_order
from engine.language.document import Document, read_document
from engine.language.rendering import render_text
from engine.language.source import Source, Span
from engine.language.yaml_nodes import compose
from engine.policy.files import read_text
from engine.policy.policy import Policy
from engine.population.reading.paths import ACTION, AS_OF, known_paths, meant
from engine.vocabulary.columns import nested
from engine.vocabulary.explain import Shape
from engine.vocabulary.model import Type

SEPARATOR = ";"
"""Between the elements of a list in a cell of CSV, unless a column has another."""
_SOME_ACTION = "account.open"
_SHAPE = Path(__file__).with_name("mapping_shape.yaml")


class ColumnsError(PopulationError):
    """A mapping has mistakes, or the columns of a file are not what it says. `diagnostics` say why; `texts` maps each
    file shown in them to its text."""

    def __init__(self, diagnostics: Sequence[Diagnostic], texts: Mapping[str, str]) -> None:
        self.diagnostics = in_order(diagnostics)
        self.texts = texts
        super().__init__(render_text(self.diagnostics, texts))


@attrs.frozen
class Use:
    """What a column is used for: the fact at `path`. `values` translates what stands in it, by its text; `separator`
    splits it into the elements of a list."""

    path: str
    type: Type
    values: Mapping[str, Any] | None = None
    separator: str | None = None


@attrs.frozen(eq=False)
class ColumnMapping:
    """A mapping file. `constants` are facts of every row, by path; `digest` is that of the file."""

    columns: Mapping[str, Use]
    constants: Mapping[str, Any]
    ignored: Collection[str]
    delimiter: str
    digest: str
    document: Document


def read_mapping(path: Path, policy: Policy) -> ColumnMapping:
    """The mapping of a file, held against the policy's vocabulary and places.

    Raises:
        ColumnsError: it has mistakes.
    """
    diagnostics: list[Diagnostic] = []
    text = read_text(path, diagnostics)
    source = Source(str(path), text or "")
    node = compose(source, diagnostics) if text is not None else None
    document = None if node is None else read_document(source, node, _shape(), "R203", diagnostics)
    if document is None or diagnostics:
        raise ColumnsError(diagnostics, {source.name: source.text})
    reading = _Reading(document, policy)
    mapping = ColumnMapping(
        columns=dict(reading.columns()),
        constants=reading.constants(),
        ignored=frozenset(map(str, document.plain.get("ignore", ()))),
        delimiter=document.plain.get("delimiter", ","),
        digest="sha256:" + hashlib.sha256(path.read_bytes()).hexdigest(),
        document=document,
    )
    reading.refuse_contradictions(mapping)
    if reading.diagnostics:
        raise ColumnsError(reading.diagnostics, {source.name: source.text})
    return mapping


def _shape() -> Shape:
    return Shape(yaml.load(_SHAPE.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506


class _Reading:
    """Reads a document that has the shape of a mapping; what is wrong with it goes into `diagnostics`."""

    def __init__(self, document: Document, policy: Policy) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._document = document
        self._paths = known_paths(policy.vocabulary)
        self._requests = Requests(policy.vocabulary, policy.places)

    def columns(self) -> Iterator[tuple[str, Use]]:
        for name, said in self._document.plain.get("columns", {}).items():
            spec: Mapping[str, Any] = said if isinstance(said, dict) else {"path": said}
            where = ("columns", name, "path") if isinstance(said, dict) else ("columns", name)
            type_ = self._type(spec["path"], self._document.span(*where))
            if type_ is None:
                continue
            use = Use(spec["path"], type_, spec.get("values"), spec.get("separator"))
            if use.separator is not None and type_.element is None:
                self._report("R203", f"`{use.path}` is no list", self._document.span(*where[:2], "separator", key=True))
            for key, value in (use.values or {}).items():
                self._check(use.path, value, self._document.span("columns", name, "values", key), in_list=True)
            yield name, use

    def constants(self) -> dict[str, Any]:
        said = self._document.plain.get("set", {})
        for path, value in said.items():
            if self._type(path, self._document.span("set", path, key=True)) is not None:
                self._check(path, value, self._document.span("set", path))
        return dict(said)

    def refuse_contradictions(self, mapping: ColumnMapping) -> None:
        """Two sources of one fact, and a column that is used and ignored."""
        places = [(use.path, self._document.span("columns", name, key=True)) for name, use in mapping.columns.items()]
        places += [(path, self._document.span("set", path, key=True)) for path in mapping.constants]
        for path, other, span in overlaps(places):
            self._report("R205", f"`{path}` is said twice: `{other}` holds it", span, "keep one of the two")
        for name in mapping.columns:
            if name in mapping.ignored:
                index = [str(entry) for entry in self._document.plain["ignore"]].index(name)
                span = self._document.span("ignore", index)
                self._report("R205", f"the column `{name[:60]}` is mapped and ignored", span, "keep one of the two")

    def _type(self, path: str, span: Span) -> Type | None:
        if path in self._paths:
            return self._paths[path]
        near = meant(path, self._paths)
        lists = [known for known, type_ in self._paths.items() if type_.element is not None]
        in_list = next((known for known in lists if path.startswith((f"{known}.", f"{known}["))), None)
        if in_list is not None:
            help_: str | None = f"a column holds the whole list: `{in_list}`"
        else:
            help_ = f"did you mean `{near}`?" if near else "see docs/populations.md for what a column can stand for"
        self._report("R311", f"`{path[:60]}` is not a path to a fact", span, help_)
        return None

    def _check(self, path: str, value: object, span: Span, *, in_list: bool = False) -> None:
        """A value that stands for a fact must fit it; null stands for none. Of a list it may be an element."""
        if value is None or path == MALICIOUS:
            if value is not None and not isinstance(value, bool):
                self._report("R203", f"`{path}` is true or false", span)
            return
        is_element = in_list and self._paths[path].element is not None
        said = {path: [value] if is_element else value}
        action = said.pop(ACTION, _SOME_ACTION)
        as_of = said.pop(AS_OF, None)
        try:
            self._requests.check({"action": action, "as_of": as_of, "facts": nested(said)})
        except RequestError as error:
            problem = error.problems[0]
            self._report("R203", f"`{path}` {problem.detail}", span, problem.help)

    def _report(self, code: str, message: str, span: Span, help_: str | None = None) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, help_))


def overlaps(places: Sequence[tuple[str, Span]]) -> Iterator[tuple[str, str, Span]]:
    """Paths of which one before holds the same fact: both, and where the later one stands."""
    for number, (path, span) in enumerate(places):
        for other, _ in places[:number]:
            if holds_same(path, other):
                yield path, other, span
                break


def holds_same(path: str, other: str) -> bool:
    """Whether two paths are one, or one is that of a record which holds the other."""
    return path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.")
