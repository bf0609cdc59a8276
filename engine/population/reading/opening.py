"""A file to rows, by the ending of its name."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rfc8785

from engine.accounts.population import PopulationError
from engine.policy.policy import Policy
from engine.population.reading.csv_file import CsvFile
from engine.population.reading.mapping import ColumnMapping
from engine.population.reading.ndjson import mapped_ndjson_rows, ndjson_rows
from engine.population.reading.parquet import ParquetFile
from engine.population.reading.paths import pointer_of
from engine.population.reading.source import Source
from engine.population.reading.text_files import text_file

_ENDINGS = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".ndjson.gz": "ndjson",
    ".jsonl.gz": "ndjson",
    ".csv.gz": "csv",
    ".parquet": "parquet",
}


def origin_of(path: Path, policy: Policy, mapping: ColumnMapping | None) -> dict[str, Any]:
    """What the population of a file is made of: the file, the mapping, and the words and places it is held against.

    Raises:
        PopulationError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error
    return {
        "kind": "file",
        "name": path.name,
        "sha256": digest,
        "mapping": None if mapping is None else mapping.digest,
        "vocabulary": _digest(dict(policy.vocabulary.source)),
        "places": _digest(policy.places.codes),
    }


@contextlib.contextmanager
def opened(path: Path, policy: Policy, mapping: ColumnMapping | None) -> Iterator[Source]:
    """The rows of a file, for the body alone.

    Raises:
        PopulationError: the file cannot be read, is of no known format, or has other columns than it should.
    """
    kind = _format(path)
    origin = origin_of(path, policy, mapping)
    mapped = {} if mapping is None else {pointer_of(use.path): name for name, use in mapping.columns.items()}
    try:
        if kind == "parquet":
            with contextlib.closing(ParquetFile(path, mapping, policy.vocabulary)) as parquet:
                yield Source(path.name, "row", parquet.rows(), origin, parquet.table.pointers, parquet.share)
            return
        with text_file(path) as file:
            if kind == "csv":
                table = CsvFile(file, mapping, policy.vocabulary)
                yield Source(path.name, "line", table.rows(), origin, table.table.pointers, file.share)
            else:
                rows = ndjson_rows(file) if mapping is None else mapped_ndjson_rows(file, mapping, policy.vocabulary)
                yield Source(path.name, "line", rows, origin, mapped, file.share)
    except OSError as error:
        raise _unreadable(path, error) from error


def _format(path: Path) -> str:
    name = path.name.lower()
    found = next((kind for ending, kind in _ENDINGS.items() if name.endswith(ending)), None)
    if found is None:
        *some, last = _ENDINGS
        raise PopulationError(
            f"{path}: of no known format; the name of such a file ends in {', '.join(some)} or {last}"
        )
    return found


def _digest(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return "sha256:" + hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def _unreadable(path: Path, error: OSError) -> PopulationError:
    return PopulationError(f"{path}: the file cannot be read: {(error.strerror or 'unknown error').lower()}")
