"""YAML data files that are not rules: read, held against a shape, every misfit reported where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from typing import Any

import attrs

from engine.language.diagnostic import Diagnostic
from engine.language.source import Source, Span, Text
from engine.language.yaml_nodes import Mapping, Node, Sequence, Unread
from engine.vocabulary.explain import MISSING, Shape

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None

# The core schema of YAML 1.2, for scalars written without quotes.
_INTEGER = re.compile(r"[-+]?\d{1,18}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.\d+|\d+\.\d*)(?:[eE][-+]?\d{1,3})?\Z")
_WORDS: MappingType[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@attrs.frozen(eq=False)
class Document:
    """A data file: its nodes for positions, its plain content for use."""

    source: Source
    node: Node
    plain: Any

    def text(self, *steps: str | int) -> Text:
        """The scalar at a path that the shape guarantees."""
        node = self._node(steps)
        assert isinstance(node, Text)
        return node

    def span(self, *steps: str | int, key: bool = False) -> Span:
        """Where a path stands; the nearest part of it that exists. With `key`, where its last key stands."""
        node = self.node
        for n, step in enumerate(steps):
            if isinstance(node, Mapping):
                entry = next((entry for entry in node.entries if entry[0].value == step), None)
                if entry is None:
                    return node.entries[0][0].span if node.entries else node.span
                if key and n == len(steps) - 1:
                    return entry[0].span
                node = entry[1]
            elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
        return node.span

    def is_unread(self, *steps: str | int) -> bool:
        """Whether what stands at a path, or holds it, has been reported already and could not be read."""
        node: Node | None = self.node
        for step in steps:
            if isinstance(node, Mapping):
                node = node.get(str(step))
            elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
        return isinstance(node, Unread)

    def _node(self, steps: tuple[str | int, ...]) -> Node:
        node: Node | None = self.node
        for step in steps:
            if isinstance(node, Mapping):
                node = node.get(str(step))
            elif isinstance(node, Sequence) and isinstance(step, int):
                node = node.items[step]
        assert node is not None
        return node


def read_document(
    source: Source, node: Node, shape: Shape, code: str, diagnostics: list[Diagnostic]
) -> Document | None:
    """The file's content, or None with diagnostics of that code when it does not fit the shape."""
    document = Document(source, node, plain(node))
    found = shape.misfits(document.plain)
    meant = {(misfit.path[:-1], misfit.help) for misfit in found if misfit.is_key and misfit.help}
    for misfit in found:
        is_meant = misfit.is_key and (misfit.path[:-1], f"did you mean `{misfit.path[-1]}`?") in meant
        if is_meant or document.is_unread(*misfit.path):
            # The key is there, misspelt; or what is there has been reported already.
            continue
        what = f"{_named(misfit.path)} {misfit.detail}"
        span = document.span(*misfit.path, key=misfit.is_key)
        help_ = misfit.help or (f"add `{misfit.path[-1]}:`" if misfit.detail == MISSING else None)
        diagnostics.append(Diagnostic(code, what, span, help_))
    return None if found or document.is_unread() else document


def _named(path: tuple[str | int, ...]) -> str:
    if not path:
        return "the file"
    *above, last = path
    if isinstance(last, int):
        return f"entry {last + 1} of `{above[-1]}`" if above else f"entry {last + 1}"
    return f"`{last[:60]}`"


def plain(node: Node) -> Plain:
    """The content of a node; a scalar without quotes may be a number, a truth value or null, a date stays text."""
    if isinstance(node, Mapping):
        return {key.value: plain(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    if isinstance(node, Unread):
        return None
    if not node.is_plain:
        return node.value
    if node.value in _WORDS:
        return _WORDS[node.value]
    if _INTEGER.match(node.value):
        return int(node.value)
    return float(node.value) if _FLOAT.match(node.value) else node.value
