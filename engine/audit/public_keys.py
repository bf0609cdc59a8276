"""The file of all public keys a log has had, one vkey a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audit import files
from engine.audit.note import Verifier
from engine.audit.unavailable import LogUnavailable, from_os_error

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def read_public_keys(path: Path) -> tuple[Verifier, ...]:
    """The keys in the file, none if there is no file.

    Raises:
        LogUnavailable: it cannot be read, or has something else in it.
    """
    try:
        return tuple(Verifier.parse(line) for line in path.read_text().split())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise from_os_error(path, error) from error
    except ValueError as error:
        raise LogUnavailable(f"{path}: a line is not a public key ({error}); restore the file") from error


def write_public_keys(path: Path, keys: Iterable[Verifier]) -> None:
    """Put these keys into the file, whole. Raises LogUnavailable."""
    try:
        files.write_whole(path, "".join(f"{key.text}\n" for key in keys).encode())
    except OSError as error:
        raise from_os_error(path, error) from error
