"""The headers of a request that say who sends it and what it is called."""

from __future__ import annotations

import re
from typing import Final

from flask import g, request

from api import problems
from api.application import caller_header
from api.asker import Asker
from api.problems import refuse

_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_CALLER: Final = re.compile(r"[\x20-\x7e]{1,128}")


def asker_of_request(body: bytes = b"") -> Asker:
    """Who sent the request that is being handled.

    Raises:
        RefusedError: a header that says so is missing or malformed.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise refuse(problems.INVALID_HEADER, "Idempotency-Key is empty, too long, or not visible ASCII.")
    return Asker(_caller(), g.caller_request_id, key, body)


def _caller() -> str:
    """As the proxy before the service says it, or the address of the connection.

    The header is believed only where a setting names it: the service does not ask callers itself who they are.
    """
    header = caller_header()
    if header is None:
        return request.remote_addr or "unknown"
    named = request.headers.get(header)
    if named is None or not _CALLER.fullmatch(named):
        raise refuse(problems.INVALID_HEADER, f"{header} has to name the caller in 1 to 128 ASCII characters.")
    return named
