"""A parsed request to a decision or a problem: the engine's answer in the words of this interface."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from api import problems
from api.problems import FieldError, Problem
from engine import Decider, Decision, Policy, RequestError
from engine.evaluators.registry import make_evaluator
from engine.vocabulary.explain import MAX_MISFITS


def law_day(instant: datetime, policy: Policy) -> date:
    """The day on which the law is read when a request that arrives at that instant names none.

    Days of the rule are days in Washington, unless the policy reads Q19 otherwise.
    """
    return day_under(policy.reading("Q19", default="new_york_no_roll"), instant)


def day_under(reading: str | None, instant: datetime) -> date:
    """The day of an instant under a reading of Q19."""
    zone = UTC if reading == "utc" else ZoneInfo("America/New_York")
    return instant.astimezone(zone).date()


def decider_of(policy: Policy, evaluator: str, now: Callable[[], datetime]) -> Decider:
    """What decides under a policy, with the evaluator of that name.

    Raises:
        NoOpinionError: the rules or orders have an operation that the evaluator does not support.
    """
    return Decider(policy, lambda: law_day(now(), policy), make_evaluator(evaluator, policy.program))


def evaluate(decider: Decider, request: object, mode: str = "authoritative") -> Decision | Problem:
    """The decision on a request, or the problem with it. Raises NoOpinionError when the evaluator is at fault."""
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
