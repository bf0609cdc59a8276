"""Random rule sets that load, and random facts on which their conditions come out either way."""

from __future__ import annotations

import re
from typing import Any

import attrs
from hypothesis import strategies as st

from engine.vocabulary import Type, read_vocabulary

VOCABULARY = read_vocabulary()
PLACES = ("US", "US-CA", "DE", "DE-BY", "FR", "PR", "GB")
REGIONS = ("US", "DE", "FR", "US-CA")
WORDS = ("Ada", "Grace", "ada@example.org", "x", "A\u0308\U0001f600 \"quoted\" 'text' \\")
DAYS = ("2024-01-29", "2026-05-26", "2026-11-21", "2026-11-22", "2027-02-28", "1999-12-31")
NUMBERS = (0, 24.999999, 25, 25.0, 50.5, 100, 1e26, 9007199254740993)
WHOLE = (-(2**63), -1, 0, 1, 2, 3, 2**63 - 1)
MEASURES = (
    {
        "id": "a",
        "kind": "prohibition",
        "target": "jurisdiction",
        "state": "binding",
        "ground": "residence",
        "conditions": "met",
    },
    {
        "id": "b",
        "kind": "conditions",
        "target": "person",
        "state": "issued_not_binding",
        "ground": "involved",
        "conditions": "unmet",
    },
)
# The facts that programs and requests speak of: few enough to meet each other.
PATHS = (
    "customer.name customer.kind customer.us_citizen customer.located_in customer.emails customer.is_business customer.address "
    "customer.address.country customer.address.kind customer.identity.status customer.identity.methods customer.identity.verified_on "
    "customer.beneficial_owners customer.locations_of_use customer.payments account.opened_on account.status account.involves "
    "reseller.tier reseller.located_in training.ops training.dual_use training.report product.kind"
).split()
ELEMENT = (
    "name",
    "us_citizen",
    "located_in",
    "ownership_pct",
    "emails",
    "address.country",
    "identity.status",
    "identity.verified_on",
)
Known = frozenset[str]


def type_of(path: str, root: Type | None = None) -> Type:
    """The type of the fact at a path, below a root of the facts or below a record."""
    head, *rest = path.split(".")
    if root is None:
        type_ = VOCABULARY.roots[head].type
    else:
        type_, rest = root, [head, *rest]
    for name in rest:
        type_ = VOCABULARY.records[type_.name].fields[name].type
    return type_


@attrs.frozen
class Place:
    """What an expression may speak of where it stands: names of list elements with their record types."""

    elements: tuple[tuple[str, Type], ...] = ()
    loops: int = 0

    def paths(self) -> list[tuple[str, Type]]:
        """Every fact in reach, with its type."""
        found = [(path, type_of(path)) for path in PATHS]
        for name, type_ in self.elements:
            fields = ELEMENT if type_.name == "beneficial_owner" else tuple(VOCABULARY.records[type_.name].fields)
            found += [(f"{name}.{field}", type_of(field, type_)) for field in fields]
        return found


class Conditions:
    """Draws conditions. Every read is guarded, mostly by itself, now and then by what is known to hold already."""

    def __init__(
        self, draw: st.DrawFn, names: tuple[str, ...] = (), functions: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self._draw = draw
        self._names = names
        self._functions = functions

    def condition(self, depth: int, known: Known, place: Place) -> str:
        """A condition that is safe when the known facts are present."""
        pick = self._draw(st.integers(0, 11)) if depth > 0 else self._draw(st.integers(6, 11))
        below = depth - 1
        match pick:
            case 0 | 1:
                left, facts = self._guarding(below, known, place)
                return f"({left} && {self.condition(below, known | facts, place)})"
            case 2:
                left, facts = self._guarding(below, known, place)
                return f"(!({left}) || {self.condition(below, known | facts, place)})"
            case 3:
                return f"({self.condition(below, known, place)} || {self.condition(below, known, place)})"
            case 4:
                left, facts = self._guarding(below, known, place)
                then = self.condition(below, known | facts, place)
                return f"({left} ? {then} : {self.condition(below, known, place)})"
            case 5:
                return (
                    f"!{self.condition(below, known, place)}"
                    if self._flip()
                    else (f"({self.condition(below, known, place)} == {self.condition(below, known, place)})")
                )
            case 6 if self._names:
                return f"variables.{self._draw(st.sampled_from(self._names))}"
            case 7 if self._functions:
                return self._call(place)
            case 8:
                return self._about_the_case()
            case _:
                return self._about_a_fact(depth, known, place)

    def _flip(self) -> bool:
        return self._draw(st.booleans())

    def _guarding(self, depth: int, known: Known, place: Place) -> tuple[str, Known]:
        """A condition and the facts that are present when it holds."""
        paths = self._draw(st.lists(st.sampled_from([path for path, _ in place.paths()]), min_size=1, max_size=2))
        text = " && ".join(f"has({path})" for path in paths)
        facts = frozenset(paths)
        if depth > 0 and self._flip():
            text = f"{text} && {self.condition(depth - 1, known | facts, place)}"
        return text, facts

    def _call(self, place: Place) -> str:
        name, record = self._draw(st.sampled_from(self._functions))
        able = ["customer"] if record in {"person", "customer"} else []
        able += [element for element, type_ in place.elements if type_.name in VOCABULARY.extending(record)]
        return f"{name}({self._draw(st.sampled_from(able))})" if able else "true"

    def _about_the_case(self) -> str:
        kinds = ("binding", "issued_not_binding")
        return self._draw(
            st.sampled_from(
                (
                    "action == 'account.open'",
                    "as_of >= date('2026-11-22')",
                    "calendar.days_between(date('2026-11-21'), as_of) > 0",
                    "interpretation.Q1 == 'narrow'",
                    "interpretation.Q2 == 'early'",
                    "program.unverified.pending == 'restrict'",
                    "size(measures) > 1",
                    f"measures.exists(m, m.state == '{kinds[0]}' && m.ground in ['residence', 'use'])",
                    f"measures.all(m, m.state != '{kinds[1]}')",
                    "true",
                    "false",
                )
            )
        )

    def _about_a_fact(self, depth: int, known: Known, place: Place) -> str:
        path, type_ = self._draw(st.sampled_from(place.paths()))
        if type_.kind in {"record", "object", "instant"} or self._draw(st.integers(0, 4)) == 0:
            return f"has({path})" if self._flip() else f"!has({path})"
        says = self._says(path, type_, depth, known, place)
        if path in known and self._flip():
            return says
        return f"(has({path}) && {says})" if self._flip() else f"(!has({path}) || {says})"

    def _says(self, path: str, type_: Type, depth: int, known: Known, place: Place) -> str:
        if type_.element is not None:
            return self._about_a_list(path, type_.element, depth, known, place)
        draw = self._draw
        match type_.kind:
            case "bool":
                return draw(st.sampled_from((path, f"!{path}", f"({path} == true)", f"({path} != false)")))
            case "enum":
                return self._about_a_word(path, VOCABULARY.enums[type_.name])
            case "place":
                return (
                    self._about_a_word(path, PLACES)
                    if self._flip()
                    else f"{path}.within({draw(st.sampled_from(REGIONS))!r})"
                )
            case "string" | "email":
                word = cel_text(draw(st.sampled_from(WORDS)))
                forms = (f"{path}.startsWith({word})", f"{path}.endsWith({word})", f"{path}.contains({word})", f"({path} < {word})",
                         f"(size({path}) > 3)", f"({path}.size() == 1)", f"({word} == {path})")  # fmt: skip
                return draw(st.sampled_from(forms)) if self._flip() else self._about_a_word(path, WORDS)
            case "number" | "pct":
                number, sign = draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(("==", "!=", "<", "<=", ">", ">=")))
                double = repr(float(number))
                forms = (f"({path} {sign} {double})", f"({path} * 2.0 - {double} {sign} 1.5)", f"({double} + {path} {sign} {path})",
                         f"({path} in [{double}, 25.0])", f"((has({path}) ? {path} : 1.0) {sign} {double})")  # fmt: skip
                return draw(st.sampled_from(forms))
            case "int":
                return f"({path} {draw(st.sampled_from(('==', '!=', '<', '<=', '>', '>=')))} {draw(st.sampled_from(WHOLE))})"
            case "date":
                day, sign = draw(st.sampled_from(DAYS)), draw(st.sampled_from(("==", "!=", "<", "<=", ">", ">=")))
                forms = (f"({path} {sign} as_of)", f"({path} {sign} date('{day}'))", f"({path} in [date('{day}'), date('2026-11-22')])",
                         f"(calendar.days_between({path}, as_of) {sign} 180)", f"(calendar.days_between(date('{day}'), {path}) {sign} -1)")  # fmt: skip
                return draw(st.sampled_from(forms))
            case _:
                raise AssertionError(type_)

    def _about_a_word(self, path: str, words: tuple[str, ...]) -> str:
        some = self._draw(st.lists(st.sampled_from(words), min_size=1, max_size=3))
        listed = ", ".join(map(cel_text, some))
        return self._draw(
            st.sampled_from(
                (f"({path} == {cel_text(some[0])})", f"({path} != {cel_text(some[0])})", f"({path} in [{listed}])")
            )
        )

    def _about_a_list(self, path: str, element: Type, depth: int, known: Known, place: Place) -> str:
        kind = self._draw(st.sampled_from(("exists", "all", "exists_one")))
        name = f"e{place.loops}"
        if element.kind == "record":
            inside = Place((*place.elements, (name, element)), place.loops + 1)
            body = (
                self.condition(min(depth - 1, 1), known, inside)
                if place.loops < 2
                else f"has({name}.name)"
                if "name" in VOCABULARY.records[element.name].fields
                else "true"
            )
            return self._draw(st.sampled_from((f"{path}.{kind}({name}, {body})", f"(size({path}) > 1)")))
        words = VOCABULARY.enums.get(element.name) or (PLACES if element.kind == "place" else WORDS)
        body = f"{name}.within('US')" if element.kind == "place" and self._flip() else self._about_a_word(name, words)
        member = f"({cel_text(self._draw(st.sampled_from(words)))} in {path})"
        return self._draw(st.sampled_from((f"{path}.{kind}({name}, {body})", f"(size({path}) == 1)", member)))


def cel_text(text: str) -> str:
    """A text as a CEL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@attrs.frozen
class Program:
    """A rule set, a definitions file, and what its shorthands stand for."""

    rules: dict[str, Any]
    definitions: dict[str, Any]
    meanings: dict[str, str]

    def written_out(self, condition: str) -> str:
        """The condition without variables, functions, switches and the provider's program."""
        constants = {
            "interpretation.Q1": "'narrow'",
            "interpretation.Q2": "'late'",
            "program.unverified.pending": "'restrict'",
        }
        for name, meaning in constants.items():
            condition = condition.replace(name, meaning)
        while (match := re.search(r"variables\.(\w+)|d\.(\w+)\((\w+)\)", condition)) is not None:
            variable, function, argument = match.groups()
            meaning = self.meanings[variable] if variable else re.sub(r"\bp\b", argument, self.meanings[function])
            for name, stands_for in constants.items():
                meaning = meaning.replace(name, stands_for)
            # An element of the function's own loops must not take the name of one around the call.
            meaning = (
                re.sub(r"\be(\d)\b", lambda found: f"i{len(condition)}e{found[1]}", meaning) if function else meaning
            )
            condition = f"{condition[: match.start()]}({meaning}){condition[match.end() :]}"
        return condition


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Rule sets of a few rules, with variables and functions, nested matches and aggregates, and loops over owners."""
    meanings: dict[str, str] = {}
    functions: list[dict[str, Any]] = []
    names: list[str] = []
    callable_: list[tuple[str, str]] = []
    for number in range(draw(st.integers(0, 2))):
        record = draw(st.sampled_from(("person", "beneficial_owner")))
        inside = (
            Place((("p", Type("record", record)),))
            if record == "beneficial_owner"
            else Place((("p", Type("record", "person")),))
        )
        meanings[f"f{number}"] = _person_condition(draw, inside, tuple(callable_))
        functions.append({"name": f"f{number}", "parameters": {"p": record}, "expression": meanings[f"f{number}"]})
        callable_.append((f"d.f{number}", record))
    for number in range(draw(st.integers(0, 3))):
        meanings[f"v{number}"] = Conditions(draw, tuple(names), tuple(callable_)).condition(2, frozenset(), Place())
        names.append(f"v{number}")
    conditions = Conditions(draw, tuple(names), tuple(callable_))
    serial = iter(range(1000))
    block = _block(draw, conditions, frozenset(), 2, serial, inside_aggregate=False)
    rules = {
        "name": "random",
        "source": "SRC",
        "section": "7.302",
        "effective": {"from": "2024-01-29"},
        "actions": ["account.open"],
        "uses": ["definitions.d"],
        "rule": block,
    }
    shared = {
        "name": "definitions.d",
        "variables": [{"name": name, "expression": meanings[name]} for name in names],
        "functions": functions,
    }
    return Program(rules, {key: value for key, value in shared.items() if value}, meanings)


def _person_condition(draw: st.DrawFn, place: Place, callable_: tuple[tuple[str, str], ...]) -> str:
    fields = [
        ("p." + field, type_of(field, place.elements[0][1]))
        for field in ELEMENT
        if field.partition(".")[0] in VOCABULARY.records[place.elements[0][1].name].fields
    ]
    path, type_ = draw(st.sampled_from(fields))
    conditions = Conditions(draw, (), callable_)
    says = conditions._says(path, type_, 0, frozenset(), place)
    extra = f" && {conditions._call(place)}" if callable_ and draw(st.booleans()) else ""
    return f"has({path}) && {says}{extra}" if draw(st.booleans()) else f"!has({path}) || ({says}{extra})"


def _block(
    draw: st.DrawFn, conditions: Conditions, known: Known, depth: int, serial: Any, *, inside_aggregate: bool
) -> dict[str, Any]:
    is_match = inside_aggregate or draw(st.booleans())
    items: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 4))):
        if depth > 0 and draw(st.integers(0, 2)) == 0:
            guard, facts = conditions._guarding(1, known, Place())
            nested = _block(
                draw, conditions, known | facts, depth - 1, serial, inside_aggregate=inside_aggregate or not is_match
            )
            items.append({"condition": guard, "rule": nested})
            if is_match and draw(st.integers(0, 2)) == 0 and "match" in nested:
                items[-1] = {"rule": _block(draw, conditions, known, 0, serial, inside_aggregate=True)}
            continue
        rule = {"id": f"r{next(serial)}", "effect": "deny", "message": "No."}
        if not is_match and draw(st.integers(0, 2)) == 0:
            element = Place((("o", Type("record", "beneficial_owner")),))
            rule |= {"for": {"o": "customer.beneficial_owners"}, "condition": conditions.condition(2, known, element)}
        else:
            rule |= {"at": "customer", "condition": conditions.condition(2, known, Place())}
        items.append(rule)
    return {"match" if is_match else "aggregate": items}


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    """Facts from the same few words as the programs, absent, null and empty ones included."""
    found: dict[str, Any] = {}
    for part in ("customer", "account", "reseller", "training", "product"):
        if draw(st.integers(0, 9)) > 0:
            record = _record(
                draw, [path.partition(".")[2] for path in PATHS if path.startswith(f"{part}.")], Type("record", part)
            )
            found[part] = record
    return found


def _record(draw: st.DrawFn, paths: list[str], type_: Type) -> Any:
    if draw(st.integers(0, 19)) == 0:
        return draw(st.sampled_from((None, {})))
    made: dict[str, Any] = {}
    for path in sorted({path.partition(".")[0] for path in paths}):
        field = VOCABULARY.records[type_.name].fields[path].type
        how = draw(st.integers(0, 9))
        if how < 2:
            continue
        made[path] = (
            None if how == 2 else _value(draw, field, [p.partition(".")[2] for p in paths if p.startswith(f"{path}.")])
        )
    return made


def _value(draw: st.DrawFn, type_: Type, below: list[str]) -> Any:
    if type_.element is not None:
        return [_value(draw, type_.element, list(ELEMENT)) for _ in range(draw(st.integers(0, 3)))]
    if type_.kind == "record":
        fields = below if type_.name not in {"beneficial_owner"} else list(ELEMENT)
        made = _record(
            draw, [f for f in fields if f.partition(".")[0] in VOCABULARY.records[type_.name].fields] or ["kind"], type_
        )
        return made if made is not None else {}
    if type_.kind == "enum":
        return draw(st.sampled_from(VOCABULARY.enums[type_.name]))
    pools = {"bool": (True, False), "place": PLACES, "string": WORDS, "email": WORDS, "date": DAYS, "int": WHOLE,
             "number": NUMBERS, "pct": NUMBERS, "object": ({"a": [1]}, {"b": None}, {})}  # fmt: skip
    return draw(st.sampled_from(pools[type_.kind]))
