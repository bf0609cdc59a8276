"""A log that is open, verified whole by the verifier that shares nothing with it but the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audit import verify
from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from engine.audit.note import Verifier
    from engine.audit.store import ClosableSource, Store


def trusting(verifiers: Iterable[Verifier]) -> list[verify.Key]:
    """These keys, in the words of the verifier."""
    return [verify.Key.parse(verifier.text) for verifier in verifiers]


def verify_store(
    store: Store, keys: Sequence[verify.Key], anchors: Sequence[verify.Anchor], now: datetime
) -> verify.Report:
    """The report on every entry of the log in `store`, which goes on meanwhile.

    Raises:
        LogUnavailable: it cannot be read.
    """
    return verify_opened(store.name, store.source, keys, anchors, now)


def verify_opened(
    name: str,
    open_: Callable[[], ClosableSource],
    keys: Sequence[verify.Key],
    anchors: Sequence[verify.Anchor],
    now: datetime,
) -> verify.Report:
    """The same for what `open_` opens, under that name. Raises LogUnavailable."""
    try:
        source = open_()
    except verify.Damaged as damage:
        report = verify.Report(name)
        report.fail("integrity", "unreadable", str(damage), verify.RESTORE)
        return report
    try:
        return verify.LogVerification(source, keys, anchors, now).run()
    except verify.Unreadable as error:
        raise LogUnavailable(str(error)) from error
    finally:
        source.close()
