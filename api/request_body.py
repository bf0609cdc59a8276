"""HTTP request to body bytes: length, type and encoding are checked before anything is parsed."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from api import problems
from api.problems import refuse

if TYPE_CHECKING:
    from flask import Request

JSON = "application/json"
NDJSON = "application/x-ndjson"
MAX_SINGLE = 1_048_576
"""Longest body of one request, in bytes."""
MAX_BATCH = 10 * MAX_SINGLE
"""Longest body of a batch, in bytes."""


def read_body(request: Request, longest: int, accepted: Collection[str]) -> bytes:
    """The whole body of a request.

    Args:
        request: the request of the server; its body has been received.
        longest: most bytes the body may have.
        accepted: media types the body may have.

    Raises:
        RefusedError: no length is given, the body is chunked, longer than `longest`, of another type, or encoded.
    """
    if "Transfer-Encoding" in request.headers:
        raise refuse(problems.LENGTH_REQUIRED, "The request has a Transfer-Encoding header.")
    length = request.content_length
    if length is None:
        raise refuse(problems.LENGTH_REQUIRED, "The request has no Content-Length header.")
    if length > longest:
        raise refuse(problems.BODY_TOO_LARGE, f"The body has {length:,} bytes; {longest:,} are allowed here.")
    if not length:
        raise refuse(problems.EMPTY_BODY, "The body has no bytes.")
    _check_type(request, accepted)
    body = request.get_data(cache=False)
    if len(body) != length:
        raise refuse(problems.MALFORMED_HTTP, f"The body ended after {len(body):,} of {length:,} bytes.")
    return body


def _check_type(request: Request, accepted: Collection[str]) -> None:
    known = " or ".join(f"`{name}`" for name in accepted)
    if request.mimetype not in accepted:
        given = "another" if request.mimetype else "no"
        raise refuse(
            problems.UNSUPPORTED_MEDIA_TYPE, f"The request has {given} Content-Type; {known} is accepted here."
        )
    if request.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        raise refuse(problems.UNSUPPORTED_MEDIA_TYPE, "The Content-Type names a charset other than UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise refuse(problems.UNSUPPORTED_MEDIA_TYPE, "The body has a Content-Encoding; send it as it is.")
