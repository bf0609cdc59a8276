"""What stands in a statement of DuckDB that takes no parameters."""

from __future__ import annotations

from pathlib import Path


def quoted(path: Path) -> str:
    """A path as a text of SQL."""
    text = str(path).replace("'", "''")
    return f"'{text}'"
