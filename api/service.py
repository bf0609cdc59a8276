"""Requests to recorded decisions: the engine decides, the log makes it durable, and only then is there an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import attrs
import orjson
import uuid_utils

from api.evaluation import evaluate
from api.problems import Problem, RefusedError
from engine import Decider, Policy
from engine.audit import DecisionLog, Entry, Receipt

RECORD_VERSION = 1


def new_id() -> str:
    """A UUIDv7 (RFC 9562): ids sort by the time they were made."""
    return str(uuid_utils.uuid7())


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


@attrs.frozen
class DecisionService:
    """Decides requests under one policy and records every decision before giving it.

    `new_id` and `now` are arguments so that tests can hold them still.
    """

    policy: Policy
    decider: Decider
    log: DecisionLog
    new_id: Callable[[], str] = new_id
    now: Callable[[], datetime] = now

    def decide(self, request: object, request_id: str | None) -> bytes:
        """The answer to one request, as JSON, once it is durable in the log.

        Raises:
            RefusedError: the request does not fit the vocabulary.
            LogUnavailable: the decision could not be recorded, so there is none.
        """
        decided = self._decide(request, request_id)
        if isinstance(decided, Problem):
            raise RefusedError(decided)
        return _answer(decided.entry.id, decided.document, self.log.append(decided.entry))

    def decide_batch(self, items: Iterable[object], request_id: str | None) -> list[bytes]:
        """One answer for each item, in order: a decision, or a problem document with the item's index in `item`.

        An item that is a `Problem` already is answered with it. All decisions become durable together.

        Raises:
            LogUnavailable: nothing could be recorded, so nothing was decided.
        """
        outcomes = [item if isinstance(item, Problem) else self._decide(item, request_id) for item in items]
        entries = [outcome.entry for outcome in outcomes if isinstance(outcome, _Decided)]
        receipts = iter(self.log.append_all(entries))
        return [
            orjson.dumps(outcome.document(item=index))
            if isinstance(outcome, Problem)
            else _answer(outcome.entry.id, outcome.document, next(receipts))
            for index, outcome in enumerate(outcomes)
        ]

    def find(self, id_: str) -> bytes | None:
        """The answer given earlier under this id, byte for byte; None when there is none."""
        found = self.log.get(id_)
        if found is None:
            return None
        record = orjson.loads(found.body)
        if record["type"] != "decision":
            return None
        return _answer(record["id"], record["decision"], Receipt(found.index, found.leaf))

    def reasons_not_ready(self) -> tuple[str, ...]:
        """Why no decision could be given now; empty when one could."""
        obstacle = self.log.is_ready()
        return () if obstacle is None else (obstacle,)

    def close(self) -> None:
        """Finish what is being recorded, then close the log."""
        self.log.close()

    def _decide(self, request: Any, request_id: str | None) -> _Decided | Problem:  # noqa: ANN401 - a JSON value
        decision = evaluate(self.decider, request)
        if isinstance(decision, Problem):
            return decision
        document = decision.document
        record = {
            "v": RECORD_VERSION,
            "type": "decision",
            "id": (id_ := self.new_id()),
            "time": timestamp(self.now()),
            "action": request["action"],
            "as_of": document["policy"]["as_of"],
            "policy": document["policy"]["digest"],
            "request_id": request_id,
            "decision": document,
        }
        # The facts identify people, so they are kept beside the record and not in it.
        facts = orjson.dumps(request["facts"], option=orjson.OPT_SORT_KEYS)
        return _Decided(Entry(kind="decision", id=id_, body=orjson.dumps(record), facts=facts), document)


@attrs.frozen
class _Decided:
    """A decision that is not on record yet."""

    entry: Entry
    document: dict[str, Any]


def timestamp(instant: datetime) -> str:
    """An instant in UTC as RFC 3339 with microseconds and `Z`."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _answer(id_: str, document: dict[str, Any], receipt: Receipt) -> bytes:
    log = {"index": receipt.index, "leaf": "sha256:" + receipt.leaf.hex()}
    return orjson.dumps({"id": id_, **document, "log": log})
