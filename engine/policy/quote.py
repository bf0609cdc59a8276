"""A rule in the words it was written in: where it stands in the files of a policy, which need not be the one loaded.

A decision may be asked about years later, under an engine that reads rules otherwise. So nothing is checked or worked
out here: the text is found by the names in it and shown as it stands.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Iterator, Mapping

import attrs

from engine.language import yaml_nodes
from engine.language.diagnostic import Diagnostic
from engine.language.document import plain
from engine.language.source import Source, Text
from engine.language.yaml_nodes import Node, compose
from engine.policy.files import JURISDICTIONS, in_layers, layer_of, path_in_rules
from engine.policy.load import LAW

MEASURES = JURISDICTIONS + "measures/"
_LIST_KEYS = ("match", "aggregate")


@attrs.frozen
class Quote:
    """Whole lines of a file, as they stand there; `first` is the number of the first, from 1."""

    file: str
    first: int
    lines: tuple[str, ...]

    @property
    def last(self) -> int:
        """Number of the last line."""
        return self.first + len(self.lines) - 1

    @property
    def numbered(self) -> Iterator[tuple[int, str]]:
        """Each line with its number, without the indentation that all of them share."""
        return enumerate(textwrap.dedent("\n".join(self.lines)).split("\n"), self.first)


@attrs.frozen
class RuleQuote:
    """A rule as written, the conditions of the choices it stands in, outermost first, and what overlays make of it."""

    rule: Quote
    under: tuple[Quote, ...]
    tightened: tuple[Quote, ...]


class Quotations:
    """Finds rules in the texts of a policy's files, by their names (see `engine.policy.files`)."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self._root = functools.cache(self._read)

    def rule(self, id_: str) -> RuleQuote | None:
        """The rule `<rule set>/<item>`; None if no file has it."""
        name, _, item = id_.rpartition("/")
        for file, root in self._rule_sets(name):
            found = _item(root.get("rule"), item, ())
            if found is not None:
                node, above = found
                return RuleQuote(self._quote(file, node), tuple(self._conditions(file, above)), self._tightened(id_))
        return None

    def order(self, id_: str) -> Quote | None:
        """The file of a special measure; None if no file has it."""
        for file in sorted(self._files):
            if file.startswith(MEASURES) and id_ in self._files[file]:
                root = self._root(file)
                named = None if root is None else root.get("id")
                if isinstance(named, Text) and named.value == id_:
                    return Quote(file, 1, tuple(self._files[file].rstrip().split("\n")))
        return None

    def source(self, key: str) -> Mapping[str, str]:
        """What `sources.yaml` says of the source of this key, such as its `title`; empty if it is not there."""
        for file in in_layers(self._files):
            if layer_of(file) is not None and path_in_rules(file) == "sources.yaml":
                found = self._at(file, key)
                if isinstance(found, dict):
                    return {name: value for name, value in found.items() if isinstance(value, str)}
        return {}

    def paragraph(self, section: str) -> str | None:
        """What `<source>/<section>` says in the words of `law.yaml`; None if it is not there."""
        source, _, number = section.partition("/")
        found = self._at(LAW, source, number, "says") if LAW in self._files else None
        return found if isinstance(found, str) else None

    def _at(self, file: str, *keys: str) -> object:
        node: Node | None = self._root(file)
        for key in keys:
            node = node.get(key) if isinstance(node, yaml_nodes.Mapping) else None
        return None if node is None else plain(node)

    def _rule_sets(self, name: str) -> Iterator[tuple[str, yaml_nodes.Mapping]]:
        for file in in_layers(self._files):
            # Reading a file takes long, so those that cannot be it are passed over.
            if layer_of(file) is not None and not file.endswith("_test.yaml") and name in self._files[file]:
                root = self._root(file)
                named = None if root is None else root.get("name")
                if root is not None and isinstance(named, Text) and named.value == name:
                    yield file, root

    def _tightened(self, id_: str) -> tuple[Quote, ...]:
        found = []
        for file in in_layers(self._files):
            if layer_of(file) and path_in_rules(file) == "tighten.yaml":
                root = self._root(file)
                for key, node in () if root is None else root.entries:
                    if key.value == id_:
                        found.append(self._lines(file, key.start, _end(node)))
        return tuple(found)

    def _conditions(self, file: str, items: tuple[yaml_nodes.Mapping, ...]) -> Iterator[Quote]:
        for item in items:
            for key, node in item.entries:
                if key.value == "condition":
                    yield self._lines(file, key.start, _end(node))

    def _quote(self, file: str, node: yaml_nodes.Mapping) -> Quote:
        return self._lines(file, node.start, _end(node))

    def _lines(self, file: str, start: int, end: int) -> Quote:
        text = self._files[file]
        begin = text.rfind("\n", 0, start) + 1
        # A block scalar ends behind the line end that closes it, anything else before what closes its line.
        said = begin + len(text[begin:end].rstrip())
        line_end = text.find("\n", said)
        whole = text[begin : line_end if line_end >= 0 else len(text)]
        return Quote(file, text.count("\n", 0, begin) + 1, tuple(whole.split("\n")))

    def _read(self, file: str) -> yaml_nodes.Mapping | None:
        ignored: list[Diagnostic] = []
        root = compose(Source(file, self._files[file]), ignored)
        return root if isinstance(root, yaml_nodes.Mapping) else None


def _item(
    node: Node | None, id_: str, above: tuple[yaml_nodes.Mapping, ...]
) -> tuple[yaml_nodes.Mapping, tuple[yaml_nodes.Mapping, ...]] | None:
    """The item of that id in a block, with the items it stands in."""
    if not isinstance(node, yaml_nodes.Mapping):
        return None
    lists = [node.get(key) for key in _LIST_KEYS]
    for item in (item for items in lists if isinstance(items, yaml_nodes.Sequence) for item in items.items):
        if not isinstance(item, yaml_nodes.Mapping):
            continue
        named = item.get("id")
        if isinstance(named, Text) and named.value == id_:
            return item, above
        deeper = _item(item.get("rule"), id_, (*above, item))
        if deeper is not None:
            return deeper
    return None


def _end(node: Node) -> int:
    """Where the text of a node ends, or the last of it that says something."""
    if isinstance(node, Text):
        return node.end
    if isinstance(node, yaml_nodes.Mapping) and node.entries:
        return _end(node.entries[-1][1])
    if isinstance(node, yaml_nodes.Sequence) and node.items:
        return _end(node.items[-1])
    return node.start + 1
