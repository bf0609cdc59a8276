"""Records that the service has written about customers, and what the commands made of them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import attrs

from api.asker import Asker
from api.recorder import new_id, now
from api.settings import Settings, default_jurisdictions, default_rules
from api.startup import open_service
from engine.audit import verify
from engine.audit.layout import ANCHOR, PUBLIC_KEYS

CLOSED = {"status": "closed", "closed_on": "2020-02-29", "last_accessed_on": "2020-01-15"}
OPEN = {"status": "open", "opened_on": "2020-01-15"}


def request(customer: str, account: Mapping[str, object], **facts: object) -> dict[str, object]:
    return {
        "action": "account.open",
        "facts": {"customer": {"id": customer, **facts}, "account": {"id": f"of-{customer}", **account}},
    }


@attrs.frozen
class Written:
    """A record in `data`; `ids` of decisions and `subjects` of customers by the customer's id."""

    data: Path
    ids: dict[str, str]
    subjects: dict[str, str]

    def entries(self, *kinds: str) -> list[dict[str, object]]:
        """The bodies of the entries of these kinds, of all others than decisions if none is named."""
        found = [json.loads(body) for (body,) in rows(self.data / "log.db", 'SELECT body FROM entry ORDER BY "index"')]
        return [body for body in found if body["type"] in kinds]

    def acts(self) -> list[str]:
        """What has been done that is no decision and nothing a service does by itself."""
        own = {"log_created", "policy_activated", "checkpoint_signed", "decision"}
        kinds = [kind for (kind,) in rows(self.data / "log.db", 'SELECT kind FROM entry ORDER BY "index"')]
        return [kind for kind in kinds if kind not in own]

    def kept_keys(self) -> set[str]:
        return {subject for (subject,) in rows(self.data / "keys.db", "SELECT subject FROM vault_key")}

    def check(self) -> None:
        """The log verifies, and all of it is signed."""
        anchor = verify.read_anchor(self.data / ANCHOR)
        report = verify.verify(self.data, verify.read_keys([str(self.data / PUBLIC_KEYS)]), [anchor], datetime.now(UTC))
        assert (report.integrity, report.completeness) == ("ok", "ok"), report.to_text()
        assert rows(self.data / "log.db", "SELECT size FROM log_state") == [(anchor.checkpoint.size,)]


def write(
    data: Path, requests: Mapping[str, Mapping[str, object]], policy: object = None, **settings: object
) -> Written:
    """Decide requests, by the customer's id, with a service of its own on the record in `data`."""
    chosen = Settings(data=data, rules=(default_rules(),), jurisdictions=default_jurisdictions(), **settings)
    service = open_service(chosen, policy=policy, new_id=new_id, now=now)
    try:
        answers = service.decide_batch(requests.values(), Asker("tests"))
        ids = {name: json.loads(answer)["id"] for name, answer in zip(requests, answers, strict=True)}
        subjects = {name: json.loads(service.log.get(id_).body)["subject"] for name, id_ in ids.items()}
    finally:
        service.close()
    return Written(data, ids, subjects)


def rows(path: Path, query: str, parameters: object = ()) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute(query, parameters).fetchall()
