"""Records to results, one at a time: nothing is kept of a record once its result is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

import attrs

from engine.decision import Decider, RequestError
from engine.opinion import withheld
from engine.policy.policy import Policy
from engine.replay.difference import Difference, difference
from engine.replay.recorded import Case, NotReplayable, NotReplayableError, Recorded, read_case

PolicyOf: TypeAlias = Callable[[str], Policy]
"""Gives the policy of a digest, or raises NotReplayableError."""

_AT_HAND = 8
"""Programs kept ready. A log changes between few at a time, and a program is megabytes of closures."""


@attrs.frozen
class Replayed:
    """A decision that was decided again, by which `policy` it was decided, and how the two differ."""

    index: int
    id: str
    policy: str
    difference: Difference

    @property
    def is_same(self) -> bool:
        """Whether nothing came out otherwise."""
        return self.difference.is_none


@attrs.frozen
class Withheld:
    """A decision that was not given as the rules made it, because evaluators did not bear each other out."""

    index: int
    id: str
    policy: str
    objection: str


Result: TypeAlias = Replayed | Withheld | NotReplayable


def replay(records: Iterable[Recorded], policy_of: PolicyOf) -> Iterator[Result]:
    """Each decision decided again by the program that decided it.

    It is the same only when the record comes out in the very same bytes; where everything that is said is the same and
    the bytes are not, the difference is in the part `bytes`. One that was withheld is the same when it comes out in
    the same bytes if it is withheld again; what the rules say to it is not asked.
    """

    @lru_cache(_AT_HAND)
    def decider_of(digest: str) -> Decider | NotReplayableError:
        try:
            return Decider(policy_of(digest))
        except NotReplayableError as error:
            return error

    def again(recorded: Recorded, case: Case) -> Difference:
        decider = decider_of(case.digest)
        if isinstance(decider, NotReplayableError):
            raise decider
        decision = _decide(decider, case, case.objection)
        if decision is not None and case.body(decision) == recorded.body:
            return difference(decision, decision)
        found = difference(case.decision, decision or {})
        return attrs.evolve(found, parts=("bytes",)) if found.is_none else found

    return (_result(recorded, again) for recorded in records)


def compare(records: Iterable[Recorded], policy: Policy) -> Iterator[Result]:
    """Each decision as it is recorded against what another program says to the same request on the same day.

    Which program decided is no difference. A request that does not fit, as when it names a place the program does not
    know, comes to the outcome `none`. One that was withheld is held against nothing.
    """
    decider = Decider(policy)

    def again(_: Recorded, case: Case) -> Difference:
        if case.objection is not None:
            return difference(case.decision, case.decision)
        return difference(case.decision, _decide(decider, case) or {}, leaving_out="policy")

    return (_result(recorded, again) for recorded in records)


def _decide(decider: Decider, case: Case, objection: str | None = None) -> dict[str, Any] | None:
    """The document of the decision, withheld if there was an objection; None when the request is not accepted."""
    try:
        if objection is not None:
            return withheld(decider, decider.case(case.request), case.mode, objection).document
        return decider.decide(case.request, case.mode).document
    except RequestError:
        return None


def _result(recorded: Recorded, again: Callable[[Recorded, Case], Difference]) -> Result:
    try:
        case = read_case(recorded)
        found = again(recorded, case)
        if case.objection is not None and found.is_none:
            return Withheld(recorded.index, recorded.id, case.digest, case.objection)
        return Replayed(recorded.index, recorded.id, case.digest, found)
    except NotReplayableError as error:
        return NotReplayable(recorded.index, recorded.id, error.reason, error.detail)
