"""An application on a log of its own for each test, under the policy that comes with Ostiary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from running_service import RunningService

from api.app import create_app
from api.application import service_of
from api.service import DecisionService
from api.settings import Settings, default_jurisdictions, default_rules
from engine import Policy, load


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load(default_rules(), default_jurisdictions())


@pytest.fixture(scope="session")
def make_settings() -> Callable[[Path], Settings]:
    # Without a second opinion, which is chance: tests/api/test_second_opinion.py is about it.
    return lambda data: Settings(
        data=data, rules=(default_rules(),), jurisdictions=default_jurisdictions(), second_opinion=0
    )


@pytest.fixture
def make_app(policy: Policy, make_settings: Callable[[Path], Settings]) -> Iterator[Callable[..., Flask]]:
    made: list[Flask] = []

    def make(data: Path, **arguments: object) -> Flask:
        app = create_app(make_settings(data), policy=policy, **arguments)
        made.append(app)
        return app

    yield make
    for app in made:
        service_of(app).close()


@pytest.fixture
def app(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    return make_app(tmp_path / "data")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def service(app: Flask) -> DecisionService:
    return service_of(app)


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[Callable[..., RunningService]]:
    started: list[RunningService] = []

    def start(data: Path | None = None, arguments: tuple[str, ...] = (), **popen: object) -> RunningService:
        service = RunningService(data or tmp_path / "data", arguments, **popen)
        started.append(service)
        return service

    yield start
    for service in started:
        service.kill()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    service = RunningService(tmp_path_factory.mktemp("running"), ("--host", "localhost"))
    yield service
    service.kill()
