"""Who sends a request, and what it is called."""

from __future__ import annotations

import attrs


@attrs.frozen
class Asker:
    """Who asks, and under which names: `idempotency_key` is the caller's own for this request, `body` its bytes."""

    caller: str
    request_id: str | None = None
    idempotency_key: str | None = None
    body: bytes = attrs.field(default=b"", repr=False)
