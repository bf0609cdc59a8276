"""One log that the service wrote under two programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import fixture_logs
import pytest
from fixture_logs import Written

from engine import Policy


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    data = tmp_path_factory.mktemp("replay") / "data"
    places = fixture_logs.write(data, fixture_logs.requests_with("none"))
    places |= fixture_logs.write(data, fixture_logs.requests_with("fixtures"), jurisdictions=fixture_logs.MEASURES)
    with fixture_logs.reading(data) as (log, vault):
        yield Written.of(log, vault, places)


@pytest.fixture(scope="session")
def shipped() -> Policy:
    return fixture_logs.loaded(fixture_logs.SHIPPED)


@pytest.fixture
def never() -> Callable[[str], Policy]:
    """Programs for records that are turned away before any is asked for."""

    def policy_of(digest: str) -> Policy:
        raise AssertionError(digest)

    return policy_of
