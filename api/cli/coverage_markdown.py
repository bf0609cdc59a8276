"""The coverage of the law as Markdown: docs/coverage.md is this, written by `make coverage`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from api.cli.coverage_data import summary
from engine.law import Coverage, Row

_HEAD = """\
# Coverage of the law

Every paragraph of the law with what answers it: rules that cite it, definitions and facts that decide it, values of the
provider's program, keys of the file of a special measure, duties with their clocks, or the reason why no rule can
decide it and who decides instead. *As* another paragraph means that its answer is the answer to this one, too.
*Tests* counts the rule tests in which one of its rules fires; *switches* are the readings of an open text that bear on
it. A *slip* is where the text itself is at fault. `ostiary coverage '7.302(d)'` shows a paragraph in full.

This page is made from `rules/` by `make coverage`. {summary}.
"""
_TABLE = ("| section | what it says | what answers it | tests | switches |", "|---|---|---|---|---|")


def coverage_markdown(coverage: Coverage, rows: Sequence[Row]) -> str:
    """A table for each section, without line numbers: those change too often for a page under version control."""
    several = len({row.paragraph.source for row in rows}) > 1
    lines = [_HEAD.format(summary=summary(coverage, rows)).rstrip()]
    heading = ""
    for row in rows:
        paragraph = row.paragraph
        top = (paragraph.cite if several else paragraph.section).partition("(")[0]
        if top != heading:
            heading = top
            title = "" if "(" in paragraph.section else f": {paragraph.says.removesuffix('.')}"
            lines += ["", f"## {top}{title}", "", *_TABLE]
        lines.append(f"| {' | '.join(_cells(row))} |")
    return "\n".join(lines)


def _cells(row: Row) -> Iterator[str]:
    paragraph = row.paragraph
    yield f"*{_escaped(paragraph.term)}*" if paragraph.term else paragraph.section
    yield _escaped(paragraph.says) + (f" *Slip: {_escaped(paragraph.slip)}*" if paragraph.slip else "")
    yield "<br>".join(_answers(row))
    yield str(len(row.tests)) if row.rules else ""
    yield ", ".join(switch.name for switch in row.switches)


def _answers(row: Row) -> Iterator[str]:
    paragraph = row.paragraph
    for title, names in (
        ("Rules", [rule.id for rule in row.rules]),
        ("Definitions", paragraph.definitions),
        ("Facts", paragraph.facts),
        ("Program", paragraph.program),
        ("Orders", paragraph.orders),
    ):
        if names:
            yield f"{title}: " + ", ".join(f"`{name}`" for name in names)
    if paragraph.duties:
        yield f"Duty: {_escaped(paragraph.duties)}"
    if paragraph.untranslatable:
        yield f"Untranslatable: {_escaped(paragraph.untranslatable)} Decides: {_escaped(paragraph.decides)}"
    if paragraph.shares:
        yield f"As {paragraph.shares}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
