"""The days on which accounts can be made up: births before them and clocks after them are days, too."""

from __future__ import annotations

from datetime import date

EARLIEST, LATEST = date(1990, 1, 1), date(2999, 12, 31)
