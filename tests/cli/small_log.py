"""Requests on the small rules, and a log of what was decided on them."""

from __future__ import annotations

from pathlib import Path

import attrs
from fixture_logs import Place

ALLOWED = {"emails": ["ada@example.com"]}
PEOPLE = {
    "ada": {"customer": ALLOWED},
    "bob": {"customer": {}},
    # Gone for so long that nothing need be kept of her.
    "eve": {
        "customer": {**ALLOWED, "removed_as_unverified": True},
        "account": {"id": "a-1", "closed_on": "2024-05-06", "last_accessed_on": "2024-05-06"},
    },
    "watched": {"customer": {**ALLOWED, "name": "Watched"}},
}
REQUESTS = {name: {"action": "account.open", "as_of": "2026-11-22", "facts": facts} for name, facts in PEOPLE.items()}


@attrs.frozen
class Logged:
    """A log that the service wrote, and where the decisions on these people stand in it."""

    data: Path
    places: dict[str, Place]

    def marks(self, *names: str) -> str:
        """How the command names these decisions in a row."""
        return " ".join(f"#{self.index(name)}" for name in names)

    def index(self, name: str) -> int:
        return self.places[name].index

    def id(self, name: str) -> str:
        return self.places[name].id
