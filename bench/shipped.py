"""What the benches work on: the rules, jurisdictions and requests that come with the project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine import Decider, Policy, RequestError, load

ROOT = Path(__file__).parents[1]
RULES = ROOT / "rules"
JURISDICTIONS = ROOT / "jurisdictions"
EXAMPLE_JURISDICTIONS = ROOT / "fixtures" / "jurisdictions"
DAY = "2026-11-22"


def shipped_policy(jurisdictions: Path = JURISDICTIONS) -> Policy:
    """The rules with a jurisdictions directory; the default has no special measures."""
    return load(RULES, jurisdictions)


def requests() -> dict[str, Mapping[str, Any]]:
    """Every request under `fixtures/requests/`, by its file name without the ending."""
    files = sorted((ROOT / "fixtures" / "requests").glob("*.json"))
    return {file.stem: json.loads(file.read_text("utf-8")) for file in files}


def complete_facts(decider: Decider) -> list[Mapping[str, Any]]:
    """The facts of every request that the decider's vocabulary and places accept."""
    found: list[Mapping[str, Any]] = []
    for request in requests().values():
        try:
            found.append(decider.case({**request, "as_of": DAY}).facts)
        except RequestError:
            continue
    return found
