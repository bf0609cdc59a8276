"""What can be wrong with a request, as RFC 9457 problem documents: the catalogue and the one shape they all have."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100
MAX_TEXT = 512
"""Longest piece of a request (a key, a pointer) that a problem repeats, in characters."""


@attrs.frozen
class ProblemType:
    """One kind of problem. `slug` ends its type URI `/problems/<slug>`; `about` is its section of the docs page.

    `retry_after` is the number of seconds after which asking again makes sense, when nothing better is known; it is
    said of problems of status 503.
    """

    slug: str
    status: int
    title: str
    about: str
    retry_after: int = 5

    @property
    def uri(self) -> str:
        """The `type` member: a reference relative to the service."""
        return f"/problems/{self.slug}"


@attrs.frozen
class FieldError:
    """One mistake: the JSON Pointer (RFC 6901) of where, what is wrong, and what to do when that is known."""

    pointer: str
    detail: str
    help: str | None = None


@attrs.frozen
class Problem:
    """One problem: its type, what is wrong this time, and where."""

    type: ProblemType
    detail: str
    errors: tuple[FieldError, ...] = ()

    def document(self, **extensions: object) -> dict[str, object]:
        """The members of RFC 9457, `errors`, then extension members; what it repeats of a request is bounded."""
        hidden = len(self.errors) - MAX_ERRORS
        detail = f"{self.detail} {hidden} more errors are not listed." if hidden > 0 else self.detail
        return {
            "type": self.type.uri,
            "title": self.type.title,
            "status": self.type.status,
            "detail": _bounded(detail),
            "errors": [
                {"pointer": _bounded(e.pointer), "detail": _bounded(e.detail), "help": e.help and _bounded(e.help)}
                for e in self.errors[:MAX_ERRORS]
            ],
            **extensions,
        }


class RefusedError(Exception):
    """A request is refused; carries the problem that is the answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.type.slug)
        self.problem = problem


def refuse(type_: ProblemType, detail: str, errors: Iterable[FieldError] = ()) -> RefusedError:
    """The exception to raise for a problem of this type."""
    return RefusedError(Problem(type_, detail, tuple(errors)))


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


MALFORMED_HTTP = ProblemType(
    "malformed-http",
    400,
    "Not a well-formed HTTP request",
    "The request line, a header or the length of the body breaks the rules of HTTP/1.1, so the request was not read. "
    "The connection is closed. Use an HTTP library rather than writing requests by hand.",
)
HEADER_TOO_LARGE = ProblemType(
    "header-too-large", 431, "The headers are too large", "Request line and headers together may have 64 KiB."
)
INVALID_HEADER = ProblemType(
    "invalid-header",
    400,
    "A header has a value that is not accepted",
    "`Host` must name this machine. `X-Request-Id` is optional; it is recorded with the decision, so it may only have "
    "1 to 128 letters, digits and `.` `_` `:` `-`. "
    "`Idempotency-Key` is optional and has 1 to 255 visible ASCII characters.",
)
LENGTH_REQUIRED = ProblemType(
    "length-required",
    411,
    "The request must say its length",
    "Send a `Content-Length` header and no `Transfer-Encoding`: chunked bodies are refused, because servers have been "
    "known to cut them short without a word. Most clients send the length when they are given the whole body at once.",
)
BODY_TOO_LARGE = ProblemType(
    "body-too-large",
    413,
    "The request is too large",
    "A single request may have 1 MiB, a batch 10 MiB, 1,000 items and 500,000 values. Split the batch.",
)
UNSUPPORTED_MEDIA_TYPE = ProblemType(
    "unsupported-media-type",
    415,
    "The content type is not accepted",
    "Send `Content-Type: application/json`, for a batch of lines `application/x-ndjson`, in UTF-8 and without "
    "`Content-Encoding`.",
)
EMPTY_BODY = ProblemType(
    "empty-body", 400, "The body is empty", "Send a JSON object with `action` and `facts` as the body."
)
NOT_UTF8 = ProblemType(
    "not-utf-8",
    400,
    "The body is not UTF-8",
    "JSON between systems is UTF-8 (RFC 8259), without a byte order mark. Convert the text before sending it.",
)
MALFORMED_JSON = ProblemType(
    "malformed-json",
    400,
    "The body is not JSON",
    "The text breaks the grammar of JSON (RFC 8259) at the place named. JSON knows no comments, no trailing commas, no "
    "single quotes, no `NaN` or `Infinity`, no number beyond the range of a double, and no half of a surrogate pair.",
)
TOO_DEEP = ProblemType(
    "too-deep", 400, "The JSON is nested too deeply", "Objects and arrays may lie 32 deep. Facts need fewer than ten."
)
DUPLICATE_KEY = ProblemType(
    "duplicate-key",
    400,
    "A key stands twice in one object",
    "Two parties that read such an object may see different facts, so it is refused. Send each key once.",
)
NUMBER_OUT_OF_RANGE = ProblemType(
    "number-out-of-range",
    400,
    "A whole number does not fit into 64 bits",
    "Such numbers are rounded silently by many readers, so they are refused. An identifier belongs in a string; a very "
    "large quantity may be written with an exponent, such as `1e26`.",
)
INVALID_REQUEST = ProblemType(
    "invalid-request",
    422,
    "The request does not fit the vocabulary",
    "The body is JSON, but not a request: a value of the wrong type, a missing `action`, an unknown place, a date that "
    "does not exist. `errors` names each by JSON Pointer, with the nearest known key or word. Nothing was decided.",
)
UNKNOWN_KEY = ProblemType(
    "unknown-key",
    422,
    "The request has a key the vocabulary does not know",
    "A key that nobody reads could be a fact somebody meant, so it is refused. `errors` names each, with the nearest "
    "known key. Nothing was decided.",
)
INVALID_PARAMETER = ProblemType(
    "invalid-parameter",
    400,
    "A query parameter has a value that is not accepted",
    "Places in the log and sizes of it are whole numbers from 0, without sign and leading zeros, and not beyond what "
    "the log has; a range does not end before it begins. A parameter is given once, and one that the route does not "
    "know is refused. `errors` names each by `/` and its name.",
)
NOT_FOUND = ProblemType(
    "not-found", 404, "There is nothing here", "No route has this path, or no decision or entry has this id."
)
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed", 405, "The method is not allowed here", "The `Allow` header lists the methods of this path."
)
IDEMPOTENCY_CONFLICT = ProblemType(
    "idempotency-conflict",
    409,
    "The idempotency key stands for another request",
    "An `Idempotency-Key` names one request of one caller for 24 hours: sent again with the same body it gets the same "
    "decision, and nothing is recorded twice. It came with another body now. Use a new key for a new request.",
)
LOG_UNAVAILABLE = ProblemType(
    "log-unavailable",
    503,
    "The decision could not be recorded",
    "A decision is given only once it is durable in the log. The log cannot be written now, so there is no decision. "
    "Treat the case as undecided and ask again after the number of seconds in `Retry-After`.",
)
NO_OPINION = ProblemType(
    "no-opinion",
    503,
    "The evaluator gave no answer",
    "What evaluates the rules is at fault, not the request: it died, took too long or answered nonsense. Nothing was "
    "decided and nothing recorded. Treat the case as undecided and ask again after the number of seconds in "
    "`Retry-After`; the service's own log says more.",
    retry_after=1,
)
NOT_READY = ProblemType(
    "not-ready",
    503,
    "The service should not be asked now",
    "Answer of `/readyz`. `errors` says why; the service's own log says more. Either no decision can be given, or "
    "evaluators that are asked before every answer have differed: `detail` says which.",
)
INTERNAL_ERROR = ProblemType(
    "internal-error",
    500,
    "The service has a defect",
    "Something happened that should not. There is no decision. Report the `request_id`: it stands beside the cause in "
    "the service's own log.",
)

CATALOGUE = {
    type_.slug: type_
    for type_ in (
        INVALID_REQUEST,
        UNKNOWN_KEY,
        MALFORMED_JSON,
        DUPLICATE_KEY,
        NUMBER_OUT_OF_RANGE,
        TOO_DEEP,
        NOT_UTF8,
        EMPTY_BODY,
        UNSUPPORTED_MEDIA_TYPE,
        LENGTH_REQUIRED,
        BODY_TOO_LARGE,
        INVALID_HEADER,
        HEADER_TOO_LARGE,
        MALFORMED_HTTP,
        INVALID_PARAMETER,
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        IDEMPOTENCY_CONFLICT,
        LOG_UNAVAILABLE,
        NO_OPINION,
        NOT_READY,
        INTERNAL_ERROR,
    )
}
"""Every type by slug, in the order of the docs page."""
