"""CSV with a header line, as RFC 4180 has it, in UTF-8."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator

from engine.accounts.population import PopulationError
from engine.decision.request import Violation
from engine.population.reading.csv_quotes import Quotes
from engine.population.reading.mapping import ColumnMapping
from engine.population.reading.source import Row
from engine.population.reading.table import Header, Table, table_of
from engine.population.reading.text_files import MAX_LINE, TextFile, ends_line
from engine.population.reading.values import ValueMisfitError, cell_reader
from engine.vocabulary import Vocabulary

_PERHAPS = "say less, or close quotes that were left open"
_TOO_LONG = Violation("", f"has more than {MAX_LINE:,} bytes", _PERHAPS)
_LONG_CELL = Violation("", f"has a cell of more than {csv.field_size_limit():,} characters", _PERHAPS)
_NOT_UTF8 = Violation("", "is not UTF-8", "save the file as UTF-8")


class CsvFile:
    """A file of CSV: its `table` is known at once, its rows are read one after the other.

    Raises:
        PopulationError: it is empty, or its header is not one.
    """

    def __init__(self, file: TextFile, mapping: ColumnMapping | None, vocabulary: Vocabulary) -> None:
        delimiter = "," if mapping is None else mapping.delimiter
        self._lines = _Lines(file, delimiter)
        self._between = {"\t": "a tab", ",": "a comma"}.get(delimiter, f"`{delimiter}`")
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._name = file.name
        names = self._next()
        if names is None:
            raise PopulationError(f"{file.name}: the file is empty; its first line names the columns")
        if isinstance(names, Violation):
            help_ = "it names the columns, and ends with LF or CR LF"
            raise PopulationError(f"{file.name}: the first line {names.detail}; {help_}")
        if self._lines.is_bad:
            raise PopulationError(f"{file.name}: the first line is not UTF-8; save the file as UTF-8")
        header = Header(file.name, names, self._lines.last.rstrip("\r\n"))
        # No path to a fact has such a mark; of a column that a mapping may name two are needed.
        least = 1 if mapping is None else 2
        other = next((mark for mark in ";\t|" if len(names) == 1 and names[0].count(mark) >= least), None)
        if other is not None:
            said, written = ("a tab", "\\t") if other == "\t" else (f"`{other}`", other)
            help_ = f'say so in a mapping file: `delimiter: "{written}"`'
            raise PopulationError(f"{file.name}: the columns seem to be separated by {said}; {help_}")
        self.table: Table = table_of(header, mapping, vocabulary)
        self._names = names
        self._readers = [
            (name, cell_reader(self.table.uses[name])) if name in self.table.uses else None for name in names
        ]

    def rows(self) -> Iterator[Row]:
        """The rows, each under the number of the line on which it begins. Empty lines are passed over.

        Raises:
            PopulationError: quotes or lines are such that the rest cannot be read.
        """
        while (cells := self._next()) is not None:
            number = self._lines.begun
            if isinstance(cells, Violation):
                yield Row(number, violations=(cells,))
            elif self._lines.is_bad:
                yield Row(number, violations=(_NOT_UTF8,))
            elif len(cells) != len(self._names):
                if cells:
                    detail = f"has {_cells(len(cells))}, and the header {len(self._names):,}"
                    help_ = f"a cell with {self._between} or a line end stands in quotes"
                    yield Row(number, violations=(Violation("", detail, help_),))
            else:
                yield self._row(number, cells)

    def _row(self, number: int, cells: list[str]) -> Row:
        values = {}
        violations = []
        for reader, cell in zip(self._readers, cells, strict=True):
            if reader is not None and cell:
                name, read = reader
                try:
                    values[name] = read(cell)
                except ValueMisfitError as error:
                    violations.append(Violation(self.table.pointer(name), error.detail, error.help))
        return self.table.row(number, values, violations)

    def _next(self) -> list[str] | Violation | None:
        """The cells of the next record, or why it is not read; None after the last."""
        lines = self._lines
        lines.begin()
        try:
            try:
                return next(self._reader, None)
            except _TooLongError:
                lines.pass_over()
                return _TOO_LONG
            except csv.Error as error:
                if "field larger" not in str(error):
                    raise
                lines.pass_over()
                return _LONG_CELL
        except csv.Error as error:
            where = (
                f"line {lines.begun:,}" if lines.number == lines.begun else f"lines {lines.begun:,} to {lines.number:,}"
            )
            what = "the file cannot be read on from here"
            raise PopulationError(f"{self._name}: {where}: {what}: {_in_words(error)}") from error


class _TooLongError(Exception):
    """The record has more bytes than are read of one; the reader begins the next one anew."""


class _Lines:
    """The lines of the file as text, for a reader that takes as many as a record has.

    `begun` is the number of the record's first line, `number` that of its last so far, and `last` is its text. `is_bad`
    says whether one of the record is not UTF-8.
    """

    def __init__(self, file: TextFile, delimiter: str) -> None:
        self.is_bad = False
        self.last = ""
        self.begun = 1
        self.number = 0
        self._delimiter = delimiter
        self._parts = file.parts()
        self._part = b""
        self._bytes = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def begin(self) -> None:
        """From here on lines are those of the next record."""
        self.is_bad = False
        self.begun = self.number + 1
        self._bytes = 0

    def __next__(self) -> str:
        self._part = next(self._parts)
        self.number += 1
        self._bytes += len(self._part)
        if self._bytes > MAX_LINE:
            raise _TooLongError
        try:
            self.last = self._part.decode()
        except UnicodeDecodeError:
            self.is_bad = True
            self.last = self._part.decode("utf-8", "replace")
        return self.last

    def pass_over(self) -> None:
        """Go on to the end of the record, beginning with its last line so far, and keep nothing of it.

        Raises:
            csv.Error: nobody can tell where it ends.
        """
        # A record goes on in another line within quotes alone.
        quotes = Quotes(self._delimiter, are_open=self.number > self.begun)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        part = self._part
        while True:
            quotes.follow(decoder.decode(part))
            is_last = ends_line(part)
            if is_last and not quotes.are_open:
                return
            part = next(self._parts, b"")
            if not part:
                if quotes.are_open:
                    raise csv.Error("unexpected end of data")
                return
            self.number += is_last


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number:,} cells"


def _in_words(error: csv.Error) -> str:
    words = str(error)
    if "unexpected end of data" in words:
        return "quotes are never closed"
    if "expected after" in words:
        return "after closing quotes comes neither a delimiter nor the end of the line; write quotes in a cell twice"
    if "new-line character" in words:
        return "a line ends with a carriage return alone; save the file with line ends of LF or CR LF"
    return words
