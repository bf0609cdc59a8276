"""Sealing and opening the facts of one request, as multiples of writing the same facts as JSON, in one run."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import statistics
import sys
import time
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.audit.vault import KeyEncryptionKey, Vault, open_index_key
from engine.audit.vault.envelope import DataKey
from engine.audit.vault.keystore import TABLES, admit

ROUNDS = 9
TIMES = 2_000
NOW = "2026-11-25T12:00:00.000000Z"
PERSON = {
    "name": "Ana María Fernández de Córdoba",
    "address": {"kind": "residential", "street": "Calle de Alcalá 45, 3.º", "city": "Madrid", "country": "ES"},
    "payments": [{"kind": "card", "identifier": "4111-xxxx-xxxx-1111", "source": "Banco Ejemplo"}],
    "emails": ["ana@example.org"],
    "phones": ["+34 600 000 000"],
    "access_log": [{"ip": "203.0.113.7", "at": "2026-11-25T11:58:01Z"}],
    "identity": {"status": "verified", "methods": ["documentary"], "verified_on": "2026-11-24"},
}
ACCOUNT = {"id": "account-1", "status": "open", "opened_on": "2026-11-25", "last_accessed_on": "2026-11-25"}
FACTS = {
    "customer": {"id": "customer-1", "kind": "individual", **PERSON, "beneficial_owners": [PERSON]},
    "account": ACCOUNT,
}


class Session:
    """Statements on a database in memory: what is measured is not the disk."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)

    def execute(self, sql, parameters=()):
        """Run one statement."""
        return self._connection.execute(sql, parameters).fetchall()

    def execute_many(self, sql, rows):
        """Run one statement for each of the rows."""
        self._connection.executemany(sql, rows)


def microseconds(work) -> float:
    """The time of one call, averaged over many."""
    started = time.perf_counter()
    for _ in range(TIMES):
        work()
    return (time.perf_counter() - started) / TIMES * 1e6


def main() -> None:
    """Print one line a step, alternating the steps over the rounds."""
    session = Session()
    for statement in TABLES:
        session.execute(statement.format(bytes="blob", integer="integer"))
    kek = KeyEncryptionKey.of(os.urandom(32))
    vault = Vault(kek, open_index_key(session, kek), lambda: contextlib.nullcontext(session))
    facts = orjson.dumps(FACTS)
    known = vault.sealer(NOW).seal("customer-1", "entry", facts, ACCOUNT)
    admit(session, [known])
    key, sealer = DataKey("0" * 32, os.urandom(32)), vault.sealer(NOW)
    box = key.seal("entry", facts)
    steps = {
        "orjson.dumps of the facts": lambda: orjson.dumps(FACTS),
        "encrypt, key at hand": lambda: key.seal("entry", facts),
        "decrypt, key at hand": lambda: key.open("entry", box),
        "seal, same customer in a batch": lambda: sealer.seal("customer-1", "entry", facts, ACCOUNT),
        "seal, known customer": lambda: vault.sealer(NOW).seal("customer-1", "entry", facts, ACCOUNT),
        "seal, new customer": lambda: vault.sealer(NOW).seal("customer-2", "entry", facts, ACCOUNT),
        "admit one, nothing changed": lambda: admit(session, [known]),
        "open": lambda: vault.open_facts(known.subject, "entry", known.box),
        "fingerprint": lambda: vault.fingerprint(facts),
    }
    times = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            times[name].append(microseconds(step))
    base = statistics.median(times["orjson.dumps of the facts"])
    print(
        f"facts of {len(facts):,} bytes, boxes of {len(box):,}; median of {ROUNDS} rounds of {TIMES:,}, keys in memory"
    )
    print(f"{'':34}{'µs':>8}{'ratio':>8}")
    for name, measured in times.items():
        print(f"{name:34}{statistics.median(measured):8.1f}{statistics.median(measured) / base:8.1f}")


if __name__ == "__main__":
    main()
