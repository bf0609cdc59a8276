"""What the log holds of a decision, read back as far as deciding it again needs."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import attrs
import orjson

from engine.opinion import OBJECTIONS

VERSIONS = frozenset({1, 2})
"""Versions of a record that can be read; both say action, day and program in the same words."""


class Reason(StrEnum):
    """Why a decision cannot be decided again."""

    FACTS_GONE = "facts_gone"
    """Nothing is kept of what was decided about."""
    FACTS_DESTROYED = "facts_destroyed"
    """The key of the customer was destroyed when the time of keeping was up."""
    FACTS_HELD_BACK = "facts_held_back"
    """The facts are there and sealed, and whoever replays may not or cannot open them."""
    NO_POLICY = "no_policy"
    """The program that decided is not stored, or what is stored is not that program."""
    OTHER_SEMANTICS = "other_semantics"
    """The program is written for another version of the language than this engine reads."""
    MALFORMED = "malformed"
    """The record or the facts are not of the form in which they are logged."""


class NotReplayableError(Exception):
    """Deciding again is not possible; `detail` says why in words, of which there are few in one log."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@attrs.frozen
class NotReplayable:
    """A decision that could not be decided again."""

    index: int
    id: str
    reason: Reason
    detail: str


_ABSENT = {
    Reason.FACTS_GONE: "no facts are kept with the decision",
    Reason.FACTS_DESTROYED: "the facts were destroyed",
    Reason.FACTS_HELD_BACK: "the facts are sealed and were not opened",
}


@attrs.frozen
class Recorded:
    """A decision as it stands in the log.

    `body` is the exact JSON of its record, `facts` are those of its request as JSON. Where there are none, `without`
    says why: one of the reasons that begin with `FACTS_`.
    """

    index: int
    id: str
    body: bytes = attrs.field(repr=False)
    facts: bytes | None = attrs.field(repr=False)
    without: Reason = attrs.field(default=Reason.FACTS_GONE, validator=attrs.validators.in_(_ABSENT))


@attrs.frozen
class Case:
    """A recorded decision, taken apart: the `record` as parsed, and what was asked.

    `decision` is the recorded decision, an empty object where the record has none worth the name: that is no reason not
    to decide again, and what comes out will not be the same.
    """

    record: dict[str, Any]
    request: dict[str, Any]
    digest: str
    decision: dict[str, Any]

    @property
    def mode(self) -> str:
        """The mode in which it was decided; it is told to the engine like the day."""
        policy = self.decision.get("policy")
        mode = policy.get("mode") if isinstance(policy, dict) else None
        return mode if isinstance(mode, str) else "authoritative"

    @property
    def objection(self) -> str | None:
        """The id of the one finding of a decision that was withheld, one of OBJECTIONS; None if it was not."""
        match self.decision.get("findings"):
            case [{"rule": str(rule)}] if rule in OBJECTIONS:
                return rule
        return None

    def body(self, decision: dict[str, Any]) -> bytes:
        """The bytes that are logged when the engine comes to this decision on the same request.

        Raises:
            NotReplayableError: the rest of the record is nothing that is ever written.
        """
        try:
            return orjson.dumps({**self.record, "decision": decision})
        except orjson.JSONEncodeError as error:
            # More can be read than written, such as lists in lists in lists.
            raise NotReplayableError(Reason.MALFORMED, "the record is nested too deeply") from error


def read_case(recorded: Recorded) -> Case:
    """The case of a record.

    Raises:
        NotReplayableError: it is no record of a decision, or its facts are not there.
    """
    record = _object(recorded.body, "the record is not a JSON object")
    if record.get("type") != "decision":
        raise NotReplayableError(Reason.MALFORMED, "the record is not one of a decision")
    if not isinstance(record.get("v"), int) or record["v"] not in VERSIONS:
        raise NotReplayableError(Reason.MALFORMED, "the record has a version that this engine does not read")
    action, as_of, digest = record.get("action"), record.get("as_of"), record.get("policy")
    if not (isinstance(action, str) and isinstance(as_of, str) and isinstance(digest, str)):
        raise NotReplayableError(Reason.MALFORMED, "the record does not say its action, its day or its program")
    if recorded.facts is None:
        raise NotReplayableError(recorded.without, _ABSENT[recorded.without])
    facts = _object(recorded.facts, "the facts are not a JSON object")
    decision = record.get("decision")
    return Case(
        record,
        {"action": action, "as_of": as_of, "facts": facts},
        digest,
        decision if isinstance(decision, dict) else {},
    )


def _object(text: bytes, otherwise: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotReplayableError(Reason.MALFORMED, otherwise) from error
    if not isinstance(value, dict):
        raise NotReplayableError(Reason.MALFORMED, otherwise)
    return value
