"""Populations read from files and the log: held against the vocabulary as a request is, nothing dropped silently."""

from engine.population.reading.mapping import ColumnMapping, ColumnsError, read_mapping
from engine.population.reading.misfits import Misfits, MisfitsError
from engine.population.reading.read import LEFT_OUT, prepared, read_population, read_rows
from engine.population.reading.source import Progress, Row, Source

__all__ = [
    "LEFT_OUT",
    "ColumnMapping",
    "ColumnsError",
    "Misfits",
    "MisfitsError",
    "Progress",
    "Row",
    "Source",
    "prepared",
    "read_mapping",
    "read_population",
    "read_rows",
]
