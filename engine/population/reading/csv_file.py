"""CSV with a header line, as RFC 4180 has it, in UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from engine.accounts.population import PopulationError
from engine.decision.request import Violation
from engine.population.reading.mapping import ColumnMapping
from engine.population.reading.source import Row
from engine.population.reading.table import Header, Table, table_of
from engine.population.reading.text_files import MAX_LINE, TextFile
from engine.population.reading.values import ValueMisfitError, cell_reader
from engine.vocabulary import Vocabulary

_NOT_UTF8 = Violation("", "is not UTF-8", "save the file as UTF-8")


class CsvFile:
    """A file of CSV: its `table` is known at once, its rows are read one after the other.

    Raises:
        PopulationError: it is empty, or its header is not one.
    """

    def __init__(self, file: TextFile, mapping: ColumnMapping | None, vocabulary: Vocabulary) -> None:
        self._lines = _Lines(file)
        delimiter = "," if mapping is None else mapping.delimiter
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._name = file.name
        names = self._next()
        if names is None:
            raise PopulationError(f"{file.name}: the file is empty; its first line names the columns")
        if self._lines.is_bad:
            raise PopulationError(f"{file.name}: the first line is not UTF-8; save the file as UTF-8")
        header = Header(file.name, names, self._lines.last.rstrip("\r\n"))
        other = next((mark for mark in ";\t|" if len(names) == 1 and names[0].count(mark) > 1), None)
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
        number = self._reader.line_num + 1
        while (cells := self._next()) is not None:
            if self._lines.is_bad:
                self._lines.is_bad = False
                yield Row(number, violations=(_NOT_UTF8,))
            elif len(cells) != len(self._names):
                if cells:
                    detail = f"has {_cells(len(cells))}, and the header {len(self._names):,}"
                    help_ = "a cell with a comma or a line end stands in quotes"
                    yield Row(number, violations=(Violation("", detail, help_),))
            else:
                yield self._row(number, cells)
            number = self._reader.line_num + 1

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

    def _next(self) -> list[str] | None:
        try:
            return next(self._reader, None)
        except csv.Error as error:
            where = f"{self._name}: line {self._reader.line_num:,}"
            raise PopulationError(f"{where}: the file cannot be read on from here: {_in_words(error)}") from error


class _Lines:
    """The lines of the file as text. `is_bad` says whether one since it was last set to False was not UTF-8."""

    def __init__(self, file: TextFile) -> None:
        self.is_bad = False
        self.last = ""
        self._file = file
        self._lines = enumerate(file.lines(), 1)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        number, line = next(self._lines)
        if line is None:
            raise PopulationError(f"{self._file.name}: line {number:,} has more than {MAX_LINE:,} bytes")
        try:
            self.last = line.decode()
        except UnicodeDecodeError:
            self.is_bad = True
            self.last = line.decode("utf-8", "replace")
        return self.last


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number:,} cells"


def _in_words(error: csv.Error) -> str:
    words = str(error)
    if "unexpected end of data" in words:
        return "quotes are never closed"
    if "expected after" in words:
        return "after closing quotes comes neither a delimiter nor the end of the line; write quotes in a cell twice"
    if "field larger" in words:
        return "a cell is too long, perhaps because quotes are never closed"
    if "new-line character" in words:
        return "a line ends with a carriage return alone; save the file with line ends of LF or CR LF"
    return words
