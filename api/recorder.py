"""What happened to the entry that tells of it: one envelope for every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import attrs
import orjson
import uuid_utils

from engine.audit import Entry, Idempotency, Sealed
from engine.audit.entry import Kind

RECORD_VERSION = 2
SERVICE = "service"
"""The caller of what the service does by itself."""


def new_id() -> str:
    """A UUIDv7 (RFC 9562): ids sort by the time they were made."""
    return str(uuid_utils.uuid7())


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def timestamp(instant: datetime) -> str:
    """An instant in UTC as RFC 3339 with microseconds and `Z`."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@attrs.frozen
class Recorder:
    """Makes entries under one policy: `policy` is its digest, None when none is known.

    `new_id`, `now` and `today` (the day on which the law is read) are told, so that tests can hold them still.
    """

    policy: str | None
    today: Callable[[], date]
    new_id: Callable[[], str] = new_id
    now: Callable[[], datetime] = now
    caller: str = SERVICE

    def entry(
        self,
        kind: Kind,
        fields: Mapping[str, Any],
        *,
        id_: str | None = None,
        caller: str | None = None,
        request_id: str | None = None,
        as_of: str | None = None,
        sealed: Sealed | None = None,
        idempotency: Idempotency | None = None,
        goes_with: str | None = None,
    ) -> Entry:
        """The entry of a kind: the envelope that all have, then what this kind adds."""
        id_ = id_ or self.new_id()
        record = {
            "v": RECORD_VERSION,
            "type": kind,
            "id": id_,
            "time": timestamp(self.now()),
            "caller": caller or self.caller,
            "request_id": request_id,
            "policy": self.policy,
            "as_of": as_of or self.today().isoformat(),
            **fields,
        }
        return Entry(kind, id_, orjson.dumps(record), sealed, idempotency, goes_with)
