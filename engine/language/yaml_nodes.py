"""YAML text to nodes with positions: a small, bounded part of YAML 1.2 in which every scalar is the text typed.

The parser's events are composed here rather than by a loader, because loaders recurse (one of them crashes the process
on deep nesting), expand aliases, read `NO` as false and keep the last of two equal keys.
"""

from __future__ import annotations

import re

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


@attrs.frozen(eq=False)
class Unread:
    """A value that cannot be used and has been reported: whoever expects something here says nothing more."""

    source: Source
    start: int

    @property
    def span(self) -> Span:
        """Where the value begins."""
        return self.source.span(self.start, self.start + 1)


Node = Text | Sequence | Mapping | Unread


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
    misleading = _MISLEADING.search(source.text)
    if misleading is not None:
        diagnostics.append(_not_allowed(source, misleading.start(), "remove it: a text must be what it looks like"))
        return None
    try:
        return _Composer(source, diagnostics).compose()
    except _RefusedError as refused:
        diagnostics.append(refused.diagnostic)
    except yaml.MarkedYAMLError as error:
        diagnostics.append(_malformed(source, error))
    except yaml.reader.ReaderError as error:
        diagnostics.append(_not_allowed(source, error.position, "remove it"))
    return None


def _malformed(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic:
    context, problem = error.context or "", (error.problem or "").lower()
    mark = error.problem_mark or error.context_mark
    ends = mark is None or mark.index >= len(source.text.rstrip())
    if error.context_mark is not None and (ends or "flow" in context):
        # Nothing is wrong where the parser gave up: something before it was never closed.
        mark = error.context_mark
    at = mark.index if mark is not None else 0
    message = " ".join(part for part in (context, problem) if part).replace("\n", " ")
    otherwise = "write it as YAML 1.2 has it: `key: value` lines, with entries of a list after `- `"
    help_ = next((text for words, text in _YAML_HELP if words in message), otherwise)
    return Diagnostic("R102", message.replace("'", "`"), source.span(at, at + 1), help_)


def _not_allowed(source: Source, position: int, help_: str) -> Diagnostic:
    message = f"the character U+{ord(source.text[position]):04X} is not allowed"
    return Diagnostic("R102", message, source.span(position, position + 1), help_)


_MISLEADING = re.compile(r"[\x85\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Line ends that only some readers take for such, marks that reorder the text shown, and halves of characters."""
_YAML_HELP = (
    ("tab character", "indent with spaces"),
    (
        "cannot start any token",
        "quote a value that begins with one of `@`, `%`, `|`, `>` or a backtick, and indent with spaces",
    ),
    ("unexpected end of stream", "close the quotes"),
    ("escape", "write a backslash twice, or use single quotes"),
    ("flow sequence", "separate entries by commas and close the list with `]`"),
    ("flow mapping", "separate entries by commas and close the mapping with `}`"),
    ("mapping values are not allowed", "quote a value that contains a colon and a space"),
    ("block", "indent the entries of one mapping or list alike"),
    ("expected", "quote a value that contains `: ` or ` #`, or begins with one of `!&*[]{}>|%@`"),
)


@attrs.define
class _Open:
    """A collection whose end has not been reached; `key` is the key that waits for its value."""

    is_mapping: bool
    start: int
    children: list[Node]
    keys: list[Text]
    seen: dict[str, Text]
    key: Text | Unread | None = None


class _Composer:
    def __init__(self, source: Source, diagnostics: list[Diagnostic]) -> None:
        self._source = source
        self._diagnostics = diagnostics
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._anchors: set[str] = set()

    def compose(self) -> Node | None:
        documents = 0
        for count, event in enumerate(yaml.parse(self._source.text, Loader=_LOADER)):
            if count > MAX_NODES:
                raise _RefusedError(
                    self._about(event, "R104", f"the file has more than {MAX_NODES:,} nodes", "split it")
                )
            self._properties(event)
            match event:
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.ScalarEvent():
                    self._add(Text(event.value, self._source, *_place(event), event.style or ""))
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._open(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._close()
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._report(event, "R103", "a second document begins", "one file holds one document")
                        break
        if self._root is None or (isinstance(self._root, Text) and self._root.value == ""):
            help_ = "write what belongs there, or remove the file"
            self._diagnostics.append(Diagnostic("R203", "the file is empty", self._source.span(0, 1), help_))
            return None
        return self._root

    def _properties(self, event: yaml.Event) -> None:
        """Report what a node says of itself beside its content, then read the content."""
        anchor = getattr(event, "anchor", None)
        if anchor and not isinstance(event, yaml.AliasEvent) and anchor not in self._anchors:
            self._anchors.add(anchor)
            self._report(event, "R103", f"an anchor `&{anchor[:40]}` is set", "write the value out where it is needed")
        if getattr(event, "tag", None):
            self._report(event, "R103", "a tag is set", "leave it out: the place says what a value means")

    def _alias(self, event: yaml.AliasEvent) -> None:
        anchor = event.anchor or ""
        if anchor not in self._anchors:
            help_ = "write the value out, or define a variable for it"
            self._report(event, "R103", f"an alias `*{anchor[:40]}` is used", help_)
        self._add(Unread(self._source, _place(event)[0]))

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise _RefusedError(self._about(event, "R104", f"nested more than {MAX_DEPTH} deep", "flatten it"))
        if self._awaits_key():
            self._report(event, "R103", "a key is not plain text", "write `key: value`")
        self._stack.append(_Open(isinstance(event, yaml.MappingStartEvent), _place(event)[0], [], [], {}))

    def _awaits_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].is_mapping and self._stack[-1].key is None

    def _close(self) -> None:
        top = self._stack.pop()
        if self._awaits_key():
            self._add(Unread(self._source, top.start))
        elif top.is_mapping:
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
            assert isinstance(node, Text | Unread)
            top.key = node
        else:
            key, top.key = top.key, None
            if isinstance(key, Text) and not self._is_merge(key, node) and not self._is_repeated(top, key):
                top.seen[key.value] = key
                top.keys.append(key)
                top.children.append(node)

    def _is_merge(self, key: Text, value: Node) -> bool:
        if key.value != "<<" or not key.is_plain:
            return False
        if not isinstance(value, Unread):
            help_ = "write the keys out where they are needed"
            self._diagnostics.append(Diagnostic("R103", "a merge key is used", key.span, help_))
        return True

    def _is_repeated(self, top: _Open, key: Text) -> bool:
        first = top.seen.get(key.value)
        if first is not None:
            message = f"`{key.value[:60]}` already stands on line {first.span.line}"
            self._diagnostics.append(Diagnostic("R105", message, key.span, "keep one of the two"))
        return first is not None

    def _report(self, event: yaml.Event, code: str, message: str, help_: str) -> None:
        self._diagnostics.append(self._about(event, code, message, help_))

    def _about(self, event: yaml.Event, code: str, message: str, help_: str) -> Diagnostic:
        start, end = _place(event)
        end = max(start + 1, min(end, start + 40))
        return Diagnostic(code, message, self._source.span(start, end), help_)


def _place(event: yaml.Event) -> tuple[int, int]:
    """Where an event begins and ends; the parser gives marks to every event."""
    assert event.start_mark is not None
    assert event.end_mark is not None
    return event.start_mark.index, event.end_mark.index
