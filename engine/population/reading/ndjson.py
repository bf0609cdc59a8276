"""NDJSON: a request a line, or, with a mapping, an object whose keys are columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.accounts.layout import MALICIOUS
from engine.decision.request import Violation
from engine.population.reading.mapping import ColumnMapping, Use, holds_same
from engine.population.reading.paths import known_paths
from engine.population.reading.source import Row
from engine.population.reading.table import Table, labelled
from engine.population.reading.text_files import MAX_LINE, TextFile
from engine.population.reading.values import ValueMisfitError, strict_json, value_reader
from engine.vocabulary import Vocabulary

_NO_OBJECT = Violation("", "is not a JSON object", 'write one on each line, such as `{"action": ...}`')
_TOO_LONG = Violation("", f"has more than {MAX_LINE:,} bytes", "say less of the account, or leave it out")


def ndjson_rows(file: TextFile) -> Iterator[Row]:
    """The requests, each with the label `malicious` where it has one. Blank lines hold nothing and are passed over."""
    for number, value in _values(file):
        if isinstance(value, Violation):
            yield Row(number, violations=(value,))
        else:
            malicious = value.pop(MALICIOUS, None)
            yield labelled(number, value, malicious)


def mapped_ndjson_rows(file: TextFile, mapping: ColumnMapping, vocabulary: Vocabulary) -> Iterator[Row]:
    """The objects as rows of a table; a key that is neither mapped nor ignored is a misfit."""
    table = Table({**_named_by_paths(mapping, vocabulary), **mapping.columns}, mapping.constants)
    readers = {name: value_reader(use) for name, use in mapping.columns.items()}
    for number, value in _values(file):
        if isinstance(value, Violation):
            yield Row(number, violations=(value,))
            continue
        values: dict[str, Any] = {}
        violations: list[Violation] = []
        for name, said in value.items():
            if name in mapping.ignored:
                continue
            if name not in table.uses:
                pointer = "/" + name.replace("~", "~0").replace("/", "~1")
                violations.append(Violation(pointer, "is neither mapped nor ignored", "map or ignore it"))
                continue
            try:
                read = readers.get(name)
                values[name] = said if read is None or said is None else read(said)
            except ValueMisfitError as error:
                violations.append(Violation(table.pointer(name), error.detail, error.help))
        yield table.row(number, values, violations)


def _named_by_paths(mapping: ColumnMapping, vocabulary: Vocabulary) -> dict[str, Use]:
    """The keys that need no mapping: paths of single facts of which the mapping says nothing."""
    said = [*mapping.constants, *(use.path for use in mapping.columns.values())]
    return {
        path: Use(path, type_)
        for path, type_ in known_paths(vocabulary).items()
        if type_.kind != "record" and not any(holds_same(path, other) for other in said)
    }


def _values(file: TextFile) -> Iterator[tuple[int, dict[str, Any] | Violation]]:
    """The object on each line with the line's number, or why there is none."""
    for number, line in enumerate(file.lines(), 1):
        if line is None:
            yield number, _TOO_LONG
        elif text := line.strip(b" \t\r\n"):
            try:
                value = strict_json(text)
            except ValueMisfitError as error:
                yield number, Violation("", error.detail, error.help)
            else:
                yield number, value if isinstance(value, dict) else _NO_OBJECT
