"""Requests to recorded decisions: the engine decides, the log makes it durable, and only then is there an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import attrs
import orjson

from api import problems
from api.asker import Asker
from api.decided import Decided, answer
from api.evaluation import evaluate
from api.metrics import Metrics
from api.problems import Problem, RefusedError, refuse
from api.recorder import Recorder, timestamp
from api.second_opinion import SecondOpinion
from api.service_log import LOGGER
from engine import Decider, Policy
from engine.audit import (
    DecisionLog,
    Entry,
    Idempotency,
    IdempotencyConflict,
    KeyOutdated,
    LogUnavailable,
    Receipt,
    StoredEntry,
)
from engine.audit.checkpointer import Checkpointer
from engine.audit.vault import Sealer, Vault
from engine.evaluators.evaluator import NoOpinionError, Restarting
from engine.vocabulary.places import places_in

REMEMBERED_SECONDS = 24 * 60 * 60
"""How long an idempotency key stands for the request it came with."""
_ATTEMPTS = 5

WhenGiven: TypeAlias = Callable[[Callable[[], object]], object]
"""Takes what is to be done once the answer has gone out."""


def at_once(work: Callable[[], object]) -> None:
    """For whoever gives answers by returning them."""
    work()


@attrs.frozen
class DecisionService:
    """Decides requests under one policy and records every decision before giving it. `evaluator` names what decides."""

    policy: Policy
    decider: Decider
    log: DecisionLog
    vault: Vault
    checkpointer: Checkpointer
    recorder: Recorder
    evaluator: str
    second_opinion: SecondOpinion
    metrics: Metrics
    _restarting: Restarting | None = attrs.field(init=False)

    @_restarting.default
    def _(self) -> Restarting | None:
        evaluator = self.decider.evaluator
        return evaluator if isinstance(evaluator, Restarting) else None

    def decide(self, request: object, asker: Asker, when_given: WhenGiven = at_once) -> bytes:
        """The answer to one request, as JSON, once it is durable in the log.

        Asked again under the same idempotency key, it is the answer of the first time, and nothing is recorded. Other
        evaluators that are to be asked afterwards are asked `when_given`.

        Raises:
            RefusedError: the request does not fit the vocabulary, its idempotency key stands for another, or what
                evaluates the rules is at fault.
            LogUnavailable: the decision could not be recorded, so there is none.
        """
        named = self._named(asker, b"one:")
        if named is not None:
            earlier = self._earlier(named)
            if earlier is not None:
                return earlier
        (outcome,) = self._record([request], asker, [named], when_given)
        if isinstance(outcome, Problem):
            raise RefusedError(outcome)
        return outcome

    def decide_batch(self, items: Iterable[object], asker: Asker, when_given: WhenGiven = at_once) -> list[bytes]:
        """One answer for each item, in order: a decision, or a problem document with the item's index in `item`.

        An item that is a `Problem` already is answered with it. All decisions become durable together. Under an
        idempotency key, each item is answered as it was the first time.

        Raises:
            RefusedError: the idempotency key stands for another batch.
            LogUnavailable: nothing could be recorded, so nothing was decided.
        """
        requests = list(items)
        # One hash over the body for all: with one for each item the work would grow with the square of the batch.
        whole = self._named(asker, b"batch:")
        named = [whole and attrs.evolve(whole, item=index) for index in range(len(requests))]
        return [
            orjson.dumps(outcome.document(item=index)) if isinstance(outcome, Problem) else outcome
            for index, outcome in enumerate(self._record(requests, asker, named, when_given))
        ]

    def find(self, id_: str) -> bytes | None:
        """The answer given earlier under this id, byte for byte; None when there is none."""
        found = self.entry(id_)
        if found is None:
            return None
        record = orjson.loads(found.body)
        return answer(record["decision"], Receipt(found.index, found.leaf, found.id))

    def entry(self, id_: str) -> StoredEntry | None:
        """The entry of the decision of this id; None when there is none."""
        found = self.log.get(id_)
        return None if found is None or found.kind != "decision" else found

    def facts(self, id_: str) -> bytes | None:
        """The facts of a decision as canonical JSON; None if there is none or its customer's key was destroyed.

        Raises:
            LogUnavailable: they cannot be read or opened.
        """
        found = self.log.get(id_)
        sealed = None if found is None else self.log.sealed(found.index)
        return None if sealed is None else self.vault.open_facts(sealed[0], id_, sealed[1])

    def reasons_not_ready(self) -> tuple[str, ...]:
        """Why no decision could be given now; empty when one could."""
        log = self.log.is_ready()
        vault = None if log else self.vault.obstacle()
        return tuple(filter(None, (log, vault, self.checkpointer.obstacle())))

    def close(self) -> None:
        """Finish what is being asked and recorded, sign it, then close the log."""
        try:
            self.second_opinion.close()
            self.checkpointer.close()
        finally:
            self.log.close()

    def _record(
        self, requests: list[object], asker: Asker, named: list[Idempotency | None], when_given: WhenGiven
    ) -> list[bytes | Problem]:
        """The answers to requests whose decisions have become durable in one transaction."""
        obstacle = self.checkpointer.obstacle()
        if obstacle is not None:
            raise LogUnavailable(obstacle)
        decided = [request if isinstance(request, Problem) else self._decide(request, asker) for request in requests]
        receipts = iter(self._append(decided, asker, named))
        return [
            outcome if isinstance(outcome, Problem) else self._answered(outcome, next(receipts), when_given)
            for outcome in decided
        ]

    def _append(self, decided: list[Decided | Problem], asker: Asker, named: list[Idempotency | None]) -> list[Receipt]:
        """The receipts of the decisions, whatever else is appended with them."""
        for _ in range(_ATTEMPTS):
            entries = list(self._entries(decided, asker, named))
            try:
                receipts = self.log.append_all(entries)
                return [found for entry, found in zip(entries, receipts, strict=True) if entry.kind == "decision"]
            except KeyOutdated as outdated:
                # The customer's key was made or destroyed by another request in between.
                trouble = outdated
            except IdempotencyConflict:
                raise _conflict() from None
        raise LogUnavailable(f"the keys of these customers keep changing ({trouble}); ask again", retry_after=1)

    def _entries(
        self, decided: list[Decided | Problem], asker: Asker, named: list[Idempotency | None]
    ) -> Iterator[Entry]:
        sealer = self.vault.sealer(timestamp(self.recorder.now()))
        for outcome, idempotency in zip(decided, named, strict=True):
            if isinstance(outcome, Decided):
                entry = self._entry(outcome, sealer, asker, idempotency)
                yield entry
                made, opinions = outcome.checked.made, outcome.checked.opinions
                if made is not None:
                    yield self.second_opinion.alarm.entry(entry, made, opinions, is_withheld=True)

    def _entry(self, decided: Decided, sealer: Sealer, asker: Asker, idempotency: Idempotency | None) -> Entry:
        id_ = self.recorder.new_id()
        facts = decided.request["facts"]
        # The facts identify people, so the entry holds nothing of them but the places, and a hash of the sealed box.
        canonical = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)
        customer = facts.get("customer") or {}
        sealed = sealer.seal(customer.get("id"), id_, canonical, facts.get("account"))
        fields = {
            "action": decided.request["action"],
            "places": places_in(facts, self.policy.vocabulary),
            "subject": sealed.subject,
            "sealed_facts": sealed.digest,
            "decision": decided.document,
        }
        return self.recorder.entry(
            "decision",
            fields,
            id_=id_,
            caller=asker.caller,
            request_id=asker.request_id,
            as_of=decided.document["policy"]["as_of"],
            sealed=sealed,
            idempotency=idempotency,
        )

    def _decide(self, request: Any, asker: Asker) -> Decided | Problem:  # noqa: ANN401 - a JSON value
        panel = self.second_opinion.panel
        try:
            decision = evaluate(self.decider, request)
            panel.is_decider_silent = False
        except NoOpinionError as error:
            panel.is_decider_silent = True
            self.metrics.has_not_decided()
            LOGGER.error("the evaluator gave no answer", exc_info=error, extra={"request_id": asker.request_id})
            return Problem(problems.NO_OPINION, f"The evaluator `{self.evaluator}` gave no answer.")
        finally:
            if self._restarting is not None:
                panel.note_restarts(self.evaluator, self._restarting)
        if isinstance(decision, Problem):
            return decision
        return Decided(request, self.second_opinion.check(self.decider, request, decision.document))

    def _answered(self, decided: Decided, receipt: Receipt, when_given: WhenGiven) -> bytes:
        """The answer to a request whose decision is on record, and what follows from it."""
        earlier = self.find(receipt.id) if receipt.is_earlier else None
        if earlier is not None:
            return earlier
        document = decided.document
        self.metrics.has_decided(document["outcome"], document["policy"]["mode"])
        made, opinions = decided.checked.made, decided.checked.opinions
        if made is not None:
            self.second_opinion.alarm.sound(receipt.id, made, opinions)
        if self.second_opinion.is_chosen():
            when_given(lambda: self.second_opinion.offer(decided.given(receipt)))
        return answer(document, receipt)

    def _named(self, asker: Asker, form: bytes) -> Idempotency | None:
        """The caller's name for the request. A batch of one line has the bytes of one request, but not its answer."""
        if asker.idempotency_key is None:
            return None
        fingerprint = self.vault.fingerprint(form + asker.body)
        now = int(self.recorder.now().timestamp())
        return Idempotency(asker.caller, asker.idempotency_key, fingerprint, now, now + REMEMBERED_SECONDS)

    def _earlier(self, named: Idempotency) -> bytes | None:
        """The answer given under this key, found before anything is decided or sealed anew."""
        found = self.log.idempotent(named.scope, named.key, named.now)
        if found is None:
            return None
        fingerprint, receipt = found
        if fingerprint != named.fingerprint:
            raise _conflict()
        return self.find(receipt.id)


def _conflict() -> RefusedError:
    return refuse(problems.IDEMPOTENCY_CONFLICT, "This Idempotency-Key came with another request in the last 24 hours.")
