"""The policy that a log was last told is in force: what administration goes by, without the rules being at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

import attrs
import orjson

from api.evaluation import day_under
from engine.audit import DecisionLog
from engine.audit.vault import Readings

_SWITCH = "interpretation."
_AT_FIRST = "compiled"
"""The evaluator of activations that name none: there was no other."""


@attrs.frozen
class InForce:
    """The policy activated last: its digest, None if none was, and the chosen option of each of its switches.

    `evaluator` is the name of what decides by it.
    """

    digest: str | None
    evaluator: str
    switches: Mapping[str, str]

    def today(self, now: Callable[[], datetime]) -> date:
        """The day on which the law is read."""
        return day_under(self.switches.get("Q19"), now())

    def readings(self) -> Readings | None:
        """How long records are kept, None if this policy does not say."""
        try:
            return Readings.of(self.switches)
        except ValueError:
            return None


def policy_in_force(log: DecisionLog) -> InForce:
    """What the last activation in the log activated, from the copy that the log keeps. Raises LogUnavailable."""
    last = log.last_of("policy_activated")
    body = {} if last is None else orjson.loads(last.body)
    digest = body.get("policy")
    policy = None if digest is None else log.policy(digest)
    constants = {} if policy is None else orjson.loads(policy.document)["constants"]
    switches = {name.removeprefix(_SWITCH): str(value) for name, value in constants.items() if name.startswith(_SWITCH)}
    return InForce(digest, body.get("evaluator", _AT_FIRST), switches)
