"""A parsed request to a decision or a problem: the engine's answer in the words of this interface."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from api import problems
from api.problems import FieldError, Problem
from engine import Decider, Decision, RequestError
from engine.vocabulary.explain import MAX_MISFITS

_LAW_TIME = ZoneInfo("America/New_York")
"""Days of the rule are days in Washington (interpretation Q19)."""


def law_day(instant: datetime) -> date:
    """The day on which the law is read when a request that arrives at that instant names none."""
    return instant.astimezone(_LAW_TIME).date()


def today() -> date:
    """The day on which the law is read now."""
    return law_day(datetime.now(UTC))


def evaluate(decider: Decider, request: object, mode: str = "authoritative") -> Decision | Problem:
    """The decision on a request, or the problem with it."""
    try:
        return decider.decide(request, mode)
    except RequestError as error:
        return invalid_request(error)


def invalid_request(error: RequestError) -> Problem:
    """The engine's objections to a request as a problem."""
    errors = tuple(FieldError(violation.pointer, violation.detail, violation.help) for violation in error.problems)
    if all(violation.is_unknown_key for violation in error.problems):
        keys = "A key of the request is" if len(errors) == 1 else f"{_count(len(errors))} keys of the request are"
        return Problem(problems.UNKNOWN_KEY, f"{keys} not in the vocabulary.", errors)
    parts = "One part of the request does" if len(errors) == 1 else f"{_count(len(errors))} parts of the request do"
    return Problem(problems.INVALID_REQUEST, f"{parts} not fit the vocabulary.", errors)


def _count(number: int) -> str:
    """A count in words that stay true where explaining stopped."""
    return f"At least {number:,}" if number >= MAX_MISFITS else f"{number:,}"
