"""What does not fit, counted: by place and reason, with a few rows as examples, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import orjson

from engine.accounts.population import PopulationError
from engine.decision.request import Violation
from engine.population.reading.source import Row, Source

EXAMPLES = 5
"""Rows that are named of each kind of misfit."""
MAX_KINDS = 1_000
"""More kinds are counted as one: whoever names a thousand may mend those first."""
_SHOWN_KINDS = 30
_LONGEST = 200
_INDEX = re.compile(r"/[0-9]+(?=/|\Z)")


@attrs.frozen
class Kind:
    """A place, which is a JSON Pointer with `*` for the index of a list, what is wrong there, and what to do."""

    at: str
    detail: str
    help: str | None = None
    column: str = ""

    def __str__(self) -> str:
        if not self.at and not self.column:
            return self.detail
        return f"{f'column `{self.column}`, ' if self.column else ''}{self.at or '/'} {self.detail}"


_OTHER = Kind("", f"something else, of more than {MAX_KINDS:,} kinds")


@attrs.define
class Found:
    """How many rows there are of a kind, and the first of them."""

    rows: int = 0
    first: list[int] = attrs.Factory(list)


class Misfits:
    """Counts the rows that do not fit. A row counts once for each kind of misfit that it has."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.rows = 0
        self.kinds: dict[Kind, Found] = {}

    @property
    def by_frequency(self) -> list[tuple[Kind, Found]]:
        """The kinds, the most frequent first."""
        return sorted(self.kinds.items(), key=lambda item: (-item[1].rows, item[1].first, str(item[0])))

    @property
    def because(self) -> dict[str, int]:
        """How many rows there are of each kind, by its words."""
        found: dict[str, int] = {}
        for kind, one in self.by_frequency:
            found[str(kind)] = found.get(str(kind), 0) + one.rows
        return found

    def add(self, row: Row, violations: Iterable[Violation]) -> None:
        """Count a row."""
        self.rows += 1
        for kind in dict.fromkeys(map(self._kind, violations)):
            known = kind if kind in self.kinds or len(self.kinds) < MAX_KINDS else _OTHER
            found = self.kinds.setdefault(known, Found())
            found.rows += 1
            if len(found.first) < EXAMPLES:
                found.first.append(row.number)

    def record(self, row: Row, violations: Iterable[Violation]) -> bytes:
        """A row that was left out as a line of JSON: its number and what is wrong with it, none of its values."""
        reasons: list[dict[str, Any]] = []
        for violation in violations:
            column = self._column(violation.pointer)
            reason = {"at": violation.pointer[:_LONGEST], "detail": violation.detail}
            reasons.append({**reason, **({"column": column} if column else {})})
        return orjson.dumps({"row": row.number, "reasons": reasons}, option=orjson.OPT_APPEND_NEWLINE)

    def text(self, total: int) -> str:
        """The table of what does not fit, of `total` rows."""
        noun = self.source.noun
        lines = [f"{self.source.name}: {self.rows:,} of {counted(total, noun)} {_do(self.rows)} not fit"]
        kinds = self.by_frequency
        for kind, found in kinds[:_SHOWN_KINDS]:
            more = ", …" if found.rows > len(found.first) else ""
            where = f"{noun if found.rows == 1 else plural(noun)} {', '.join(f'{n:,}' for n in found.first)}{more}"
            lines.append(f"  {found.rows:>9,}  {kind}")
            lines.append(f"             {where}{f'; {kind.help}' if kind.help else ''}")
        if len(kinds) > _SHOWN_KINDS:
            lines.append(f"  and {len(kinds) - _SHOWN_KINDS:,} more kinds; mend these first")
        return "\n".join(lines)

    def _kind(self, violation: Violation) -> Kind:
        at = _INDEX.sub("/*", violation.pointer)[:_LONGEST]
        return Kind(at, violation.detail, violation.help, self._column(violation.pointer))

    def _column(self, pointer: str) -> str:
        """The column that is read into what stands at a pointer, or into what holds it; empty if there is none."""
        columns: Mapping[str, str] = self.source.columns
        above = pointer
        while above:
            if above in columns:
                return columns[above]
            above = above.rpartition("/")[0]
        return ""


class MisfitsError(PopulationError):
    """Rows do not fit, and leaving them out was not asked for: `misfits` say which, of `total` rows."""

    def __init__(self, misfits: Misfits, total: int) -> None:
        super().__init__(misfits.text(total))
        self.misfits = misfits
        self.total = total


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 line`, `2 lines`."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """More than one of them."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def _do(number: int) -> str:
    return "does" if number == 1 else "do"
