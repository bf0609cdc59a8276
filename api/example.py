"""One small request that shows what the service does: for the docs page, OpenAPI and what `ostiary serve` prints."""

from __future__ import annotations

import json
import shlex
from typing import Any, Final

EXAMPLE_REQUEST: Final[dict[str, Any]] = {
    "action": "account.open",
    "as_of": "2026-11-22",
    "facts": {
        "provider": {"us_person": True},
        "product": {"kind": "compute", "runs_customer_software": True},
        "customer": {
            "id": "c-1",
            "kind": "individual",
            "name": "Ada Example",
            "us_citizen": False,
            "us_permanent_resident": False,
            "located_in": "DE",
            "address": {"kind": "residential", "street": "Hauptstr. 1", "city": "Berlin", "country": "DE"},
            "locations_of_use": ["DE"],
            "payments": [{"kind": "card", "identifier": "tok_1", "source": "Example Bank"}],
            "phones": ["+49 30 5550100"],
            "access_log": [{"ip": "192.0.2.7", "at": "2026-11-22T09:30:00Z"}],
            "identity": {"status": "verified", "methods": ["documentary"], "verified_on": "2026-11-21"},
        },
    },
}
"""A foreign individual who has given everything but an email address."""


def curl_line(base_url: str) -> str:
    """A command for a POSIX shell that gets a decision on the example from a running service."""
    body = json.dumps(EXAMPLE_REQUEST, separators=(",", ":"))
    return f"curl -s {base_url}/v1/decisions -H 'Content-Type: application/json' -d {shlex.quote(body)}"
