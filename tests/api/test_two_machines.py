"""Two services on one PostgreSQL, each with a data directory of its own, as if on two machines."""

from __future__ import annotations

import base64
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner, Result
from postgres import PostgresServer
from running_service import RunningService

from api.app import create_app
from api.application import service_of
from api.cli import ostiary
from api.example import EXAMPLE_REQUEST
from api.settings import Settings
from engine import Policy
from engine.audit import DecisionLog, LogUnavailable
from engine.audit.note import Signer


@attrs.frozen
class Machines:
    """The services, the database they share, and its server."""

    services: tuple[RunningService, RunningService]
    url: str
    server: PostgresServer


@pytest.fixture
def machines(
    start_service: Callable[..., RunningService], tmp_path: Path, postgres: PostgresServer, postgres_url: str
) -> Iterator[Machines]:
    """They start at the same time on an empty database."""
    keys = make_keys(tmp_path / "keys")
    with ThreadPoolExecutor(2) as pool:
        environment = {**os.environ, "OSTIARY_LOG": postgres_url}
        places = [place_with(keys, tmp_path / name) for name in ("one", "two")]
        one, two = pool.map(lambda place: start_service(place, env=environment), places)
    yield Machines((one, two), postgres_url, postgres)
    for service in (one, two):
        service.kill()


def make_keys(place: Path) -> Path:
    place.mkdir()
    (place / "log.key").write_text(f"{Signer.generate('ostiary.example/shared').text}\n")
    (place / "kek.key").write_text(base64.b64encode(os.urandom(32)).decode())
    for path in place.iterdir():
        path.chmod(0o600)
    return place


def place_with(keys: Path, place: Path, *names: str) -> Path:
    """A data directory with these keys."""
    place.mkdir(mode=0o700)
    for name in names or ("log.key", "kek.key"):
        shutil.copy2(keys / name, place / name)
    return place


def run(url: str, data: Path, *arguments: str) -> Result:
    environment = {"OSTIARY_LOG": url, "OSTIARY_DATA": str(data)}
    return CliRunner().invoke(ostiary, arguments, env=environment, standalone_mode=False)


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_both_decide_into_one_log_outlive_the_server_and_verify(machines: Machines, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: machines.services[n % 2].decide(EXAMPLE_REQUEST), range(20)))
    assert {answer.status for answer in answers} == {200}
    machines.server.kill()
    machines.server.wait_for_the_rest()
    for service in machines.services:
        assert service.decide(EXAMPLE_REQUEST).status == 503
        assert service.request("GET", "/readyz").status == 503
    machines.server.start()
    for service in machines.services:
        # What is asked first is answered: connections that broke are not met one after the other.
        assert service.request("GET", f"/v1/decisions/{answers[0].document['id']}").status == 200
        answers.append(service.decide(EXAMPLE_REQUEST))
        until(lambda service=service: service.request("GET", "/readyz").status == 200)
    assert {answer.status for answer in answers} == {200}
    _see_one_log(machines, {answer.document["id"]: answer.document["log"]["index"] for answer in answers}, tmp_path)
    _see_it_verified(machines, len(answers), tmp_path)
    for service in machines.services:
        code, errors = service.stop()
        assert code == 0
        assert "Traceback" not in errors


def _see_one_log(machines: Machines, decided: dict[str, int], tmp_path: Path) -> None:
    checkpoints = [service.data / "checkpoint" for service in machines.services]
    with DecisionLog.open(tmp_path / "reader", machines.url) as log:
        until(lambda: int(log.latest_checkpoint().split("\n")[1]) == log.size())
        until(lambda: checkpoints[0].read_text() == checkpoints[1].read_text() == log.latest_checkpoint())
        size = log.size()
        # With nothing to decide, neither has anything to say about the other's checkpoint.
        time.sleep(1.2)
        assert log.size() == size
        entries = list(log.entries())
    assert decided == {entry.id: entry.index for entry in entries if entry.kind == "decision"}
    kinds = [entry.kind for entry in entries]
    assert kinds.count("log_created") == kinds.count("policy_activated") == 1


def _see_it_verified(machines: Machines, decisions: int, tmp_path: Path) -> None:
    one, two = (service.data for service in machines.services)
    elsewhere = str(shutil.copy(two / "checkpoint", tmp_path / "kept-elsewhere"))
    trusted = ("--key", str(two / "log.pub"), "--checkpoint", elsewhere)
    verified = run(machines.url, one, "log", "verify", machines.url, *trusted)
    assert verified.return_value == 0, verified.output
    replayed = run(machines.url, two, "log", "replay", "--format", "json")
    assert replayed.return_value == 0, replayed.output
    assert json.loads(replayed.stdout)["same"] == decisions


@pytest.fixture
def open_service(
    make_settings: Callable[[Path], Settings], policy: Policy, postgres_url: str
) -> Callable[[Path], None]:
    """Start a service in this process on the database, and close it."""

    def open_(data: Path) -> None:
        app = create_app(attrs.evolve(make_settings(data), log_url=postgres_url), policy=policy)
        service_of(app).close()

    return open_


def test_a_service_without_the_keys_of_the_log_is_told_to_fetch_them(
    open_service: Callable[[Path], None], postgres_url: str, tmp_path: Path
) -> None:
    keys, others = make_keys(tmp_path / "keys"), make_keys(tmp_path / "others")
    open_service(place_with(keys, tmp_path / "one"))
    with DecisionLog.open(tmp_path, postgres_url) as log:
        before = log.size()
        for name, words in [("log.key", "kek.key: the key-encryption key"), ("kek.key", "log.key: the key that signs")]:
            place = place_with(keys, tmp_path / f"only-{name}", name)
            with pytest.raises(LogUnavailable, match=words):
                open_service(place)
            assert sorted(path.name for path in place.iterdir() if path.suffix == ".key") == [name]
        wrong = place_with(keys, tmp_path / "wrong", "kek.key")
        shutil.copy2(others / "log.key", wrong / "log.key")
        with pytest.raises(LogUnavailable, match=r"log.key: this is not the key of the log.*put that key in its place"):
            open_service(wrong)
        shutil.copy2(keys / "log.key", wrong / "log.key")
        shutil.copy2(others / "kek.key", wrong / "kek.key")
        with pytest.raises(LogUnavailable, match=r"locked with the key-encryption key .* put the right one in place"):
            open_service(wrong)
        assert log.size() == before
    open_service(place_with(keys, tmp_path / "two"))
