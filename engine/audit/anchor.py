"""A checkpoint outside the database: a file that is always one whole note, the last that was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audit import files
from engine.audit.unavailable import from_os_error

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 64 * 1024


def read_anchor(path: Path) -> bytes | None:
    """The note in the file, None if there is no file.

    Raises:
        LogUnavailable: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise from_os_error(path, error) from error


def write_anchor(path: Path, note: str) -> None:
    """Put the note in the file's place, flushed: after a crash it holds this note or the one before.

    Raises:
        LogUnavailable: it cannot be written.
    """
    try:
        files.write_whole(path, note.encode())
    except OSError as error:
        raise from_os_error(path, error) from error
