"""Random conditions that a program may contain: every read is guarded, by itself or by what is known to hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

import attrs

from bench.agreement.base import ABOUT_ANY_CASE, LISTS_OF_PLACES, TEXTS_OF_PROGRAM
from bench.agreement.reach import Known, Place
from bench.agreement.values import Values
from bench.agreement.words import VOCABULARY, Words, kind_of, literal
from engine.vocabulary import Type

_ORDER = ("==", "!=", "<", "<=", ">", ">=")
_DEEPEST_LOOP = 2
_AGAIN = 0.12
"""How often a condition is one that stands elsewhere in the program already."""
_NAMES = re.compile(r"variables\.|\w+\.f\d+\(")
"""What is not known everywhere in the program."""


@attrs.frozen
class Function:
    """A function that conditions may call: its full name, the words of its parameters' types, the kind it gives."""

    name: str
    takes: tuple[str, ...]
    gives: str


class Conditions:
    """Draws conditions. `variables` are those in scope with the kind of each."""

    def __init__(
        self,
        rng: Random,
        words: Words,
        variables: Sequence[tuple[str, str]] = (),
        functions: Sequence[Function] = (),
    ) -> None:
        self._rng = rng
        self._words = words
        self._variables = variables
        self._functions = functions
        self._values = Values(rng, words, self)

    def condition(self, depth: int, known: Known, place: Place) -> str:
        """A condition that is safe when the known facts are present."""
        if self._rng.random() < _AGAIN and (again := self._words.said_before(self._rng, measures=place.knows_measures)):
            return again
        made = self._condition(depth, known, place)
        if not known and not place.locals and not _NAMES.search(made):
            self._words.remember(made)
        return made

    def _condition(self, depth: int, known: Known, place: Place) -> str:
        pick = self._rng.randint(0 if depth > 0 else 6, 15)
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
            operator = self._rng.choice(("||", "||", "&&", "==", "!="))
            return f"({self.condition(below, known, place)} {operator} {self.condition(below, known, place)})"
        if pick == 4:
            return f"!{self.condition(below, known, place)}"
        if pick == 5:
            return self._of_values(below, known, place)
        if pick == 6 and (names := self.variables_of("bool")):
            return f"variables.{self._rng.choice(names)}"
        if pick == 7 and (called := self.call("bool", known, place)):
            return called
        if pick == 8:
            return self._about_the_case(place)
        if pick == 9:
            return self.quantified(known, place)
        return self._about_a_fact(depth, known, place)

    def guard(self, depth: int, known: Known, place: Place) -> tuple[str, Known]:
        """A condition, and the facts that are present when it holds."""
        drawn = [place.draw(self._rng) for _ in range(self._rng.randint(1, 2))]
        paths = [found.path for found in drawn if "." in found.path]
        facts = frozenset(paths)
        tests = [f"has({path})" for path in dict.fromkeys(paths)] or [self._about_the_case(place)]
        if depth > 0 and self.flip():
            tests.append(self.condition(depth - 1, known | facts, place))
        return " && ".join(tests), facts

    def quantified(self, known: Known, place: Place) -> str:
        """Whether some, all or one of the elements of a list fulfil something."""
        for _ in range(8):
            found = place.draw(self._rng)
            if found.type.element is not None:
                says = self._about_a_list(found.path, found.type.element, 1, known | {found.path}, place)
                absent = self.flip()
                guard = f"!has({found.path}) || " if absent else f"has({found.path}) && "
                return f"({guard if found.is_optional else ''}{says})"
        return self._about_the_case(place)

    def flip(self) -> bool:
        """Heads or tails."""
        return self._rng.random() < 0.5

    def variables_of(self, kind: str) -> list[str]:
        """The variables in scope of that kind."""
        return [name for name, given in self._variables if given == kind]

    def call(self, gives: str, known: Known, place: Place) -> str | None:
        """A function that gives that kind, applied to what is in reach; None when there is none."""
        able = [function for function in self._functions if function.gives == gives]
        if not able:
            return None
        function = self._rng.choice(able)
        arguments = [self._argument(word, known, place) for word in function.takes]
        return None if None in arguments else f"{function.name}({', '.join(map(str, arguments))})"

    def _argument(self, word: str, known: Known, place: Place) -> str | None:
        if word in VOCABULARY.records:
            records = place.records(word)
            return self._rng.choice(records) if records else None
        if word in VOCABULARY.enums:
            found = place.draw_of(self._rng, Type("enum", word), known)
            return found or literal("enum", self._rng.choice(VOCABULARY.enums[word]))
        if word == "bool":
            return self.condition(0, known, place)
        found = place.draw_of(self._rng, Type(word), known)
        return found or literal(word, self._words.constant(kind_of(Type(word))))

    def _of_values(self, depth: int, known: Known, place: Place) -> str:
        kind = self._rng.choice(("number", "int", "date", "string"))
        left = self._values.value(kind, max(depth, 1), known, place)
        return f"({left} {self._rng.choice(_ORDER)} {self._values.value(kind, depth, known, place)})"

    def _about_the_case(self, place: Place) -> str:
        if place.knows_measures and self._rng.random() < 0.3:
            return self._about_a_list("measures", Type("record", "measure"), 1, frozenset(), place)
        if self._rng.random() < 0.3:
            name = self._rng.choice(("owners", "ownership_problems"))
            element = VOCABULARY.derived[name].type.element
            assert element is not None
            return self._about_a_list(name, element, 1, frozenset(), place)
        day = literal("date", self._words.constant("date"))
        says = (
            *ABOUT_ANY_CASE,
            f"as_of {self._rng.choice(_ORDER)} {day}",
            f"calendar.days_between({day}, as_of) {self._rng.choice(_ORDER)} 0",
        )
        return f"({self._rng.choice(says)})"

    def _about_a_fact(self, depth: int, known: Known, place: Place) -> str:
        found = place.draw(self._rng)
        path, type_ = found.path, found.type
        is_known = path in known or not found.is_optional
        if type_.kind in {"record", "object", "instant"} or ("." in path and self._rng.random() < 0.15):
            return self._presence(path, place)
        says = [self.says(path, type_, depth, known | {path}, place) for _ in range(self._rng.choice((1, 1, 2)))]
        if is_known and (self.flip() or "." not in path):
            return f"({' || '.join(says)})"
        # Several conjuncts about one fact: what one implies must not undo the guard of another.
        return f"(has({path}) && {' && '.join(says)})" if self.flip() else f"(!has({path}) || {' && '.join(says)})"

    def _presence(self, path: str, place: Place) -> str:
        other = place.draw(self._rng).path
        other = f"has({other})" if "." in other else "true"
        return self._rng.choice((f"has({path})", f"!has({path})", f"!has({path})", f"(has({path}) == {other})"))

    def says(self, path: str, type_: Type, depth: int, known: Known, place: Place) -> str:
        """Something about a fact that is present."""
        if type_.element is not None:
            return self._about_a_list(path, type_.element, depth, known, place)
        takes = (type_.name or type_.kind,)
        able = [f for f in self._functions if f.takes == takes and f.gives == "bool"]
        if able and self._rng.random() < 0.3:
            return f"{self._rng.choice(able).name}({path})"
        choose, sign = self._rng.choice, self._rng.choice(_ORDER)
        match type_.kind:
            case "bool":
                other = self.condition(min(depth - 1, 0), known, place)
                return choose(
                    (path, path, f"!{path}", f"({path} == true)", f"({path} != false)", f"({path} == {other})")
                )
            case "enum":
                return self._about_a_word(path, VOCABULARY.enums[type_.name], place, known, type_)
            case "place":
                return self._about_a_place(path, place, known, type_)
            case "string" | "email":
                texts = self._words.some(type_.kind, 3)
                sign = sign if type_.kind == "string" else "!="
                return choose((self._about_a_text(path, sign), self._about_a_word(path, texts, place, known, type_)))
            case "number" | "pct":
                return self._about_a_number(path, sign, known, place)
            case "int":
                return f"({path} {sign} {self._values.value('int', 0, known, place)})"
            case "date":
                return self._about_a_day(path, sign, known, place)
        raise AssertionError(type_)

    def _about_a_place(self, path: str, place: Place, known: Known, type_: Type) -> str:
        code = literal("place", self._words.constant("place"))
        listed = self._rng.choice(LISTS_OF_PLACES)
        return self._rng.choice(
            (
                f"{path}.within({code})",
                f"{path}.within({code})",
                f"{path}.within({listed})",
                f"{path}.has_attribute('treaty', {self._rng.choice(('in_force', 'none', 'unknown'))!r})",
                self._about_a_word(path, self._words.some("place", 3), place, known, type_),
            )
        )

    def _about_a_text(self, path: str, sign: str) -> str:
        text = self._words.constant("string")
        part = self._rng.choice((text, text[:1], text[1:], ""))
        method = self._rng.choice(("startsWith", "endsWith", "contains"))
        return self._rng.choice(
            (
                f"{path}.{method}({literal('string', part)})",
                f"({path} {sign} {literal('string', text)})",
                f"(size({path}) {sign} {len(text)})",
                f"({path} in {self._rng.choice(TEXTS_OF_PROGRAM)})",
                f"({literal('string', text)}.{method}({path}))",
            )
        )

    def _about_a_number(self, path: str, sign: str, known: Known, place: Place) -> str:
        double = literal("number", self._words.constant("number"))
        return self._rng.choice(
            (
                f"({path} {sign} {double})",
                f"({path} {sign} {self._values.value('number', 1, known, place)})",
                f"({path} * 2.0 - {double} {sign} 1.5)",
                f"({double} + {path} {sign} {path})",
                f"({path} in [{double}, 25.0])",
                f"({path} in [{double}])",
                f"(({path} > 1.0 ? {path} : 1.0) {sign} {double})",
            )
        )

    def _about_a_day(self, path: str, sign: str, known: Known, place: Place) -> str:
        day = literal("date", self._words.constant("date"))
        return self._rng.choice(
            (
                f"({path} {sign} as_of)",
                f"({path} {sign} {self._values.value('date', 1, known, place)})",
                f"({path} in [{day}, date('2026-11-22')])",
                f"(calendar.days_between({path}, as_of) {sign} {self._rng.choice((0, 1, 180, 365, 366, -1))})",
                f"(calendar.days_between({day}, {path}) {sign} {self._rng.choice((0, 1, -1, 28))})",
            )
        )

    def _about_a_word(self, path: str, words: Sequence[str], place: Place, known: Known, type_: Type) -> str:
        some = self._rng.sample(list(words), self._rng.randint(1, min(3, len(words))))
        word = literal("string", some[0])
        listed = ", ".join(literal("string", one) for one in some)
        other = place.draw_of(self._rng, type_, known) if self._rng.random() < 0.2 else None
        among = place.draw_of(self._rng, Type("list", element=type_), known) if self._rng.random() < 0.2 else None
        if other is not None:
            return f"({path} {self._rng.choice(('==', '!='))} {other})"
        if among is not None:
            return f"({path} in {among})"
        choice = f"({path} == ({self._about_the_case(place)} ? {word} : {literal('string', some[-1])}))"
        is_word = f"({path} == {word})"
        return self._rng.choice(
            (is_word, is_word, f"({word} == {path})", f"({path} != {word})", f"({path} in [{listed}])", choice)
        )

    def _about_a_list(self, path: str, element: Type, depth: int, known: Known, place: Place) -> str:
        kind = self._rng.choice(("exists", "exists", "all", "exists_one"))
        if self._rng.random() < 0.2:
            return f"(size({path}) {self._rng.choice(_ORDER)} {self._rng.choice((0, 1, 2))})"
        # A function's loops have the names of loops around its calls: the two must not be taken for each other.
        loops = sum(name[-1].isdigit() for name, _ in place.locals)
        name = f"{self._words.element}{loops}"
        if element.kind == "record":
            if loops >= _DEEPEST_LOOP:
                return f"{path}.{kind}({name}, (1 < 2))"
            return f"{path}.{kind}({name}, {self.condition(min(depth, 1), known, place.within(name, element))})"
        words = VOCABULARY.enums.get(element.name) or self._words.some(element.kind, 3)
        if self._rng.random() < 0.3:
            return f"({literal('string', self._rng.choice(words))} in {path})"
        return f"{path}.{kind}({name}, {self.says(name, element, min(depth, 0), known, place.within(name, element))})"
