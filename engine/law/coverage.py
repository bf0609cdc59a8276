"""The law joined with what answers it: rules, the tests in which they fire, and the switches that bear on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import attrs

from engine.law.paragraphs import Law, Paragraph, Switch
from engine.program.rule_set import Item, Rule, RuleSet, walk

_SWITCH = re.compile(r"\binterpretation\.(\w+)")


@attrs.frozen
class Exercise:
    """A rule test in which a rule fires: its name and where it stands."""

    name: str
    file: str
    line: int


@attrs.frozen(eq=False)
class Row:
    """A paragraph with the rules that cite it, the tests in which one of them fires, and the switches that are about
    it or are read by one of its rules."""

    paragraph: Paragraph
    rules: tuple[Rule, ...]
    tests: tuple[Exercise, ...]
    switches: tuple[Switch, ...]


@attrs.frozen(eq=False, slots=False)
class Coverage:
    """All paragraphs in the order of the law. `exercised` has the tests of each rule, by its id."""

    rows: tuple[Row, ...]
    exercised: Mapping[str, tuple[Exercise, ...]]
    law: Law

    def answering(self, row: Row) -> Row:
        """The row whose answer is that of a row: its own, or that of the paragraph it shares one with."""
        return self._sections[row.paragraph.shared_cite] if row.paragraph.shares else row

    @cached_property
    def _sections(self) -> dict[str, Row]:
        return {row.paragraph.cite: row for row in self.rows if not row.paragraph.term}

    def of(self, section: str) -> tuple[Row, ...]:
        """The rows of a section and of everything below it, or of a term; none when there is no such thing."""
        source, _, section = section.rpartition("/")
        rows = [row for row in self.rows if source in ("", row.paragraph.source)]
        below = tuple(row for row in rows if _is_below(row.paragraph.section, section))
        terms = (row for row in rows if row.paragraph.term)
        return below or tuple(row for row in terms if row.paragraph.term.casefold() == section.casefold())


def cover(law: Law, program: Sequence[RuleSet], exercised: Mapping[str, tuple[Exercise, ...]]) -> Coverage:
    """Join the law with the rules of a program and with the tests in which each rule, by its id, fires."""
    citing: dict[str, list[Rule]] = {}
    read: dict[str, set[str]] = {}
    for rule, switches in _rules(program):
        citing.setdefault(rule.section, []).append(rule)
        read.setdefault(rule.section, set()).update(switches)
    rows = []
    for paragraph in law.paragraphs:
        # Rules cite sections; the terms of a section are told apart by what answers each.
        rules = [] if paragraph.term else citing.get(paragraph.cite, [])
        tests = dict.fromkeys(test for rule in rules for test in exercised.get(rule.id, ()))
        about = () if paragraph.term else tuple(_bearing(law, paragraph, read.get(paragraph.cite, set())))
        rows.append(Row(paragraph, tuple(rules), tuple(tests), about))
    return Coverage(tuple(rows), exercised, law)


def _bearing(law: Law, paragraph: Paragraph, read: set[str]) -> Iterable[Switch]:
    return (switch for switch in law.switches if switch.section == paragraph.section or switch.name in read)


def _rules(program: Sequence[RuleSet]) -> Iterable[tuple[Rule, set[str]]]:
    """Every rule with the switches its condition and those above it read, as they are written."""
    for rule_set in program:
        for enclosing, item in walk(rule_set.block):
            if isinstance(item.outcome, Rule):
                yield item.outcome, {name for one in (*enclosing, item) for name in _switches(one)}


def _switches(item: Item) -> Iterable[str]:
    return (name for clause in item.condition.clauses for name in _SWITCH.findall(clause.written.value))


def _is_below(section: str, top: str) -> bool:
    return section == top or section.startswith(f"{top}(")
