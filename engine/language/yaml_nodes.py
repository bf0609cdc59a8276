"""YAML text to nodes with positions: a small, bounded part of YAML 1.2 in which every scalar is the text typed.

The parser's events are composed here rather than by a loader, because loaders recurse (one of them crashes the process
on deep nesting), expand aliases, read `NO` as false and keep the last of two equal keys.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import yaml

from engine.language.diagnostic import Diagnostic
from engine.language.source import Source, Span, Text

MAX_CHARACTERS = 1_048_576
MAX_DEPTH = 48
MAX_NODES = 200_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@attrs.frozen(eq=False)
class Sequence:
    """A YAML sequence."""

    items: tuple[Node, ...]
    source: Source
    start: int

    @property
    def span(self) -> Span:
        """Where the sequence begins."""
        return self.source.span(self.start, self.start + 1)


@attrs.frozen(eq=False)
class Mapping:
    """A YAML mapping, in the order written; of two equal keys the first is kept and the second reported."""

    entries: tuple[tuple[Text, Node], ...]
    source: Source
    start: int

    @property
    def span(self) -> Span:
        """Where the mapping begins."""
        return self.source.span(self.start, self.start + 1)

    def get(self, key: str) -> Node | None:
        """The value under a key, or None."""
        return next((value for name, value in self.entries if name.value == key), None)


Node = Text | Sequence | Mapping


class _RefusedError(Exception):
    """Reading stops here; carries the one diagnostic that says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


def compose(source: Source, diagnostics: list[Diagnostic]) -> Node | None:
    """The one document of a file; None, with a diagnostic, when it cannot be read or is empty."""
    if len(source.text) > MAX_CHARACTERS:
        message = f"the file has {len(source.text):,} characters, more than {MAX_CHARACTERS:,}"
        diagnostics.append(Diagnostic("R104", message, source.span(0, 1), "split it into several files"))
        return None
    try:
        return _Composer(source, diagnostics).compose()
    except _RefusedError as refused:
        diagnostics.append(refused.diagnostic)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.context, error.problem) if part).replace("\n", " ")
        help_ = "quote a value that contains `: ` or ` #`, or begins with one of `!&*[]{}>|%@`"
        at = mark.index if mark is not None else 0
        diagnostics.append(Diagnostic("R102", message.lower(), source.span(at, at + 1), help_))
    except yaml.reader.ReaderError as error:
        message = f"the character U+{ord(str(error.character)[:1] or chr(0)):04X} is not allowed"
        diagnostics.append(Diagnostic("R102", message, source.span(error.position, error.position + 1)))
    return None


@attrs.define
class _Open:
    """A collection whose end has not been reached; `key` is the key that waits for its value."""

    is_mapping: bool
    start: int
    children: list[Node]
    keys: list[Text]
    seen: dict[str, Text]
    key: Text | None = None


class _Composer:
    def __init__(self, source: Source, diagnostics: list[Diagnostic]) -> None:
        self._source = source
        self._diagnostics = diagnostics
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._documents = 0

    def compose(self) -> Node | None:
        for count, event in enumerate(self._events()):
            if count > MAX_NODES:
                self._refuse("R104", f"the file has more than {MAX_NODES:,} nodes", event, "split it")
            match event:
                case yaml.ScalarEvent():
                    self._add(Text(event.value, self._source, *_place(event), event.style or ""))
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._open(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._close()
                case yaml.DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        self._refuse("R103", "a second document begins", event, "one file holds one document")
        if self._root is None or (isinstance(self._root, Text) and self._root.value == ""):
            self._diagnostics.append(Diagnostic("R203", "the file is empty", self._source.span(0, 1)))
            return None
        return self._root

    def _events(self) -> Iterator[yaml.Event]:
        for event in yaml.parse(self._source.text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                self._refuse("R103", "an alias is used", event, "write the value out, or define a variable for it")
            if getattr(event, "anchor", None):
                self._refuse("R103", "an anchor is set", event, "write the value out where it is needed")
            if getattr(event, "tag", None):
                self._refuse("R103", "a tag is set", event, "leave it out: the place says what a value means")
            yield event

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._refuse("R104", f"nested more than {MAX_DEPTH} deep", event, "flatten it")
        if self._stack and self._stack[-1].is_mapping and self._stack[-1].key is None:
            self._refuse("R103", "a key is not plain text", event)
        self._stack.append(_Open(isinstance(event, yaml.MappingStartEvent), _place(event)[0], [], [], {}))

    def _close(self) -> None:
        top = self._stack.pop()
        if top.is_mapping:
            self._add(Mapping(tuple(zip(top.keys, top.children, strict=True)), self._source, top.start))
        else:
            self._add(Sequence(tuple(top.children), self._source, top.start))

    def _add(self, node: Node) -> None:
        if not self._stack:
            self._root = node
            return
        top = self._stack[-1]
        if not top.is_mapping:
            top.children.append(node)
        elif top.key is None:
            assert isinstance(node, Text)
            top.key = node
        else:
            key, top.key = top.key, None
            if key.value in top.seen:
                first = top.seen[key.value].span.line
                message = f"`{key.value}` already stands on line {first}"
                self._diagnostics.append(Diagnostic("R105", message, key.span, "keep one of the two"))
                return
            top.seen[key.value] = key
            top.keys.append(key)
            top.children.append(node)

    def _refuse(self, code: str, message: str, event: yaml.Event, help_: str | None = None) -> None:
        start, end = _place(event)
        end = max(start + 1, min(end, start + 40))
        raise _RefusedError(Diagnostic(code, message, self._source.span(start, end), help_))


def _place(event: yaml.Event) -> tuple[int, int]:
    """Where an event begins and ends; the parser gives marks to every event."""
    assert event.start_mark is not None
    assert event.end_mark is not None
    return event.start_mark.index, event.end_mark.index
