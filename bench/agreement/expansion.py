"""Conditions as they are written, with variables, functions and constants replaced by what they stand for.

It works on the text alone and knows nothing of how a program is built: what it shares with that is the meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import attrs

from bench.agreement.words import VOCABULARY, literal
from engine.vocabulary import Type
from engine.vocabulary.model import DATE

_TOKEN = re.compile(
    r"""
    (?P<text> '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*")
    | (?P<any> [\w.]+ )\.within\(\s*(?P<regions> program\.[\w.]+)\s*\)
    | (?P<over> [\w.]+)\.(?:exists_one|exists|all)\(\s*(?P<element> \w+)\s*,
    | (?<![\w.])date\('(?P<day> [0-9-]+)'\)
    | (?<![\w.])variables\.(?P<variable> \w+)
    | (?<![\w.])(?P<constant> (?:interpretation|program)\.[\w.]+)
    | (?<![\w.])(?P<function> \w+\.\w+)\(
    """,
    re.VERBOSE,
)
_LOOP = re.compile(r"\.(?:exists_one|exists|all)\(\s*(\w+)\s*,")
_PATH = re.compile(r"[A-Za-z_]\w*(\.\w+)*\Z")
_PART = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[(),\[\]]""")
_SERIAL = count()
Types = Mapping[str, Type]


@attrs.frozen
class Form:
    """One form of a function: its parameters in order, each with its type, and what it gives, expanded."""

    parameters: tuple[tuple[str, Type], ...]
    meaning: str


_DAYS_BETWEEN = Form((("start", DATE), ("end", DATE)), "(int(end) - int(start)) / 86400")
"""By the seconds since 1970: official CEL takes no timestamp from another that lies 292 years away."""


@attrs.define
class Expansion:
    """What names stand for in one file: `constants` by dotted name, `variables` expanded, forms of `functions`."""

    constants: Mapping[str, Any]
    variables: dict[str, str] = attrs.Factory(dict)
    functions: dict[str, list[Form]] = attrs.Factory(lambda: {"calendar.days_between": [_DAYS_BETWEEN]})

    def inside(self) -> Expansion:
        """The same for a block within, which may add variables of its own."""
        return attrs.evolve(self, variables={**self.variables})

    def define(self, variables: Sequence[Mapping[str, str]]) -> None:
        """Add variables, each of which may use those before it."""
        for variable in variables:
            self.variables[variable["name"]] = self.expanded(variable["expression"], {})

    def expanded(self, text: str, types: Types) -> str:
        """The expression in facts alone. `types` are those of the names that stand for records or parameters."""
        known = dict(types)
        around: list[tuple[int, Types]] = []  # where each loop that is open ends, and what names stood for before it
        made: list[str] = []
        here = 0
        while (match := _TOKEN.search(text, here)) is not None:
            made.append(text[here : match.start()])
            here = match.end()
            while around and around[-1][0] <= match.start():
                known = dict(around.pop()[1])
            if match["regions"]:
                made.append(self._within_any(match["any"], match["regions"]))
            elif match["over"]:
                element = _element(_type_of(match["over"], known))
                around.append((_arguments(text, here)[0], known))
                known = {**known, match["element"]: element}
                made.append(match[0])
            elif match["day"]:
                made.append(f"timestamp('{match['day']}T00:00:00Z')")
            elif match["variable"]:
                made.append(f"({_fresh(self.variables[match['variable']])})")
            elif match["constant"]:
                made.append(_written(self.constants[match["constant"]]))
            elif match["function"] in self.functions:
                end, arguments = _arguments(text, here)
                made.append(self._applied(match["function"], [self.expanded(one, known) for one in arguments], known))
                here = end
            else:
                made.append(match[0])
        return "".join(made) + text[here:]

    def _within_any(self, place: str, regions: str) -> str:
        tests = [f"{place}.within({literal('place', region)})" for region in self.constants[regions]]
        return f"({' || '.join(tests) or 'false'})"

    def _applied(self, name: str, arguments: Sequence[str], known: Types) -> str:
        given = [_type_of(argument, known) if _PATH.match(argument) else None for argument in arguments]
        form = min(
            (form for form in self.functions[name] if _fits(form, given)), key=lambda form: _distance(form, given)
        )
        stands = {
            parameter: argument if _PATH.match(argument) else f"({argument})"
            for (parameter, _), argument in zip(form.parameters, arguments, strict=True)
        }
        return f"({replaced(_fresh(form.meaning), stands)})"


def replaced(text: str, names: Mapping[str, str]) -> str:
    """The expression with other words for some of its names, all put in at once."""
    if not names:
        return text
    listed = "|".join(map(re.escape, names))
    pattern = rf"""('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?<![\w.])({listed})(?!\w)"""
    return re.sub(pattern, lambda found: found[1] or names[found[2]], text)


def _fresh(meaning: str) -> str:
    """The same with loops of its own: a loop around it, or around what it is given, may have the same names."""
    return replaced(meaning, {name: f"{name}_{next(_SERIAL)}" for name in _LOOP.findall(meaning)})


def _arguments(text: str, start: int) -> tuple[int, list[str]]:
    """The arguments of a call that opened before `start`, and where it ends."""
    depth, begin, found, here = 1, start, [], start
    for match in _PART.finditer(text, start):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(match[0], 0)
        here = match.end()
        if depth == 0 or (depth == 1 and match[0] == ","):
            found.append(text[begin : match.start()].strip())
            begin = here
        if depth == 0:
            break
    return here, found


def _type_of(path: str, known: Types) -> Type:
    head, *rest = path.split(".")
    special = {"as_of": Type("date"), "action": Type("enum", "action"), "true": Type("bool"), "false": Type("bool")}
    if head in special:
        return special[head]
    if head not in known and head not in VOCABULARY.roots:
        return Type("number" if head[0].isdigit() else "unknown")
    type_ = known[head] if head in known else VOCABULARY.roots[head].type
    for name in rest:
        type_ = VOCABULARY.records[type_.name].fields[name].type
    return type_


def _element(type_: Type) -> Type:
    assert type_.element is not None
    return type_.element


def _fits(form: Form, given: Sequence[Type | None]) -> bool:
    """Only records tell forms apart here: whatever else is given has been checked to fit."""
    return all(
        type_ is None
        or wanted.kind != "record"
        or (type_.kind == "record" and type_.name in VOCABULARY.extending(wanted.name))
        for (_, wanted), type_ in zip(form.parameters, given, strict=True)
    )


def _distance(form: Form, given: Sequence[Type | None]) -> int:
    pairs = zip(form.parameters, given, strict=True)
    return sum(
        VOCABULARY.distance(type_, wanted)
        for (_, wanted), type_ in pairs
        if type_ is not None and wanted.kind == "record"
    )


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return literal("string", value)


def type_named(word: str) -> Type:
    """The type that a parameter's word names."""
    if word in VOCABULARY.records:
        return Type("record", word)
    return Type("enum", word) if word in VOCABULARY.enums else Type(word)
