"""The day on which the law is read when a request names none: New York's, or that of UTC by Q19."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from api.evaluation import law_day
from engine import load
from engine.policy.constants import Overrides

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("reading", "day"),
    [("new_york_no_roll", date(2026, 11, 21)), ("next_business_day", date(2026, 11, 21)), ("utc", date(2026, 11, 22))],
)
def test_the_day_of_an_instant(reading: str, day: date) -> None:
    policy = load(ROOT / "rules", ROOT / "jurisdictions", Overrides({"Q19": reading}))
    assert law_day(datetime(2026, 11, 22, 2, 30, tzinfo=UTC), policy) == day
