"""What a version writes into its databases, as SQL, for every later version to open.

Run with the code of that version, in its checkout: `PYTHONPATH=.:tests python …/freeze.py 0001 tests/audit/released`
writes `0001-log.sql` and one file more for each other database. The name is that of the last migration.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from small_rules import item, policy, rule_set

from api.app import create_app
from api.application import service_of
from api.example import EXAMPLE_REQUEST
from api.settings import Settings

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
RULES = rule_set(item(condition="!has(customer.emails)"))
ACCOUNT = {"id": "account-canary-1", "status": "closed", "opened_on": "2024-02-01", "closed_on": "2025-06-30"}


def requests():
    """On two customers with an id, one of them twice and with an account, and on two without."""
    for number, customer in enumerate(["customer-canary-1", "customer-canary-2", "customer-canary-1", None, None]):
        request = copy.deepcopy(EXAMPLE_REQUEST)
        request["facts"]["customer"] |= {"id": customer, "name": f"Canary Person {number}"}
        if customer is None:
            del request["facts"]["customer"]["id"]
        if number == 2:
            request["facts"]["account"] = ACCOUNT
        yield request


def main(name: str, target: Path) -> None:
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(Path(directory), (), Path())
        app = create_app(
            settings,
            policy=policy(RULES),
            new_id=lambda: f"01900000-0000-7000-8000-{next(numbers):012}",
            now=lambda: AT,
        )
        client = app.test_client()
        for request in requests():
            assert client.post("/v1/decisions", json=request).status_code == 200
        service_of(app).close()
        for path in Path(directory).glob("*.db"):
            with contextlib.closing(sqlite3.connect(path)) as db:
                text = "\n".join(db.iterdump()) + "\n"
            (target / f"{name}-{path.stem}.sql").write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
