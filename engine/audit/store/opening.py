"""Which store a log is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audit.files import make_directory
from engine.audit.store.sqlite import SqliteStore
from engine.audit.store.sqlite.opening import DATABASE
from engine.audit.unavailable import from_os_error

if TYPE_CHECKING:
    from pathlib import Path

    from engine.audit.store.protocol import ClosableSource, Store


# The PostgreSQL driver is imported only where it is used: it is a large package that the embedded store does without.


def open_store(directory: Path, url: str | None, seconds: float) -> Store:
    """The store at the PostgreSQL `url`, or the files in `directory` if there is none; the directory is made for both.

    Raises:
        LogUnavailable: it cannot be opened within `seconds`, is damaged, or was written by a later version.
    """
    if url is None:
        return SqliteStore(directory, seconds)
    from engine.audit.store.postgresql import PostgresStore  # noqa: PLC0415

    try:
        make_directory(directory)
    except OSError as error:
        raise from_os_error(directory, error) from error
    return PostgresStore(url, seconds)


def why_no_log(directory: Path, url: str | None) -> str | None:
    """None if there is a log to open, else that there is none, for those who must not make one by opening it.

    Raises:
        LogUnavailable: the server cannot be asked.
    """
    if url is None:
        is_there = (directory / DATABASE).is_file()
        return None if is_there else f"there is no log in `{directory}`; name the directory of a service with --data"
    from engine.audit.store.postgresql.connecting import shown  # noqa: PLC0415
    from engine.audit.store.postgresql.schema import is_made  # noqa: PLC0415
    from engine.audit.store.postgresql.session import PostgresConnection  # noqa: PLC0415

    session = PostgresConnection(shown(url), url)
    try:
        return None if is_made(session) else f"there is no log in {shown(url)}; name that of a service in OSTIARY_LOG"
    finally:
        session.close()


def open_source(url: str) -> ClosableSource:
    """What the verifier reads of the PostgreSQL database at `url`.

    Raises:
        LogUnavailable: the server cannot be reached.
        Damaged: there is no log in it, or only a part of one.
    """
    from engine.audit.store.postgresql.connecting import shown  # noqa: PLC0415
    from engine.audit.store.postgresql.source import PostgresSource  # noqa: PLC0415

    return PostgresSource(shown(url), url)
