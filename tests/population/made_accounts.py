"""Generated accounts for the tests: as rows, without a folder."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from api.settings import default_jurisdictions, default_rules
from bench.shipped import ROOT
from engine import Policy, load
from engine.accounts.layout import Layout
from engine.language.source import Source
from engine.ownership import LOOK_THROUGH
from engine.population.generate import Distributions, distributions
from engine.population.generate.chunk import chunk_table
from engine.population.generate.resellers import resellers
from engine.population.generate.setting import Setting

DAY = datetime.date(2026, 12, 1)
FICTION = ROOT / "fixtures" / "populations" / "fiction.yaml"


@cache
def shipped() -> Policy:
    return load((default_rules(),), default_jurisdictions())


def stated(parts: Mapping[str, Any] | str = "", share: float | None = None) -> Distributions:
    text = parts if isinstance(parts, str) else yaml.safe_dump(dict(parts), sort_keys=False)
    return distributions(shipped().places, Source("mine.yaml", text) if text else None, share)


def rows(
    count: int,
    *,
    seed: int = 1,
    chunk: int = 0,
    day: datetime.date = DAY,
    of: Distributions | None = None,
    reading: str = LOOK_THROUGH,
) -> list[dict[str, Any]]:
    layout = Layout(shipped().vocabulary)
    setting = Setting(seed, day, of or stated(), shipped().places, layout, reading)
    table = chunk_table(setting, resellers(setting), chunk, count)
    assert table.schema == layout.schema
    found: list[dict[str, Any]] = table.to_pylist()
    return found
