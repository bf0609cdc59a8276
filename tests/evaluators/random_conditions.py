"""Random conditions that a program may contain: every read is guarded, by itself or by what is known to hold."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from random_words import DAYS, NUMBERS, PLACES, REGIONS, VOCABULARY, WHOLE, WORDS, Known, Place, cel_text

from engine.vocabulary import Type

_ABOUT_THE_CASE = (
    "action == 'account.open'",
    "as_of >= date('2026-11-22')",
    "calendar.days_between(date('2026-11-21'), as_of) > 0",
    "interpretation.Q1 == 'narrow'",
    "interpretation.Q2 == 'early'",
    "program.unverified.pending == 'restrict'",
    "size(measures) > 1",
    "measures.exists(m, m.state == 'binding' && m.ground in ['residence', 'use'])",
    "measures.all(m, m.state != 'issued_not_binding')",
    "owners.exists(x, x.reaches_quarter && (!x.listed || has(x.resolved_pct)))",
    "owners.exists_one(x, has(x.ownership_pct) && x.ownership_pct >= 25.0)",
    "ownership_problems.all(x, x.problem in ['dangling', 'unknown_share'])",
    "true",
    "false",
)
_ORDER = ("==", "!=", "<", "<=", ">", ">=")
_DEEPEST_LOOP = 2


class Conditions:
    """Draws conditions that may use the variables and the functions named, these with the type they take."""

    def __init__(self, rng: Random, names: Sequence[str] = (), functions: Sequence[tuple[str, str]] = ()) -> None:
        self._rng = rng
        self._names = names
        self._functions = functions

    def condition(self, depth: int, known: Known, place: Place) -> str:
        """A condition that is safe when the known facts are present."""
        pick = self._rng.randint(0 if depth > 0 else 6, 12)
        below = depth - 1
        if pick <= 2:
            left, facts = self.guard(below, known, place)
            right = self.condition(below, known | facts, place)
            if pick == 0:
                return f"({left} && {right})"
            if pick == 1:
                return f"(!({left}) || {right})"
            return f"({left} ? {right} : {self.condition(below, known, place)})"
        if pick == 3:
            operator = self._rng.choice(("||", "&&", "=="))
            return f"({self.condition(below, known, place)} {operator} {self.condition(below, known, place)})"
        if pick == 4:
            return f"!{self.condition(below, known, place)}"
        if pick in {6, 7} and self._names:
            return f"variables.{self._rng.choice(self._names)}"
        if pick == 8 and self._functions:
            return self.call(place)
        if pick == 9:
            return f"({self._rng.choice(_ABOUT_THE_CASE)})"
        return self._about_a_fact(depth, known, place)

    def guard(self, depth: int, known: Known, place: Place) -> tuple[str, Known]:
        """A condition, and the facts that are present when it holds."""
        paths = self._rng.sample([path for path, _ in place.paths()], self._rng.randint(1, 2))
        text = " && ".join(f"has({path})" for path in paths)
        facts = frozenset(paths)
        if depth > 0 and self._flip():
            text = f"{text} && {self.condition(depth - 1, known | facts, place)}"
        return text, facts

    def call(self, place: Place) -> str:
        """A function of a record on one in reach; `(true)` when there is none."""
        able = [
            f"{name}({argument})"
            for name, takes in self._functions
            if takes in VOCABULARY.records
            for argument, type_ in [("customer", Type("record", "customer")), *place.elements]
            if type_.name in VOCABULARY.extending(takes)
        ]
        return self._rng.choice(able) if able else "(true)"

    def _flip(self) -> bool:
        return self._rng.random() < 0.5

    def _about_a_fact(self, depth: int, known: Known, place: Place) -> str:
        path, type_ = self._rng.choice(place.paths())
        if type_.kind in {"record", "object", "instant"} or self._rng.random() < 0.2:
            return f"has({path})" if self._flip() else f"!has({path})"
        says = [self.says(path, type_, depth, known, place) for _ in range(self._rng.choice((1, 1, 2)))]
        if path in known and self._flip():
            return f"({' || '.join(says)})"
        # Several conjuncts about one fact: what one implies must not undo the guard of another.
        return f"(has({path}) && {' && '.join(says)})" if self._flip() else f"(!has({path}) || {' && '.join(says)})"

    def says(self, path: str, type_: Type, depth: int, known: Known, place: Place) -> str:
        """Something about a fact that is present."""
        takes = [name for name, kind in self._functions if kind == type_.kind]
        if takes and self._flip():
            return f"{self._rng.choice(takes)}({path})"
        if type_.element is not None:
            return self._about_a_list(path, type_.element, depth, known, place)
        choose, sign = self._rng.choice, self._rng.choice(_ORDER)
        match type_.kind:
            case "bool":
                return choose((path, f"!{path}", f"({path} == true)", f"({path} != false)"))
            case "enum":
                return self._about_a_word(path, VOCABULARY.enums[type_.name])
            case "place":
                inside = f"{path}.within({cel_text(choose(REGIONS))})"
                return choose((inside, self._about_a_word(path, PLACES)))
            case "string" | "email":
                return choose((self._about_a_text(path, choose(WORDS)), self._about_a_word(path, WORDS)))
            case "number" | "pct":
                return self._about_a_number(path, repr(float(choose(NUMBERS))), sign)
            case "int":
                return f"({path} {sign} {choose(WHOLE)})"
            case "date":
                return self._about_a_day(path, choose(DAYS), sign)
        raise AssertionError(type_)

    def _about_a_text(self, path: str, text: str) -> str:
        word = cel_text(text)
        method = self._rng.choice(("startsWith", "endsWith", "contains"))
        return self._rng.choice(
            (f"{path}.{method}({word})", f"({path} < {word})", f"(size({path}) > 3)", f"({path}.size() == 1)")
        )

    def _about_a_number(self, path: str, double: str, sign: str) -> str:
        return self._rng.choice(
            (
                f"({path} {sign} {double})",
                f"({path} * 2.0 - {double} {sign} 1.5)",
                f"({double} + {path} {sign} {path})",
                f"({path} in [{double}, 25.0])",
                f"(({path} > 1.0 ? {path} : 1.0) {sign} {double})",
            )
        )

    def _about_a_day(self, path: str, day: str, sign: str) -> str:
        return self._rng.choice(
            (
                f"({path} {sign} as_of)",
                f"({path} {sign} date('{day}'))",
                f"({path} in [date('{day}'), date('2026-11-22')])",
                f"(calendar.days_between({path}, as_of) {sign} 180)",
                f"(calendar.days_between(date('{day}'), {path}) {sign} -1)",
            )
        )

    def _about_a_word(self, path: str, words: Sequence[str]) -> str:
        some = self._rng.sample(list(words), self._rng.randint(1, min(3, len(words))))
        listed = ", ".join(map(cel_text, some))
        word = cel_text(some[0])
        is_word = f"({path} == {word})"
        return self._rng.choice((is_word, is_word, f"({path} != {word})", f"({path} in [{listed}])"))

    def _about_a_list(self, path: str, element: Type, depth: int, known: Known, place: Place) -> str:
        kind = self._rng.choice(("exists", "all", "exists_one"))
        # A function's loops have the names of loops around its calls: the two must not be taken for each other.
        name = f"e{sum(element.startswith('e') for element, _ in place.elements)}"
        if self._rng.random() < 0.2:
            return f"(size({path}) {self._rng.choice(_ORDER)} 1)"
        if element.kind == "record":
            inside = place.within(name, element)
            is_deep = len(place.elements) >= _DEEPEST_LOOP
            body = "(1 < 2)" if is_deep else self.condition(min(depth, 1), known, inside)
            return f"{path}.{kind}({name}, {body})"
        words = VOCABULARY.enums.get(element.name) or (PLACES if element.kind == "place" else WORDS)
        if self._rng.random() < 0.3:
            return f"({cel_text(self._rng.choice(words))} in {path})"
        body = self._about_a_word(name, words)
        if element.kind == "place" and self._flip():
            body = f"{name}.within('US')"
        return f"{path}.{kind}({name}, {body})"
