"""What is read: rows of whatever source, each of which may become an account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from engine.decision.request import Violation

Progress = Callable[[int, float], None]
"""Told now and then how many rows have been read, and which share of the source that is, 0 to 1."""


@attrs.frozen
class Row:
    """A row of a source.

    `number` is its place as people count there: the line of a text and the row of a table from 1, the index of an entry
    of the log. `request` is in the form of a decision request, and may not fit the vocabulary. `violations` say why
    there is none. `gone` says why there is nothing to read although nothing is wrong, as when facts were destroyed.
    """

    number: int
    request: Any = None
    malicious: bool | None = None
    violations: tuple[Violation, ...] = ()
    gone: str = ""


@attrs.frozen
class Source:
    """Rows, and where they come from.

    `name` is what messages call it, `noun` what one of its rows is called. `origin` goes into the manifest. `columns`
    maps JSON Pointers to the columns that are read into what stands there. `share` says how much has been read.
    """

    name: str
    noun: str
    rows: Iterable[Row]
    origin: Mapping[str, Any]
    columns: Mapping[str, str] = attrs.Factory(dict)
    share: Callable[[], float] = lambda: 0.0
