"""Who is held to the same answers: each evaluator of the registry, and `written`, which reads the rule files itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs
import orjson

from bench.agreement.written import Written
from engine import Decider, Policy, RequestError
from engine.decision.decider import NO_LAW
from engine.evaluators.evaluator import Evaluator, NoOpinionError
from engine.evaluators.registry import EVALUATORS, evaluator_kind, make_evaluator

WRITTEN = "written"


@attrs.frozen
class Answer:
    """What a contender says of a request: findings as `rule@pointer`, and the decision as JSON where it makes one.

    A contender that fails says how; one that has no opinion said so by NoOpinionError.
    """

    findings: tuple[str, ...] = ()
    document: bytes | None = None
    outcome: str = ""
    failure: str = ""
    has_no_opinion: bool = False

    def agrees_with(self, other: Answer) -> bool:
        """Whether both say the same, as far as both say it."""
        if self.failure or other.failure:
            return False
        if self.document is not None and other.document is not None:
            return self.document == other.document
        return len(self.findings) == len(other.findings) and all(map(_same, self.findings, other.findings))


def _same(one: str, other: str) -> bool:
    """Whether two findings are the same; after `@` nothing stands where the file does not say where it points."""
    shorter, longer = sorted((one, other), key=len)
    return one == other or (shorter.endswith("@") and longer.startswith(shorter))


class Contender(Protocol):
    """Answers requests under one policy."""

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """What it says of a request that fits the vocabulary; RequestError when that does not fit."""
        ...


class Deciding:
    """A Decider with one of the evaluators."""

    def __init__(self, policy: Policy, evaluator: Evaluator) -> None:
        self._decider = Decider(policy, evaluator=evaluator)

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """The decision."""
        try:
            decision = self._decider.decide(request)
        except RequestError:
            raise
        except NoOpinionError as error:
            return Answer(failure=str(error), has_no_opinion=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others did not fail
            return Answer(failure=f"{type(error).__name__}: {error}")
        findings = tuple(f"{finding.rule.id}@{finding.at}" for finding in decision.findings)
        return Answer(findings, orjson.dumps(decision.document), decision.outcome)


@attrs.frozen
class Unable:
    """One that cannot be made for a policy; `why` says so of every request."""

    why: str

    def answer(self, _request: Mapping[str, Any]) -> Answer:
        """That it has no opinion."""
        return Answer(failure=self.why, has_no_opinion=True)


class Reading:
    """The rule files, read as text."""

    def __init__(self, policy: Policy) -> None:
        self._written = Written(policy)

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """The findings."""
        found = self._written.findings(request)
        return Answer((f"{NO_LAW}@",) if found is None else tuple(found))


def known() -> tuple[str, ...]:
    """Every contender that can be named."""
    return (*EVALUATORS, WRITTEN)


def absences(names: Sequence[str]) -> dict[str, str]:
    """Those that cannot be used on this machine, each with the reason."""
    reasons = {name: evaluator_kind(name).absence() for name in names if name != WRITTEN}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def contender(name: str, policy: Policy) -> Contender:
    """The contender of that name, one of `known()`."""
    if name == WRITTEN:
        return Reading(policy)
    try:
        return Deciding(policy, make_evaluator(name, policy.program))
    except NoOpinionError as error:
        return Unable(str(error))
