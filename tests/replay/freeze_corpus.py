"""`make corpus NAME=…`: what this engine decides on the example requests, for every later engine to decide alike."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import corpus_files
import fixture_logs


def main(name: str) -> None:
    measures = fixture_logs.requests_with("fixtures")
    stricter = (*fixture_logs.SHIPPED, fixture_logs.STRICTER)
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        fixture_logs.write(data, fixture_logs.requests_with("none"))
        fixture_logs.write(data, measures, jurisdictions=fixture_logs.MEASURES)
        fixture_logs.write(data, measures, rules=stricter, jurisdictions=fixture_logs.MEASURES)
        with fixture_logs.reading(data) as (log, vault):
            corpus_files.freeze(corpus_files.CORPORA / name, log, fixture_logs.Written.of(log, vault, {}).records)


if __name__ == "__main__":
    main(sys.argv[1])
