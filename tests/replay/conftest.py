"""One log that the service wrote under two programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import fixture_logs
import pytest
from fixture_logs import Written

from bench.shipped import JURISDICTIONS, RULES
from engine import Policy, load
from engine.audit import DecisionLog


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    data = tmp_path_factory.mktemp("replay") / "data"
    ids = fixture_logs.write(data, fixture_logs.requests_with("none"))
    ids |= fixture_logs.write(data, fixture_logs.requests_with("fixtures"), jurisdictions=fixture_logs.MEASURES)
    with DecisionLog.open(data) as log:
        yield Written.of(log, ids)


@pytest.fixture(scope="session")
def shipped() -> Policy:
    return load(RULES, JURISDICTIONS)


@pytest.fixture
def never() -> Callable[[str], Policy]:
    """Programs for records that are turned away before any is asked for."""

    def policy_of(digest: str) -> Policy:
        raise AssertionError(digest)

    return policy_of
