"""`kill -9` under load, twenty times: whatever was acknowledged is in the log afterwards."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from running_service import Nursery, Service

from api.example import EXAMPLE_REQUEST
from engine.audit import DecisionLog

ROUNDS = 20
SIDE_BY_SIDE = 2
CLIENTS = 4
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


def kill_under_load(nursery: Nursery, data: Path, seconds: float) -> list[dict]:
    service = nursery.start(data)
    acknowledged: list[dict] = []
    clients = [threading.Thread(target=ask, args=(service, acknowledged)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    while not acknowledged:
        time.sleep(0.01)
    time.sleep(seconds)
    service.kill()
    for client in clients:
        client.join()
    return acknowledged


def check(data: Path, acknowledged: list[dict]) -> None:
    """Each answer is in the log, where it said and with what it said; the log has no hole."""
    with DecisionLog.open(data) as log:
        entries = {entry.id: entry for entry in log.entries()}
        assert [entry.index for entry in entries.values()] == list(range(log.size()))
    for answer in acknowledged:
        entry = entries[answer["id"]]
        assert answer["log"] == {"index": entry.index, "leaf": f"sha256:{entry.leaf.hex()}"}
        assert json.loads(entry.body)["decision"]["findings"] == answer["findings"]


def rounds(data: Path, count: int) -> int:
    """Kill and start again on the same log; number of decisions acknowledged over all rounds."""
    nursery = Nursery()
    acknowledged: list[dict] = []
    for number in range(count):
        acknowledged += kill_under_load(nursery, data, seconds=0.25 * number / count)
        check(data, acknowledged)
    nursery.close()
    return len(acknowledged)


def test_what_was_acknowledged_outlives_the_process(tmp_path: Path) -> None:
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        logs = [tmp_path / f"log-{number}" for number in range(SIDE_BY_SIDE)]
        counts = list(pool.map(rounds, logs, [ROUNDS // SIDE_BY_SIDE] * SIDE_BY_SIDE))
    assert sum(counts) > ROUNDS
