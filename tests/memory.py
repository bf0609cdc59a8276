"""Where tests put files whose flushes only have to be asked for, because no power is cut."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  only what tempfile makes there
_ROOM = 1 << 30


def memory_directory() -> Path | None:
    """A directory in memory for `tempfile`, None if there is none with room for a gigabyte."""
    if not os.access(_MEMORY, os.W_OK | os.X_OK) or shutil.disk_usage(_MEMORY).free < _ROOM:
        return None
    return _MEMORY
