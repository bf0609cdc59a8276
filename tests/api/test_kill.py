"""`kill -9` on two services that share a log, under load: whatever was acknowledged is in the log afterwards.

OSTIARY_SERVICE_KILLS says how many rounds of killing both there are, 3 by default.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import threading
import time
from pathlib import Path
from random import Random

from running_service import Nursery, Service

from api.example import EXAMPLE_REQUEST
from engine.audit import DecisionLog

ROUNDS = int(os.environ.get("OSTIARY_SERVICE_KILLS", "3"))
ROUNDS_A_LOG = 10
SEED = 20_261_122
SERVICES = 2
CLIENTS = 3
BODY = json.dumps(EXAMPLE_REQUEST)
BATCH = json.dumps([EXAMPLE_REQUEST] * 5)
JSON = {"Content-Type": "application/json"}


def ask(service: Service, acknowledged: list[dict]) -> None:
    """Ask on one connection, now and then for a batch, until the service is gone; keep what was answered in full."""
    connection = http.client.HTTPConnection(service.host, service.port, timeout=30)
    turns = itertools.count()
    try:
        while True:
            many = next(turns) % 5 == 0
            connection.request("POST", "/v1/decisions" + "/batch" * many, BATCH if many else BODY, JSON)
            response = connection.getresponse()
            answer = json.loads(response.read())
            assert response.status == 200
            acknowledged.extend(answer if many else [answer])
    except (OSError, http.client.HTTPException):
        connection.close()


def kill_under_load(nurseries: list[Nursery], data: Path, chance: Random) -> list[dict]:
    services = [nursery.start(data) for nursery in nurseries]
    acknowledged: list[list[dict]] = [[] for _ in services]
    clients = [
        threading.Thread(target=ask, args=(service, answers))
        for service, answers in zip(services, acknowledged, strict=True)
        for _ in range(CLIENTS)
    ]
    end = time.monotonic() + 20
    try:
        for client in clients:
            client.start()
        while not all(acknowledged):
            assert time.monotonic() < end
            time.sleep(0.01)
    finally:
        for service in services:
            time.sleep(chance.uniform(0, 0.15))
            service.kill()
    for client in clients:
        client.join()
    return [answer for answers in acknowledged for answer in answers]


def check(data: Path, acknowledged: list[dict]) -> None:
    """Each answer is in the log, where it said and with what it said; the log has no hole."""
    with DecisionLog.open(data) as log:
        entries = {entry.id: entry for entry in log.entries()}
        assert [entry.index for entry in entries.values()] == list(range(log.size()))
    for answer in acknowledged:
        entry = entries[answer["id"]]
        assert answer["log"] == {"index": entry.index, "leaf": f"sha256:{entry.leaf.hex()}"}
        assert json.loads(entry.body)["decision"]["findings"] == answer["findings"]


def test_what_was_acknowledged_outlives_the_process(tmp_path: Path) -> None:
    chance = Random(SEED)
    acknowledged: list[dict] = []
    total = 0
    with contextlib.ExitStack() as stack:
        nurseries = [stack.enter_context(contextlib.closing(Nursery())) for _ in range(SERVICES)]
        for number in range(ROUNDS):
            data = tmp_path / f"log-{number // ROUNDS_A_LOG}"
            if number % ROUNDS_A_LOG == 0:
                acknowledged = []
            answers = kill_under_load(nurseries, data, chance)
            acknowledged += answers
            total += len(answers)
            check(data, acknowledged)
    print(f"{ROUNDS} rounds, {total} acknowledged, none lost")
    assert total > ROUNDS * SERVICES
