"""Settings to a service that can decide: the policy is loaded, the record opened and checked, the activation on it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from random import random as random_number
from typing import Any

from api.evaluation import decider_of, law_day
from api.in_force import policy_in_force
from api.metrics import Metrics
from api.record import Record, open_record
from api.recorder import Recorder
from api.second_opinion import Alarm, panel_of, second_opinion_of
from api.service import DecisionService
from api.service_log import LOGGER
from api.settings import Settings, SettingsError
from engine import Decider, Policy, load
from engine.audit import DecisionLog, LogUnavailable
from engine.evaluators.evaluator import NoOpinionError


def open_service(
    settings: Settings,
    *,
    policy: Policy | None,
    new_id: Callable[[], str],
    now: Callable[[], datetime],
    random: Callable[[], float] = random_number,
) -> DecisionService:
    """A service ready to decide. The policy it decides with is stored whole in the log under its digest.

    Raises:
        SettingsError: the evaluator does not evaluate these rules, or a second opinion is asked for that cannot be
            given here.
        PolicyError: the rules or jurisdictions have mistakes.
        LogUnavailable: the log cannot be opened or written, or is not what was signed.
    """
    policy = policy or load(settings.rules, settings.jurisdictions)
    decider = _decider(policy, settings.evaluator, now)
    metrics = Metrics()
    panel = panel_of(settings, policy, settings.evaluator, metrics)
    recorder = Recorder(policy.digest, lambda: law_day(now(), policy), new_id, now)
    record = open_record(settings, recorder, checks_whole=settings.start_check == "full")
    try:
        # One service at a time, so that several that start together put one activation on record.
        with record.log.store.signing_turn():
            _activate(policy, settings.evaluator, record, recorder)
        checkpointer = record.checkpointer(LOGGER.error)
    except BaseException:
        record.log.close()
        raise
    metrics.serves(
        digest=policy.digest,
        legal_status=policy.legal_status,
        decided_by=settings.evaluator,
        asked=panel.names,
        entries=functools.partial(_size, record.log),
    )
    alarm = Alarm(record.log, recorder, settings.evaluator)
    second = second_opinion_of(settings, panel, alarm, metrics, random)
    return DecisionService(
        policy, decider, record.log, record.vault, checkpointer, recorder, settings.evaluator, second, metrics
    )


def _decider(policy: Policy, evaluator: str, now: Callable[[], datetime]) -> Decider:
    try:
        return decider_of(policy, evaluator, now)
    except NoOpinionError as error:
        raise SettingsError(f"OSTIARY_EVALUATOR: {error}; give another one") from None


def _size(log: DecisionLog) -> int | None:
    try:
        return log.size()
    except LogUnavailable:
        return None


def _activate(policy: Policy, evaluator: str, record: Record, recorder: Recorder) -> None:
    """Store the policy and put its activation on record, unless it is in force already, with the same evaluator."""
    record.log.store_policy(policy.digest, policy.document, policy.files)
    in_force = policy_in_force(record.log)
    if (in_force.digest, in_force.evaluator) != (policy.digest, evaluator):
        record.log.append(recorder.entry("policy_activated", _activation(policy, evaluator, record.log)))


def _activation(policy: Policy, evaluator: str, log: DecisionLog) -> dict[str, Any]:
    """What came into force. Files are named by the hashes of the texts that are kept, those first loaded."""
    stored = log.policy(policy.digest)
    assert stored is not None
    return {
        "legal_status": policy.legal_status,
        "evaluator": evaluator,
        "rule_sets": [rule_set.name for rule_set in policy.rule_sets],
        "orders": [order.id for order in policy.order_summaries],
        "switches": policy.readings,
        "files": stored.file_digests(),
    }
