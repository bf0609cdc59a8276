"""The coverage of the law as JSON, and the counts that every form of it ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import orjson

from api.cli.options import count
from engine.language.source import Span
from engine.law import Coverage, Row, Switch

_KINDS: Final[Mapping[str, str]] = {
    "rules": "by rules",
    "definitions": "by definitions",
    "facts": "by facts",
    "program": "by the program",
    "orders": "by orders",
    "duties": "by duties",
    "untranslatable": "untranslatable",
}


def coverage_json(coverage: Coverage, rows: Sequence[Row]) -> str:
    """The rows in full, with their counts."""
    document = {"summary": _counts(coverage, rows), "paragraphs": [_row(coverage, row) for row in rows]}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def summary(coverage: Coverage, rows: Sequence[Row]) -> str:
    """How many paragraphs there are, and how many are answered in each way, on one line."""
    counts = _counts(coverage, rows)
    numbers = {noun: counts.pop(f"{noun}s") for noun in ("paragraph", "defined term")}
    things = [count(number, noun) for noun, number in numbers.items() if number]
    all_ = "all with an entry" if len(rows) == len(coverage.rows) else f"of {len(coverage.rows):,} in all"
    kinds = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
    return f"{' and '.join(things)}, {all_}: {kinds}"


def _counts(coverage: Coverage, rows: Sequence[Row]) -> dict[str, int]:
    """How many rows there are of each kind; a paragraph may be answered in several ways. Headings consist of others."""
    found = {"paragraphs": 0, "defined terms": 0, **dict.fromkeys(_KINDS.values(), 0), "headings": 0}
    for row in rows:
        found["defined terms" if row.paragraph.term else "paragraphs"] += 1
        answering = coverage.answering(row)
        kinds = [kind for name, kind in _KINDS.items() if getattr(answering.paragraph, name, answering.rules)]
        for kind in kinds:
            found[kind] += 1
        found["headings"] += not kinds
    return found


def _row(coverage: Coverage, row: Row) -> dict[str, Any]:
    paragraph = row.paragraph
    return {
        "source": paragraph.source,
        "section": paragraph.section,
        "term": paragraph.term or None,
        "says": paragraph.says,
        "slip": paragraph.slip or None,
        "rules": [
            {
                "id": rule.id,
                "effect": rule.effect,
                "message": rule.message,
                **_place(rule.span),
                "tests": [test.name for test in coverage.exercised.get(rule.id, ())],
            }
            for rule in row.rules
        ],
        "tests": [attrs.asdict(test) for test in row.tests],
        "definitions": [{"name": name, **_place(coverage.law.definitions[name])} for name in paragraph.definitions],
        "facts": paragraph.facts,
        "program": {name: coverage.law.program[name] for name in paragraph.program},
        "orders": paragraph.orders,
        "duties": paragraph.duties or None,
        "untranslatable": paragraph.untranslatable or None,
        "decides": paragraph.decides or None,
        "with": paragraph.shares or None,
        "switches": [_switch(switch) for switch in row.switches],
    }


def _switch(switch: Switch) -> dict[str, str]:
    chosen = {"chosen": switch.chosen, "reading": switch.reading}
    return {"name": switch.name, "question": switch.question, **chosen}


def _place(span: Span) -> dict[str, Any]:
    return {"file": span.file, "line": span.line}
