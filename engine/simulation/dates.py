"""Days as ISO text, counted."""

from __future__ import annotations

from datetime import date, timedelta

LAST_OF_ALL = date.max.isoformat()
"""What stands for an end that is not stated, as in `engine.measures.order`."""


def shifted(day: str, days: int) -> str:
    """The day so many days later, or earlier."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def days_between(one: str, other: str) -> int:
    """How many days later the other is."""
    return (date.fromisoformat(other) - date.fromisoformat(one)).days
