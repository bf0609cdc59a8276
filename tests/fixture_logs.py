"""Logs that the service has written over the example requests, with ids and a clock that stand still."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import yaml

from api.log_records import policy_of, recorded
from api.settings import Settings, default_jurisdictions, default_rules
from api.startup import open_service
from bench.shipped import ROOT
from engine import Policy
from engine.audit import DecisionLog, Entry
from engine.replay import Recorded

REQUESTS = ROOT / "fixtures" / "requests"
STRICTER = ROOT / "fixtures" / "programs" / "stricter"
MEASURES = ROOT / "fixtures" / "jurisdictions"
NOON = datetime(2026, 11, 22, 17, tzinfo=UTC)
SHIPPED = (default_rules(),)


def request(name: str) -> dict[str, Any]:
    return json.loads((REQUESTS / f"{name}.json").read_text("utf-8"))


def requests_with(jurisdictions: str) -> dict[str, dict[str, Any]]:
    """The example requests that the index decides with a directory: `none` or `fixtures`."""
    index = yaml.load((REQUESTS / "index.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - strings only
    names = [file.removesuffix(".json") for file, said in index.items() if said["jurisdictions"] == jurisdictions]
    return {name: request(name) for name in names}


def write(
    data: Path,
    requests: Mapping[str, Any],
    *,
    rules: Sequence[Path] = SHIPPED,
    jurisdictions: Path | None = None,
    at: datetime = NOON,
) -> dict[str, str]:
    """Decide requests by a service of its own on the log in `data`; the id of each decision."""
    settings = Settings(data=data, rules=tuple(rules), jurisdictions=jurisdictions or default_jurisdictions())
    with DecisionLog.open(data) as log:
        numbers = count(log.size())

    def new_id() -> str:
        return f"01900000-0000-7000-8000-{next(numbers):012}"

    service = open_service(settings, policy=None, new_id=new_id, now=lambda: at)
    try:
        return {name: json.loads(service.decide(body, None))["id"] for name, body in requests.items()}
    finally:
        service.close()


def copy(source: Path, target: Path, change: Callable[[Entry], Entry], *, digests: Iterable[str] | None = None) -> None:
    """A log of the same entries, each changed; with the policies of these digests only, where they are said."""
    with DecisionLog.open(source) as old, DecisionLog.open(target) as new:
        for entry in old.entries():
            digest = json.loads(entry.body)["policy"]
            policy = old.policy(digest)
            if policy is not None and (digests is None or digest in digests):
                new.store_policy(policy.digest, policy.document, policy.files)
            new.append(change(Entry(entry.kind, entry.id, entry.body, facts=old.facts(entry.id))))


@attrs.frozen
class Written:
    """A log, what it holds of each decision, and the ids of decisions by the name of their request."""

    log: DecisionLog
    records: tuple[Recorded, ...]
    ids: dict[str, str]
    _loaded: dict[str, Policy] = attrs.Factory(dict)

    @classmethod
    def of(cls, log: DecisionLog, ids: dict[str, str]) -> Written:
        return cls(log, tuple(recorded(log, entry) for entry in log.entries() if entry.kind == "decision"), ids)

    def policy_of(self, digest: str) -> Policy:
        """The program as the log has it, loaded once for all tests."""
        if digest not in self._loaded:
            self._loaded[digest] = policy_of(self.log, digest)
        return self._loaded[digest]

    def record(self, name: str) -> Recorded:
        return next(record for record in self.records if record.id == self.ids[name])
