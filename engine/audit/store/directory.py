"""The directory of all state, which is there whichever store the log is in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make_directory(path: Path) -> None:
    """See that the directory is there; one that is made is its owner's alone (0700). Raises OSError."""
    if path.is_dir():
        return
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite flushes the directory of a file it makes, but nobody the one in which that directory is new.
    parent = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
