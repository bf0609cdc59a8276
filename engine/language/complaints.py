"""What the CEL library has to say against an expression, as diagnostics in plain words at the place of the mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs

from engine.language.diagnostic import Diagnostic, suggest
from engine.language.expression_text import DottedName, ExpressionText, Word
from engine.language.names import Names
from engine.language.source import Text
from engine.vocabulary import read_vocabulary
from engine.vocabulary.descriptors import PACKAGE

_ERROR = re.compile(r"^(?:\w+: )?ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?: \[\w+\])?$", re.MULTILINE)
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_FIELD = re.compile(r"undefined field '([^']*)' not found in struct '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")
_NO_FIELDS = re.compile(r"expression of type '(.*)' cannot be the operand of a select operation")
_NO_RANGE = re.compile(r"expression of type '(.*)' cannot be the range of a comprehension")
_CONSEQUENCES = ("*error*", "issues exceeded", "<<nil>> parsetree")
_OPERATORS = {"@in": "in", "_?_:_": "?:", "_[_]": "[...]", "!_": "!", "-_": "-"}
_MACROS = {
    "has": "such as `has(customer.name)`",
    **dict.fromkeys(("exists", "all", "exists_one"), "write it as `list.exists(x, ...)`, with a condition on `x`"),
}
_METHODS = frozenset(
    {"exists", "all", "exists_one", "startsWith", "endsWith", "contains", "size", "within", "has_attribute"}
)
_BUILT_IN = frozenset({"has", "size", "date"})
_PLAIN = {
    "has() argument must be a field selection": ("`has()` takes a path to a fact", _MACROS["has"]),
    "variable name must be a simple identifier": ("a quantifier takes a name first", _MACROS["exists"]),
    "invalid int literal": ("the number is too large", None),
    "invalid double literal": ("the number is too large", None),
}
_TYPES = {
    "bool": "a truth value",
    "int": "a whole number",
    "uint": "a whole number",
    "double": "a decimal number",
    "string": "a text",
    "bytes": "bytes",
    "google.protobuf.Timestamp": "a date",
    "timestamp": "a date",
    "google.protobuf.Duration": "a duration",
    "duration": "a duration",
    "null": "null",
    "null_type": "null",
    "dyn": "something of unknown type",
}


def complaints(text: Text, raw: str, names: Names) -> list[Diagnostic]:
    """Each mistake once; empty when all the library says follows from a mistake that has been reported elsewhere."""
    found = [
        _Complaint(offset, message)
        for offset, message in located(text.value, raw)
        if not any(words in message for words in _CONSEQUENCES)
    ]
    if raw.startswith("CANCELLED") or any("recursion depth" in complaint.message for complaint in found):
        return [Diagnostic("R310", "the expression is nested too deep", text.inside, "name its parts with `variables`")]
    # The parser recovers and complains again about the same slip: its first complaint is the mistake.
    for complaint in found:
        if complaint.message.startswith("Syntax error"):
            span = text.span_at(complaint.offset)
            return [Diagnostic("R301", _syntax(complaint.message, text.value, complaint.offset), span)]
    if not found:
        return [Diagnostic("R301", "the expression cannot be read", text.inside)]
    return list(_Explaining(text, names).explain(found))


def located(text: str, raw: str) -> list[tuple[int, str]]:
    """Each complaint of the library about a text: the character it is about, and what it says."""
    return [(_offset(text, int(line), int(column)), message) for line, column, message in _ERROR.findall(raw)]


def plain_type(type_: str) -> str:
    """A CEL type in plain words, with its article."""
    name = type_.removeprefix(f"{PACKAGE}.")
    if name.startswith("list"):
        return "a list"
    if name.startswith("map"):
        return "a map"
    return _TYPES.get(name, f"{'an' if name[:1] in 'aeiou' else 'a'} `{name}`")


@attrs.frozen
class _Complaint:
    offset: int
    message: str


class _Explaining:
    def __init__(self, text: Text, names: Names) -> None:
        self._text = text
        self._names = names
        self._layout = ExpressionText(text.value)
        self._functions = names.of_functions | _BUILT_IN

    def explain(self, found: Sequence[_Complaint]) -> Iterator[Diagnostic]:
        undeclared: dict[int, _Complaint] = {}
        for complaint in found:
            if _UNDECLARED.search(complaint.message):
                undeclared[complaint.offset] = complaint
            elif not self._is_excused_call(complaint):
                yield self._other(complaint)
        calls = {offset: call for offset in undeclared if (call := self._called(offset)) is not None}
        silent = [
            stretch
            for parenthesis, call in calls.items()
            if (stretch := self._own_name(parenthesis, call, undeclared)) is not None
        ]
        for parenthesis, call in calls.items():
            # `persons` of `persons.is_foreing(...)` is complained about, too: the two are one mistake.
            receiver = [offset for offset in undeclared if call.start <= offset < call.end]
            for offset in receiver:
                del undeclared[offset]
            del undeclared[parenthesis]
            yield from self._undeclared_call(call, is_qualified=bool(receiver) or len(call.parts) == 1)
        for offset, complaint in undeclared.items():
            match = _UNDECLARED.search(complaint.message)
            assert match is not None
            if not any(start < offset < end and match[1].startswith(word) for start, end, word in silent):
                yield from self._undeclared_name(offset, match[1])

    def _is_excused_call(self, complaint: _Complaint) -> bool:
        """Whether another form of the function, one that is at fault, may be what is called."""
        match = _OVERLOAD.search(complaint.message)
        return match is not None and self._names.is_excused(match[1])

    def _called(self, offset: int) -> DottedName | None:
        if self._text.value[offset : offset + 1] != "(":
            return None
        call = self._layout.called_at(offset)
        # The library puts `has(x.y)` at its parenthesis, too; `has` itself is never undeclared with one argument.
        return None if call is None or (call.parts[-1].text == "has" and len(call.parts) == 1) else call

    def _own_name(
        self, parenthesis: int, call: DottedName, undeclared: dict[int, _Complaint]
    ) -> tuple[int, int, str] | None:
        """Of a quantifier that is misspelt or called otherwise than it can be: where it reaches, and the name it was to
        introduce (or none, for any)."""
        first = self._layout.name_after(parenthesis)
        if first is None or first.start not in undeclared or len(first.parts) > 1:
            return None
        end = self._layout.end(parenthesis)
        if call.parts[-1].text in _MACROS:
            return parenthesis, end, ""
        return (parenthesis, end, first.parts[0].text) if "," in self._text.value[first.end : end] else None

    def _undeclared_call(self, call: DottedName, *, is_qualified: bool) -> Iterator[Diagnostic]:
        word = call.upto(len(call.parts)) if is_qualified and not call.is_member else call.parts[-1]
        if self._names.is_excused(word.text):
            return
        if word.text in _MACROS or word.text in self._functions or (word.text in _METHODS and not is_qualified):
            message = f"`{word.text}` does not take these arguments"
            yield self._diagnostic("R304", message, word, _MACROS.get(word.text) or self._signature(word.text))
            return
        if word.text.startswith("variables."):
            yield from self._undeclared_name(word.start, word.text.rpartition(".")[0])
            return
        is_method = call.is_member or not is_qualified
        head = word.text.partition(".")[0] + "."
        of_namespace = {name for name in self._functions if name.startswith(head)}
        known = _METHODS if is_method else (of_namespace if "." in word.text else set()) or self._functions
        help_ = suggest(word.text, known, "functions known here")
        yield self._diagnostic("R302", f"undeclared function `{word.text[:80]}`", word, help_)

    def _signature(self, name: str) -> str | None:
        for function in self._names.functions:
            if function.name == name:
                kinds = [plain_type(type_) for type_ in function.parameters]
                on = f" on {kinds.pop(0)}" if function.is_method else ""
                return f"it is called{on} with {', '.join(kinds)}" if kinds else f"it is called{on} with nothing"
        return None

    def _undeclared_name(self, offset: int, name: str) -> Iterator[Diagnostic]:
        if self._names.is_excused(name.removeprefix(".")):
            return
        typed = self._layout.selected_at(offset)
        if self._layout.text[offset : offset + 1] != "(":
            found = self._layout.name_at(offset)
            typed = found.upto(name.count(".") + 1) if found is not None else Word(name, offset, offset + len(name))
        head = typed.text.partition(".")[0]
        siblings = {known for known in self._names.of_values if known.startswith(f"{head}.")}
        help_: str | None
        if head == "variables":
            typed = self._shortened(typed, 2)
            help_ = suggest(typed.text, siblings, "variables known here") or "define it under `variables` first"
        elif siblings:
            help_ = suggest(typed.text, siblings, "names known here")
        else:
            typed = self._shortened(typed, 1)
            plain = {known for known in self._names.of_values if "." not in known}
            help_ = suggest(typed.text, plain, "names known here")
        yield self._diagnostic("R302", f"undeclared name `{typed.text[:80]}`", typed, help_)

    def _shortened(self, word: Word, count: int) -> Word:
        name = self._layout.name_at(word.start)
        return word if name is None else name.upto(min(count, len(name.parts)))

    def _other(self, complaint: _Complaint) -> Diagnostic:
        message, offset = complaint.message, complaint.offset
        selected = self._layout.selected_at(offset)
        last = self._layout.name_at(selected.end - 1)
        field = selected if last is None else next(part for part in last.parts if part.end == selected.end)
        if match := _FIELD.search(message):
            record = match[2].removeprefix(f"{PACKAGE}.")
            # Beside the records of the vocabulary, CEL knows messages of its own, such as `google.protobuf.Duration`.
            known = read_vocabulary().records.get(record)
            help_ = None if known is None else suggest(match[1], known.fields.keys(), f"fields of `{record}`")
            return self._diagnostic("R303", f"unknown field `{match[1][:60]}` in `{record}`", field, help_)
        if match := _OVERLOAD.search(message):
            return self._no_overload(offset, match[1], match[2])
        if match := _NO_FIELDS.search(message):
            help_ = "say it with `exists` or `all`" if match[1].startswith("list") else "end the path before it"
            return self._diagnostic("R303", f"{plain_type(match[1])} has no field `{field.text[:60]}`", field, help_)
        if match := _NO_RANGE.search(message):
            help_ = "name a list such as `customer.emails`"
            return self._diagnostic(
                "R304", f"a quantifier runs over a list, not {plain_type(match[1])}", selected, help_
            )
        for words, (plain, advice) in _PLAIN.items():
            if words in message:
                return self._diagnostic("R304", plain, self._layout.word_at(offset), advice)
        return self._diagnostic(
            "R304", message.replace("'", "`").replace(f"{PACKAGE}.", ""), Word("", offset, offset + 1)
        )

    def _no_overload(self, offset: int, function: str, arguments: str) -> Diagnostic:
        types = list(_split(arguments))
        kinds = [plain_type(type_) for type_ in types]
        typed = self._text.value[offset : offset + 1]
        called = self._layout.called_at(offset) if typed == "(" else None
        if called is not None and function in {"_||_", "_&&_", "_?_:_"}:
            # A quantifier is written out by the library before it is checked.
            message = (
                f"`{called.parts[-1].text}` asks a condition, and this is {kinds[-1 if function != '_?_:_' else 0]}"
            )
            return self._diagnostic("R304", message, called.parts[-1], "compare it with something")
        if function == "_?_:_":
            on_condition = types[0] not in {"bool", "dyn"}
            message = (
                f"`?:` asks a condition before the `?`, and this is {kinds[0]}"
                if on_condition
                else f"`?:` gives {kinds[1]} or {kinds[2]}, which are not of one type"
            )
            return self._diagnostic("R304", message, Word("?", offset, offset + 1))
        operator = _OPERATORS.get(function) or (function.strip("_") if function.startswith("_") else None)
        if operator is not None:
            word = Word(operator, offset, offset + (1 if operator == "[...]" else len(operator)))
        else:
            word = called.parts[-1] if called is not None else Word(function, offset, offset + 1)
        shown = operator or function
        help_ = None
        if {"double", "int"} <= set(types):
            help_ = "write both with a decimal point, such as `25.0`, or both without"
        return self._diagnostic("R304", f"`{shown}` does not take {' and '.join(kinds)}", word, help_)

    def _diagnostic(self, code: str, message: str, word: Word, help_: str | None = None) -> Diagnostic:
        return Diagnostic(code, message, self._text.span_at(word.start, word.end - word.start), help_)


def _split(arguments: str) -> Iterator[str]:
    """The types in a list of types, some of which have types of their own in parentheses."""
    depth, start = 0, 0
    for at, char in enumerate(arguments):
        depth += (char in "(<") - (char in ")>")
        if char == "," and depth == 0:
            yield arguments[start:at].strip()
            start = at + 1
    yield arguments[start:].strip()


def _offset(text: str, line: int, column: int) -> int:
    """Character offset of a 1-based line and column of the expression itself."""
    if line < 1:
        return 0
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return min(start + max(column, 1) - 1, len(text))


def _syntax(message: str, text: str, offset: int) -> str:
    """The parser's complaint in plain words."""
    reason = message.removeprefix("Syntax error: ").partition(" expecting ")[0]
    if reason.startswith("missing ") and "<EOF>" in reason:
        wanted = reason.removeprefix("missing ").partition(" at ")[0].replace("'", "`")
        return f"the expression ends where {wanted} is expected"
    if "<EOF>" in reason or offset >= len(text.rstrip()):
        return "the expression ends where more is expected"
    if text[offset] in "'\"":
        return "a text is not closed, or holds an escape that CEL does not know"
    word = re.compile(r"\w+|&&|\|\||[=!<>]=|\S").match(text, offset)
    return f"unexpected `{word[0][:40]}`" if word is not None else "unexpected space"
