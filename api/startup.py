"""Settings to a service that can decide: the policy is loaded, the log open, and the activation on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson

from api.evaluation import law_day
from api.service import RECORD_VERSION, DecisionService, timestamp
from api.settings import Settings
from engine import Decider, Policy, load
from engine.audit import DecisionLog, Entry


def open_service(
    settings: Settings, *, policy: Policy | None, new_id: Callable[[], str], now: Callable[[], datetime]
) -> DecisionService:
    """A service ready to decide. The policy it decides with is stored whole in the log under its digest.

    Raises:
        PolicyError: the rules or jurisdictions have mistakes.
        LogUnavailable: the log cannot be opened or written.
    """
    policy = policy or load(settings.rules, settings.jurisdictions)
    log = DecisionLog.open(settings.data)
    try:
        log.store_policy(policy.digest, policy.document, policy.files)
        if _last_policy(log) != policy.digest:
            log.append(_activation(policy, new_id(), now()))
    except BaseException:
        log.close()
        raise
    return DecisionService(policy, Decider(policy, lambda: law_day(now(), policy)), log, new_id, now)


def _last_policy(log: DecisionLog) -> str | None:
    """Digest of the policy that was active when the log was last written: every record names it."""
    size = log.size()
    digest = None
    for entry in log.entries(max(size - 1, 0)):
        digest = orjson.loads(entry.body)["policy"]
    return digest


def _activation(policy: Policy, id_: str, instant: datetime) -> Entry:
    record = {
        "v": RECORD_VERSION,
        "type": "policy_activated",
        "id": id_,
        "time": timestamp(instant),
        "policy": policy.digest,
        "legal_status": policy.legal_status,
        "rule_sets": [rule_set.name for rule_set in policy.rule_sets],
        "orders": [order.id for order in policy.order_summaries],
    }
    return Entry(kind="policy_activated", id=id_, body=orjson.dumps(record))
