"""What it means for a fact to be there."""

from __future__ import annotations


def is_present(value: object) -> bool:
    """Whether a value says something. `null`, an empty list, and a record none of whose fields says anything do not."""
    if isinstance(value, dict):
        return any(map(is_present, value.values()))
    return value is not None and value != []
