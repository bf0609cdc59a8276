"""Reading YAML nodes field by field: every surprise becomes a diagnostic, and reading goes on."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterator

from engine.language.diagnostic import Diagnostic, nearest, suggest
from engine.language.source import Span, Text
from engine.language.yaml_nodes import Mapping, Node, Sequence, Unread

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[-.][A-Za-z0-9_]+)*\Z")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LONGEST_NAME = 100
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_SECTION = re.compile(r"(?:\d+\.\d+(?:\([A-Za-z0-9]+\))*|(?:\([A-Za-z0-9]+\))+)\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"}
    | {"namespace", "null", "package", "return", "true", "var", "void", "while"}
    | {"bool", "bytes", "double", "duration", "dyn", "int", "list", "map", "string", "timestamp", "type", "uint"}
)
"""Words that CEL keeps for itself, and the names of its types."""
_SURE = 0.75
"""Likeness from which a misspelt optional key is read as the one that was meant."""
_KINDS = {Text: "text", Sequence: "a list", Mapping: "a mapping"}


def is_identifier(name: str) -> bool:
    """Whether a name can be used inside an expression."""
    return _IDENTIFIER.match(name) is not None and len(name) <= _LONGEST_NAME and name not in _RESERVED


class Fields:
    """Reads the fields of one mapping; `what` names it in messages, such as "a rule set".

    A misspelt key, once `require` has reported it, is read as the key that was meant: what stands under it is checked,
    and nobody complains that the key is missing.
    """

    def __init__(self, node: Mapping, what: str, diagnostics: list[Diagnostic]) -> None:
        self.node = node
        self._what = what
        self._diagnostics = diagnostics
        self._meant: dict[str, Node] = {}

    def get(self, key: str) -> Node | None:
        """What stands under a key, or under an unknown key that was likely meant to be it."""
        node = self.node.get(key)
        return self._meant.get(key) if node is None else node

    def report(self, code: str, message: str, span: Span, help_: str | None = None) -> None:
        """Record one mistake."""
        self._diagnostics.append(Diagnostic(code, message, span, help_))

    def require(self, required: Collection[str], optional: Collection[str], refused: Collection[str] = ()) -> None:
        """Report unknown and missing keys. `refused` are keys that are reported elsewhere."""
        known = [*required, *optional]
        for written, value in self.node.entries:
            if written.value in known or written.value in refused:
                continue
            message = f"unknown key `{written.value[:60]}` in {self._what}"
            self.report("R201", message, written.span, suggest(written.value, known))
            near = nearest(written.value, known)
            if near is not None and (near in required or nearest(written.value, [near], _SURE) is not None):
                self._meant.setdefault(near, value)
        for key in required:
            if self.get(key) is None:
                self.report("R202", f"{self._what} has no `{key}`", self.node.span, f"add `{key}:`")

    def means(self, key: str, known: Collection[str]) -> bool:
        """Whether an unknown key is likely meant to be this one."""
        return any(
            written.value not in known and nearest(written.value, known) == key for written, _ in self.node.entries
        )

    def key_span(self, key: str) -> Span | None:
        """Where a key stands."""
        return next((written.span for written, _ in self.node.entries if written.value == key), None)

    def text(self, key: str) -> Text | None:
        """The text under a key; an empty one is reported."""
        node = self.get(key)
        return None if node is None else self.as_text(node, f"`{key}`")

    def as_text(self, node: Node, what: str) -> Text | None:
        """A node that must be text and not empty."""
        if isinstance(node, Unread):
            return None
        if not isinstance(node, Text):
            self.report("R203", f"{what} is {_KINDS[type(node)]}, not text", node.span)
            return None
        if not node.value.strip():
            self.report("R203", f"{what} is empty", node.span, "say something, or leave the key out")
            return None
        control = _CONTROL.search(node.value)
        if control is not None:
            message = f"{what} holds the control character U+{ord(control[0]):04X}"
            self.report("R203", message, node.span_at(control.start()), "remove it")
            return None
        return node

    def texts(self, key: str, *, one_is_list: bool = False) -> tuple[Text, ...]:
        """The list of texts under a key; empty when the key is missing."""
        node = self.get(key)
        if node is None or isinstance(node, Unread):
            return ()
        if isinstance(node, Text) and one_is_list:
            node = Sequence((node,), node.source, node.start)
        if not isinstance(node, Sequence):
            self.report("R203", f"`{key}` is {_KINDS[type(node)]}, not a list", node.span, "begin each entry with `- `")
            return ()
        if not node.items:
            self.report("R203", f"`{key}` is an empty list", node.span, "name at least one, or leave the key out")
        found = (self.as_text(item, f"an entry of `{key}`") for item in node.items)
        return tuple(text for text in found if text is not None)

    def children(self, key: str, what: str) -> Iterator[Fields]:
        """The mappings in the list under a key."""
        node = self.get(key)
        if node is None or isinstance(node, Unread):
            return
        if not isinstance(node, Sequence):
            self.report("R203", f"`{key}` is {_KINDS[type(node)]}, not a list", node.span, "begin each entry with `- `")
            return
        if not node.items:
            self.report("R203", f"`{key}` is an empty list", node.span, "name at least one, or leave the key out")
        for item in node.items:
            child = self.as_mapping(item, what)
            if child is not None:
                yield child

    def child(self, key: str, what: str) -> Fields | None:
        """The mapping under a key."""
        node = self.get(key)
        return None if node is None else self.as_mapping(node, what)

    def as_mapping(self, node: Node, what: str) -> Fields | None:
        """A node that must be a mapping."""
        if isinstance(node, Mapping):
            return Fields(node, what, self._diagnostics)
        if isinstance(node, Unread):
            return None
        self.report("R203", f"{what} is {_KINDS[type(node)]}, not a mapping", node.span, "write `key: value` lines")
        return None

    def pair(self, key: str) -> tuple[Text, Text] | None:
        """The mapping of exactly one name to one text under a key."""
        child = self.child(key, f"`{key}`")
        if child is None:
            return None
        if len(child.node.entries) != 1:
            self.report("R203", f"`{key}` names {len(child.node.entries)} things, not one", child.node.span)
            return None
        name, node = child.node.entries[0]
        text = child.as_text(node, f"`{key}`")
        return None if self.identifier(name) is None or text is None else (name, text)

    def word(self, key: str, allowed: Collection[str]) -> Text | None:
        """The text under a key, one of a closed set."""
        text = self.text(key)
        return None if text is None else self.as_word(text, key, allowed)

    def as_word(self, text: Text, key: str, allowed: Collection[str]) -> Text | None:
        """A text that must be one of a closed set."""
        if text.value in allowed:
            return text
        listed = ", ".join(f"`{word}`" for word in allowed)
        near = nearest(text.value, allowed)
        help_ = f"did you mean `{near}`?" if near else f"one of {listed}"
        self.report("R204", f"`{text.value[:60]}` is not a word for `{key}`", text.span, help_)
        return None

    def name(self, key: str) -> Text | None:
        """The name under a key: letters, digits and underscores, joined by dots and hyphens."""
        text = self.text(key)
        if text is not None and (not _NAME.match(text.value) or len(text.value) > _LONGEST_NAME):
            self.report(
                "R203", f"`{text.value[:60]}` is not a name", text.span, "use letters, digits, `_`, `-` and `.`"
            )
            return None
        return text

    def identifier(self, text: Text | None) -> Text | None:
        """A text that can be used as a name inside an expression."""
        if text is None:
            return None
        if text.value in _RESERVED:
            self.report("R203", f"`{text.value}` is a word of CEL, not a name", text.span, "choose another name")
            return None
        if not is_identifier(text.value):
            self.report("R203", f"`{text.value[:60]}` is not a name", text.span, "use letters, digits and `_`")
            return None
        return text

    def date(self, key: str) -> str | None:
        """The day under a key, as YYYY-MM-DD."""
        text = self.text(key)
        return None if text is None else self.as_date(text, key)

    def as_date(self, text: Text, key: str) -> str | None:
        """A text that must be a day."""
        try:
            day = datetime.date.fromisoformat(text.value).isoformat() if _DATE.match(text.value) else None
        except ValueError:
            day = None
        if day is None:
            message = f"`{text.value[:40]}` is not a date for `{key}`"
            self.report("R206", message, text.span, "write a day that exists, such as 2024-01-29")
        return day

    def section(self, key: str) -> Text | None:
        """The section under a key: `7.302(d)(1)`, or `(D)` to add to a section above."""
        text = self.text(key)
        if text is not None and not _SECTION.match(text.value):
            help_ = "write it as `7.302(d)(1)`, or `(D)` to add to the section above"
            self.report("R207", f"`{text.value[:60]}` is not a section", text.span, help_)
            return None
        return text
