"""The coverage of the law for a terminal: a table of all paragraphs, or some of them in full."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import click

from api.cli.coverage_data import summary
from api.cli.options import count, place
from engine.language.source import Span
from engine.law import Coverage, Row
from engine.program.rule_set import Rule

_WIDTH = 100
_COLUMNS = (22, 36, 38)
_GAP = "  "
_INDENT = 18
"""Where the text stands that says what a word at the left margin means."""


def coverage_table(coverage: Coverage, rows: Sequence[Row]) -> str:
    """One row for each paragraph, and the counts below."""
    lines = [*_cells(("Section", "What it says", "What answers it"), bold=True), "─" * _WIDTH]
    source = rows[0].paragraph.source
    for row in rows:
        paragraph = row.paragraph
        is_top = not paragraph.term and "(" not in paragraph.section
        if paragraph.source != source:
            source = paragraph.source
            lines += ["", click.style(source, bold=True)]
        elif is_top and row is not rows[0]:
            lines.append("")
        name = f"  {paragraph.term}" if paragraph.term else paragraph.section
        lines += _cells((name, paragraph.says, "; ".join(_short(coverage, row))), bold=is_top)
    return "\n".join([*lines, "─" * _WIDTH, *textwrap.wrap(summary(coverage, rows), _WIDTH)])


def coverage_text(coverage: Coverage, rows: Sequence[Row]) -> str:
    """Each paragraph with everything that answers it: where it stands, what it says, how it is tested."""
    blocks = ["\n".join(_full(coverage, row)) for row in rows]
    return "\n\n".join([*blocks, "\n".join(textwrap.wrap(summary(coverage, rows), _WIDTH))])


def _cells(cells: tuple[str, str, str], *, bold: bool) -> Iterator[str]:
    indent = " " * (len(cells[0]) - len(cells[0].lstrip()))
    wrapped = [
        textwrap.wrap(cell, width, subsequent_indent=indent if n == 0 else "", drop_whitespace=True)
        for n, (cell, width) in enumerate(zip(cells, _COLUMNS, strict=True))
    ]
    if indent and wrapped[0]:
        wrapped[0] = textwrap.wrap(cells[0].strip(), _COLUMNS[0], initial_indent=indent, subsequent_indent=indent)
    for parts in zip_longest(*wrapped, fillvalue=""):
        padded = _GAP.join(part.ljust(width) for part, width in zip(parts, _COLUMNS, strict=True))
        yield click.style(padded.rstrip(), bold=True) if bold else padded.rstrip()


def _short(coverage: Coverage, row: Row) -> Iterator[str]:
    """What answers a paragraph, in as few words as will do."""
    paragraph = row.paragraph
    answering = coverage.answering(row)
    if answering is not row:
        yield f"as {paragraph.shares}: {', '.join(_kinds(answering, 'untranslatable'))}"
    else:
        decides = f"{paragraph.decides[:1].lower()}{paragraph.decides[1:].removesuffix('.')}"
        yield from _kinds(row, f"decides: {decides}")
    if row.switches:
        yield ", ".join(switch.name for switch in row.switches)
    if paragraph.slip:
        yield "slip"


def _kinds(row: Row, untranslatable: str) -> Iterator[str]:
    """The kinds of answer a paragraph has, `untranslatable` being the words for none that is a rule."""
    paragraph = row.paragraph
    if row.rules:
        yield f"{count(len(row.rules), 'rule')}, {count(len(row.tests), 'test')}"
    for names, noun in (
        (paragraph.definitions, "definition"),
        (paragraph.facts, "fact"),
        (paragraph.program, "program value"),
        (paragraph.orders, "order key"),
    ):
        if names:
            yield f"{noun} {names[0]}" if len(names) == 1 else count(len(names), noun)
    if paragraph.duties:
        yield "duty"
    if paragraph.untranslatable:
        yield untranslatable


def _full(coverage: Coverage, row: Row) -> Iterator[str]:
    paragraph = row.paragraph
    yield click.style(f"{paragraph.cite}{'  ' if paragraph.term else ''}{paragraph.term}", bold=True)
    yield from _wrapped(paragraph.says, 2)
    if paragraph.slip:
        yield from _titled("Slip", paragraph.slip)
    for switch in row.switches:
        yield from _titled("Switch", f"{switch.name}  {switch.question}")
        yield from _wrapped(f"{switch.chosen}: {switch.reading}", _INDENT)
    if paragraph.shares:
        yield from _titled("Answered as", paragraph.shares)
    yield from _answer(coverage, coverage.answering(row))


def _answer(coverage: Coverage, row: Row) -> Iterator[str]:
    paragraph = row.paragraph
    for title, sentence in (
        ("Duty", paragraph.duties),
        ("Untranslatable", paragraph.untranslatable),
        ("Decides", paragraph.decides),
        ("Facts", ", ".join(paragraph.facts)),
        ("Order keys", ", ".join(paragraph.orders)),
    ):
        if sentence:
            yield from _titled(title, sentence)
    for name in paragraph.program:
        yield from _titled("Program", f"{name}: {coverage.law.program[name]}")
    for name in paragraph.definitions:
        yield from _titled("Definition", f"{name}  {_place(coverage.law.definitions[name])}")
    for rule in row.rules:
        yield from _rule(coverage, rule)


def _rule(coverage: Coverage, rule: Rule) -> Iterator[str]:
    yield from _titled("Rule", f"{rule.id}  {rule.effect}  {_place(rule.span)}")
    yield from _wrapped(rule.message, _INDENT)
    tests = coverage.exercised.get(rule.id, ())
    for test in tests:
        yield from _wrapped(f"- {test.name}  {place(test.file, test.line)}", _INDENT)
    if not tests:
        yield " " * _INDENT + "no test makes it fire"


def _titled(title: str, text: str) -> Iterator[str]:
    first, *rest = _wrapped(text, _INDENT)
    yield f"  {title}".ljust(_INDENT) + first.lstrip()
    yield from rest


def _wrapped(text: str, indent: int) -> Iterator[str]:
    space = " " * indent
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=space, subsequent_indent=space, break_long_words=False, break_on_hyphens=False
    )


def _place(span: Span) -> str:
    return place(span.file, span.line)
