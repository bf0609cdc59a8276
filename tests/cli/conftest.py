"""The command line in this process, on rules small enough to load at once."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import fixture_logs
import pytest
from running_service import RunningService
from small_log import REQUESTS, Logged

from api.cli import main
from api.settings import default_jurisdictions, default_rules
from engine import Policy, load

SOURCES = """
TEST-1:
  title: A rule for tests
  status: proposed_not_in_force
  published: 2024-01-29
  url: https://law.example/
"""
RULES = """
name: small.collection
description: Just enough to allow, hold and deny
source: TEST-1
section: "1.2"
effective: {from: 2024-01-29}
actions: [account.open]
rule:
  aggregate:
    - id: email
      condition: "!has(customer.emails)"
      effect: hold
      needs: [customer.emails]
      message: An email address has not been collected.
    - id: failed
      section: (b)
      condition: has(customer.removed_as_unverified) && customer.removed_as_unverified
      effect: deny
      at: customer.removed_as_unverified
      message: The customer was removed before.
    - id: watched
      condition: has(customer.name) && customer.name == 'Watched'
      effect: restrict
      at: customer.name
      message: Watch this account.
"""
TESTS = """
when: {action: account.open, as_of: 2026-11-22}
tests:
  - name: an email address is missing
    given: {customer: {name: Ada}}
    then: {outcome: hold, findings: [small.collection/email], needs: [/customer/emails]}
"""


@attrs.frozen
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("small")
    (directory / "sources.yaml").write_text(SOURCES)
    (directory / "collection.yaml").write_text(RULES)
    (directory / "collection_test.yaml").write_text(TESTS)
    return directory


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, rules: Path) -> Callable[..., Done]:
    """Runs `ostiary` with arguments and standard input, on the small rules unless others are named."""
    monkeypatch.setenv("OSTIARY_RULES", str(rules))
    monkeypatch.setenv("OSTIARY_JURISDICTIONS", str(default_jurisdictions()))
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: object, given: str | bytes = b"") -> Done:
        body = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        shown = capfdbinary.readouterr()
        return Done(left.value.code, shown.out.decode(), shown.err.decode())

    return run


@pytest.fixture(scope="session")
def logged(tmp_path_factory: pytest.TempPathFactory, rules: Path) -> Logged:
    """Four decisions on the small rules; for reading only."""
    data = tmp_path_factory.mktemp("logged") / "data"
    return Logged(data, fixture_logs.write(data, REQUESTS, rules=[rules]))


@pytest.fixture
def ask() -> Callable[..., str]:
    """A request about a customer, as JSON."""

    def ask(**customer: object) -> str:
        return json.dumps({"action": "account.open", "as_of": "2026-11-22", "facts": {"customer": customer}})

    return ask


@pytest.fixture(scope="session")
def shipped() -> Policy:
    return load(default_rules(), default_jurisdictions())


@pytest.fixture
def start_service() -> Iterator[Callable[..., RunningService]]:
    """Starts services with the rules that come with Ostiary, on a record in `data`."""
    started: list[RunningService] = []

    def start(data: Path) -> RunningService:
        variables = {name: value for name, value in os.environ.items() if not name.startswith("OSTIARY_")}
        service = RunningService(data, env=variables)
        started.append(service)
        return service

    yield start
    for service in started:
        service.kill()
