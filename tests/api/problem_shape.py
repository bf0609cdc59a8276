"""The one shape of everything that is not a success: every test of an error path goes through here."""

from __future__ import annotations

import json
from typing import Any

from api.problems import CATALOGUE, MAX_ERRORS, MAX_TEXT, MEDIA_TYPE

_MEMBERS = ["type", "title", "status", "detail", "errors"]
_EXTENSIONS = {"item", "request_id"}


def check_problem(document: dict[str, Any], slug: str | None = None) -> dict[str, Any]:
    """The document, if it is a problem of the catalogue (of this type, when one is named)."""
    assert list(document)[:5] == _MEMBERS
    assert set(document) <= {*_MEMBERS, *_EXTENSIONS}
    known = CATALOGUE[document["type"].removeprefix("/problems/")]
    if slug is not None:
        assert known.slug == slug, document
    assert (document["type"], document["title"], document["status"]) == (known.uri, known.title, known.status)
    assert document["detail"].endswith((".", "…"))
    assert len(document["detail"]) <= MAX_TEXT
    assert len(document["errors"]) <= MAX_ERRORS
    for error in document["errors"]:
        assert list(error) == ["pointer", "detail", "help"]
        assert error["pointer"] == "" or error["pointer"].startswith("/")
        assert error["detail"]
        assert all(len(text or "") <= MAX_TEXT for text in error.values())
    return document


def check_problem_answer(answer: Any, slug: str | None = None) -> dict[str, Any]:
    """The problem a response carries, after its headers have been looked at too.

    Takes a response of the test client or an `Answer` of a running service.
    """
    status = getattr(answer, "status_code", None) or answer.status
    body = answer.data if hasattr(answer, "data") else answer.body
    document = check_problem(json.loads(body), slug)
    assert answer.headers["Content-Type"] == MEDIA_TYPE
    assert status == document["status"]
    assert (status == 503) == ("Retry-After" in answer.headers)
    return document
