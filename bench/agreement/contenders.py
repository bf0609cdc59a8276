"""Who is held to the same answers: each evaluator of the registry, `written`, which reads the rule files itself, and
`population`, which puts many requests to a policy as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import attrs
import orjson

from bench.agreement.written import Written
from engine import Decider, Policy, RequestError
from engine.decision.decider import NO_LAW
from engine.decision.decision import Decision
from engine.evaluators.evaluator import Evaluator, EvaluatorKind, NoOpinionError
from engine.evaluators.registry import EVALUATORS, evaluator_kind, make_evaluator

WRITTEN, POPULATION = "written", "population"


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


@runtime_checkable
class AtOnce(Protocol):
    """A contender that takes many requests together, which costs it hardly more than one."""

    def answers(self, requests: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """What it says of each."""
        ...


def answers(one: Contender, requests: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """What a contender says of each of several requests."""
    return one.answers(requests) if isinstance(one, AtOnce) else [one.answer(request) for request in requests]


def answer_of(decision: Decision) -> Answer:
    """What a decision says."""
    findings = tuple(f"{finding.rule.id}@{finding.at}" for finding in decision.findings)
    return Answer(findings, orjson.dumps(decision.document), decision.outcome)


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
        return answer_of(decision)


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
    return (*EVALUATORS, WRITTEN, POPULATION)


def kind_of(name: str) -> EvaluatorKind | None:
    """The evaluator that a contender needs; None when it needs none."""
    return None if name == WRITTEN else evaluator_kind("columnar" if name == POPULATION else name)


def absences(names: Sequence[str]) -> dict[str, str]:
    """Those that cannot be used on this machine, each with the reason."""
    reasons = {name: kind.absence() for name in names if (kind := kind_of(name)) is not None}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def contender(name: str, policy: Policy) -> Contender:
    """The contender of that name, one of `known()`."""
    if name == WRITTEN:
        return Reading(policy)
    if name == POPULATION:
        from bench.agreement.tabled import Tabled  # noqa: PLC0415 - the others are compared where Ibis is not

        return Tabled(policy)
    try:
        return Deciding(policy, make_evaluator(name, policy.program))
    except NoOpinionError as error:
        return Unable(str(error))
