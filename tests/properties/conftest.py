"""The shipped rules in two worlds, without and with special measures, and random facts for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from strategies import facts

from bench.shipped import EXAMPLE_JURISDICTIONS, JURISDICTIONS, complete_facts, shipped_policy
from engine import Decider, Policy

settings.register_profile(
    "bounded",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
settings.load_profile("bounded")


@attrs.frozen
class World:
    """A policy, its decider and the facts that fit it."""

    policy: Policy
    decider: Decider
    facts: st.SearchStrategy[dict[str, Any]]


def world(jurisdictions: Path) -> World:
    policy = shipped_policy(jurisdictions)
    decider = Decider(policy)
    return World(policy, decider, facts(policy.vocabulary, policy.places.codes, complete_facts(decider)))


@pytest.fixture(scope="session")
def plain_world() -> World:
    return world(JURISDICTIONS)


@pytest.fixture(scope="session")
def world_with_orders() -> World:
    return world(EXAMPLE_JURISDICTIONS)
