"""Which store a log is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audit.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

    from engine.audit.store.protocol import ClosableSource, Store


def open_store(directory: Path, url: str | None, seconds: float) -> Store:
    """The store at the PostgreSQL `url`, or the files in `directory` if there is none.

    Raises:
        LogUnavailable: it cannot be opened within `seconds`, is damaged, or was written by a later version.
    """
    if url is None:
        return SqliteStore(directory, seconds)
    # Imported only where it is used: the driver is a large package that the embedded store does without.
    from engine.audit.store.postgresql import PostgresStore  # noqa: PLC0415

    return PostgresStore(url)


def open_source(url: str) -> ClosableSource:
    """What the verifier reads of the PostgreSQL database at `url`.

    Raises:
        LogUnavailable: the server cannot be reached.
    """
    from engine.audit.store.postgresql.source import PostgresSource  # noqa: PLC0415
    from engine.audit.store.postgresql.store import shown  # noqa: PLC0415

    return PostgresSource(shown(url), url)
