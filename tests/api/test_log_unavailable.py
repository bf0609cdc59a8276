"""When a decision cannot be recorded there is none: 503, nothing half-written, and recovery by itself."""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from on_record import decisions
from problem_shape import check_problem_answer
from running_service import RunningService

from api.application import service_of
from api.example import EXAMPLE_REQUEST
from api.service import DecisionService
from engine import Policy
from engine.audit import DecisionLog, LogUnavailable
from engine.audit.layout import KEY_ENCRYPTION_KEY
from engine.audit.vault import make_key_file, read_key_file, rewrap


def test_a_log_that_was_moved_away(client: FlaskClient, service: DecisionService) -> None:
    service.log.store.path.rename(service.log.store.path.with_suffix(".moved"))
    problem = check_problem_answer(client.post("/v1/decisions", json=EXAMPLE_REQUEST), "log-unavailable")
    assert str(service.log.store.path.parent) not in json.dumps(problem)
    check_problem_answer(client.post("/v1/decisions/batch", json=[EXAMPLE_REQUEST, 5]), "log-unavailable")
    check_problem_answer(client.get("/readyz"), "not-ready")
    assert client.get("/healthz").status_code == 200


def test_a_log_that_another_program_keeps_locked(client: FlaskClient, service: DecisionService) -> None:
    """It comes back by itself, and what was refused is not in it."""
    with sqlite3.connect(service.log.store.path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        check_problem_answer(client.post("/v1/decisions", json=EXAMPLE_REQUEST), "log-unavailable")
        other.execute("ROLLBACK")
    other.close()
    assert client.get("/readyz").status_code == 200
    answer = client.post("/v1/decisions", json=EXAMPLE_REQUEST)
    assert [entry.id for entry in decisions(service.log)] == [answer.json["id"]]


def test_a_service_whose_key_encryption_key_was_changed_is_not_ready(
    client: FlaskClient, service: DecisionService, tmp_path: Path
) -> None:
    old, new = read_key_file(tmp_path / "data" / KEY_ENCRYPTION_KEY), make_key_file(tmp_path / "new.key")
    assert client.get("/readyz").status_code == 200
    service.log.change(lambda transaction: rewrap(transaction.keys, old, new))
    check_problem_answer(client.post("/v1/decisions", json=EXAMPLE_REQUEST), "log-unavailable")
    problem = check_problem_answer(client.get("/readyz"), "not-ready")
    assert f"locked with the key-encryption key {new.id}" in problem["errors"][0]["detail"]
    assert "start it anew" in problem["errors"][0]["detail"]


def test_a_log_that_was_closed(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app(tmp_path / "data")
    service_of(app).close()
    client = app.test_client()
    check_problem_answer(client.post("/v1/decisions", json=EXAMPLE_REQUEST), "log-unavailable")
    check_problem_answer(client.get("/v1/decisions/x1"), "log-unavailable")


def test_an_entry_that_was_changed_is_not_given_out(client: FlaskClient, service: DecisionService) -> None:
    name = client.post("/v1/decisions", json=EXAMPLE_REQUEST).json["id"]
    with sqlite3.connect(service.log.store.path) as other:
        other.execute("DROP TRIGGER entry_is_never_changed")
        other.execute("UPDATE entry SET body = CAST(replace(body, 'hold', 'deny') AS BLOB) WHERE id = ?", [name])
    other.close()
    check_problem_answer(client.get(f"/v1/decisions/{name}"), "log-unavailable")


def test_a_disk_without_room(start_service: Callable[..., RunningService], policy: Policy, tmp_path: Path) -> None:
    """A real service whose files may not grow: it refuses, says so, and everything it acknowledged is on record."""
    with DecisionLog.open(tmp_path / "data") as log:
        log.store_policy(policy.digest, policy.document, policy.files)
    enough = sum(path.stat().st_size for path in (tmp_path / "data").iterdir()) + 300_000

    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (enough, enough))

    service = start_service(preexec_fn=limit_file_size)
    answers = []
    while not answers or answers[-1].status == 200:
        answers.append(service.decide(EXAMPLE_REQUEST))
        assert len(answers) < 5_000
    problem = check_problem_answer(answers[-1], "log-unavailable")
    assert str(tmp_path) not in json.dumps(problem)
    assert service.request("GET", "/healthz").status == 200
    service.stop()
    with DecisionLog.open(tmp_path / "data") as log:
        acknowledged = [answer.document["id"] for answer in answers[:-1]]
        assert [entry.id for entry in decisions(log)] == acknowledged
        assert [entry.index for entry in log.entries()] == list(range(log.size()))


def test_an_entry_changed_before_it_is_signed_ends_deciding_and_not_reading(
    client: FlaskClient, service: DecisionService
) -> None:
    first = client.post("/v1/decisions", json=EXAMPLE_REQUEST)
    with service.log.store.signing_turn():
        name = client.post("/v1/decisions", json=EXAMPLE_REQUEST).json["id"]
        with sqlite3.connect(service.log.store.path) as other:
            other.execute("DROP TRIGGER entry_is_never_changed")
            other.execute("UPDATE entry SET body = CAST(replace(body, 'hold', 'deny') AS BLOB) WHERE id = ?", [name])
        other.close()
    end = time.monotonic() + 20
    while client.get("/readyz").status_code == 200:
        assert time.monotonic() < end
        time.sleep(0.05)
    check_problem_answer(client.post("/v1/decisions", json=EXAMPLE_REQUEST), "log-unavailable")
    check_problem_answer(client.get("/readyz"), "not-ready")
    check_problem_answer(client.get(f"/v1/decisions/{name}"), "log-unavailable")
    assert client.get(f"/v1/decisions/{first.json['id']}").data == first.data


def test_lost_keys_are_not_replaced_by_new_ones(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    """A start on new keys would forget legal holds and take every customer for a new one."""
    data = tmp_path / "data"
    app = make_app(data)
    assert app.test_client().post("/v1/decisions", json=EXAMPLE_REQUEST).status_code == 200
    service_of(app).close()
    (data / "keys.db").rename(tmp_path / "keys.db")
    for _ in range(2):
        with pytest.raises(LogUnavailable, match="facts are sealed in it, but the vault has no keys"):
            make_app(data)
    shutil.copy(tmp_path / "keys.db", data / "keys.db")
    assert make_app(data).test_client().post("/v1/decisions", json=EXAMPLE_REQUEST).status_code == 200
