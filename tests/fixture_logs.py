"""Logs that the service has written over the example requests, with ids and a clock that stand still.

Where a decision stands is told by who wrote it: entries about checkpoints come in between whenever one is signed.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import yaml

from api.asker import Asker
from api.record import existing_vault
from api.replayable import Destructions, policy_of, recorded
from api.settings import Settings, default_jurisdictions, default_rules
from api.startup import open_service
from bench.shipped import ROOT
from engine import Policy, load
from engine.audit import DecisionLog, Entry, Sealed
from engine.audit.store.sqlite.opening import KEYS
from engine.audit.vault import Vault
from engine.replay import Recorded

REQUESTS = ROOT / "fixtures" / "requests"
STRICTER = ROOT / "fixtures" / "programs" / "stricter"
MEASURES = ROOT / "fixtures" / "jurisdictions"
NOON = datetime(2026, 11, 22, 17, tzinfo=UTC)
SHIPPED = (default_rules(),)


@lru_cache
def loaded(rules: tuple[Path, ...], jurisdictions: Path | None = None) -> Policy:
    """The policy of these directories, loaded once for all tests."""
    return load(rules, jurisdictions or default_jurisdictions())


def request(name: str) -> dict[str, Any]:
    return json.loads((REQUESTS / f"{name}.json").read_text("utf-8"))


def requests_with(jurisdictions: str) -> dict[str, dict[str, Any]]:
    """The example requests that the index decides with a directory: `none` or `fixtures`."""
    index = yaml.load((REQUESTS / "index.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - strings only
    names = [file.removesuffix(".json") for file, said in index.items() if said["jurisdictions"] == jurisdictions]
    return {name: request(name) for name in names}


def settings_of(data: Path) -> Settings:
    return Settings(data=data, rules=SHIPPED, jurisdictions=default_jurisdictions(), second_opinion=0)


@attrs.frozen
class Place:
    """Where a decision stands in the log."""

    index: int
    id: str


def write(
    data: Path,
    requests: Mapping[str, Any],
    *,
    rules: Sequence[Path] = SHIPPED,
    jurisdictions: Path | None = None,
    at: datetime = NOON,
) -> dict[str, Place]:
    """Decide requests by a service of its own on the log in `data`, in one transaction; where each decision stands."""
    numbers = count(_size(data))

    def new_id() -> str:
        return f"01900000-0000-7000-8000-{next(numbers):012}"

    policy = loaded(tuple(rules), jurisdictions)
    service = open_service(settings_of(data), policy=policy, new_id=new_id, now=lambda: at)
    try:
        answers = map(json.loads, service.decide_batch(requests.values(), Asker("signup")))
        return {
            name: Place(answer["log"]["index"], answer["id"]) for name, answer in zip(requests, answers, strict=True)
        }
    finally:
        service.close()


def _size(data: Path) -> int:
    if not data.exists():
        return 0
    with DecisionLog.open(data) as log:
        return log.size()


@contextlib.contextmanager
def reading(data: Path) -> Iterator[tuple[DecisionLog, Vault]]:
    with DecisionLog.open(data) as log:
        yield log, existing_vault(log, settings_of(data))


def copy(source: Path, target: Path, change: Callable[[Entry], Entry], *, digests: Iterable[str] | None = None) -> None:
    """A log of the same entries, each changed, and the same keys; with the policies of these digests only, if said."""
    target.mkdir(mode=0o700)
    for name in (KEYS, "kek.key"):
        shutil.copy(source / name, target / name)
    with DecisionLog.open(source) as old, DecisionLog.open(target) as new:
        changed = []
        for entry in old.entries():
            digest = json.loads(entry.body)["policy"]
            policy = old.policy(digest)
            if policy is not None and (digests is None or digest in digests):
                new.store_policy(policy.digest, policy.document, policy.files)
            sealed = old.sealed(entry.index)
            changed.append(change(Entry(entry.kind, entry.id, entry.body, sealed and Sealed(*sealed))))
        new.append_all(changed)


@attrs.frozen
class Written:
    """A log, what it holds of each decision, and where decisions stand by the name of their request."""

    log: DecisionLog
    records: tuple[Recorded, ...]
    places: dict[str, Place]
    _policies: dict[str, Policy] = attrs.Factory(dict)

    @classmethod
    def of(cls, log: DecisionLog, vault: Vault | None, places: dict[str, Place]) -> Written:
        decisions = (entry for entry in log.entries() if entry.kind == "decision")
        return cls(log, tuple(recorded(log, vault, entry, Destructions(log)) for entry in decisions), places)

    def policy_of(self, digest: str) -> Policy:
        """The program as the log has it, loaded once for all tests."""
        if digest not in self._policies:
            self._policies[digest] = policy_of(self.log, digest)
        return self._policies[digest]

    def record(self, name: str) -> Recorded:
        return next(record for record in self.records if record.id == self.places[name].id)
