"""Decisions over HTTP: one, many, one again, what proves it. Nothing here runs marshmallow while a request waits."""

from __future__ import annotations

from flask import Response, request

from api import problems
from api.application import service
from api.batch_body import MAX_ITEMS, read_array, read_lines
from api.evidence import give_evidence
from api.example import EXAMPLE_REQUEST
from api.json_body import read_json
from api.openapi import Blueprint, bare
from api.problems import refuse
from api.request_body import JSON, MAX_BATCH, MAX_SINGLE, NDJSON, read_body
from api.request_headers import asker_of_request
from api.schemas.decision import DecisionSchema

decisions = Blueprint("decisions", __name__, description="Answers with reasons, on the record")

_BODY_PROBLEMS = (
    problems.MALFORMED_JSON,
    problems.DUPLICATE_KEY,
    problems.NUMBER_OUT_OF_RANGE,
    problems.TOO_DEEP,
    problems.NOT_UTF8,
    problems.EMPTY_BODY,
    problems.INVALID_HEADER,
    problems.LENGTH_REQUIRED,
    problems.BODY_TOO_LARGE,
    problems.UNSUPPORTED_MEDIA_TYPE,
    problems.INVALID_REQUEST,
    problems.UNKNOWN_KEY,
    problems.IDEMPOTENCY_CONFLICT,
    problems.LOG_UNAVAILABLE,
    problems.NO_OPINION,
    problems.INTERNAL_ERROR,
)
_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Your own name for this request: it gets the same answer for 24 hours and is recorded once",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_REQUEST_ID = {
    "in": "header",
    "name": "X-Request-Id",
    "required": False,
    "description": "Your own id for this request; recorded with the decision and returned",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"},
}
_DECISION_ID = {"in": "path", "name": "decision_id", "required": True, "schema": {"type": "string", "format": "uuid"}}
_REQUEST = {"$ref": "#/components/schemas/Request"}
ZIP = "application/zip"
_IN_ORDER = "One answer for each item, in order: a decision, or a problem with the item's index in `item`"
_ANSWERS = {"oneOf": [{"$ref": "#/components/schemas/Decision"}, {"$ref": "#/components/schemas/Problem"}]}


@decisions.route("/v1/decisions", methods=["POST"])
@bare
@decisions.response(200, DecisionSchema, description="The decision; a refusal of the customer is one too")
@decisions.refuses(*_BODY_PROBLEMS)
@decisions.doc(
    operationId="decide",
    parameters=[_REQUEST_ID, _IDEMPOTENCY_KEY],
    requestBody={"required": True, "content": {JSON: {"schema": _REQUEST, "example": EXAMPLE_REQUEST}}},
)
def decide() -> Response:
    """Decide one request.

    The answer is given once it is durable in the log. Deny is status 200: the question was answered.
    """
    body = read_body(request, MAX_SINGLE, (JSON,))
    value = read_json(body)
    response = Response(mimetype=JSON)
    response.data = service().decide(value, asker_of_request(body), response.call_on_close)
    return response


@decisions.route("/v1/decisions/batch", methods=["POST"])
@bare
@decisions.response(200, {"type": "array", "items": _ANSWERS}, description=_IN_ORDER)
@decisions.alt_response(
    200,
    schema={"type": "string", "description": "One answer a line"},
    content_type=NDJSON,
    description=_IN_ORDER,
    success=True,
)
@decisions.refuses(*_BODY_PROBLEMS)
@decisions.doc(
    operationId="decideBatch",
    parameters=[_REQUEST_ID, _IDEMPOTENCY_KEY],
    requestBody={
        "required": True,
        "content": {
            JSON: {"schema": {"type": "array", "items": _REQUEST, "maxItems": MAX_ITEMS}, "example": [EXAMPLE_REQUEST]},
            NDJSON: {"schema": {"type": "string", "description": "One request a line"}},
        },
    },
)
def decide_batch() -> Response:
    """Decide many requests.

    A JSON array is answered with an array, newline-delimited JSON with the same. An item that cannot be decided gets a
    problem in its place and the rest are decided. An array that is not well-formed JSON is refused as a whole; of
    newline-delimited JSON each line stands alone. All decisions become durable together.
    """
    body = read_body(request, MAX_BATCH, (JSON, NDJSON))
    is_lines = request.mimetype == NDJSON
    response = Response(mimetype=NDJSON if is_lines else JSON)
    items = read_lines(body) if is_lines else read_array(body)
    answers = service().decide_batch(items, asker_of_request(body), response.call_on_close)
    response.data = b"".join(line + b"\n" for line in answers) if is_lines else b"[" + b",".join(answers) + b"]"
    return response


@decisions.route("/v1/decisions/<decision_id>", parameters=[_DECISION_ID])
@bare
@decisions.response(200, DecisionSchema, description="The decision, byte for byte as it was given")
@decisions.refuses(problems.NOT_FOUND, problems.LOG_UNAVAILABLE, problems.INTERNAL_ERROR)
@decisions.doc(operationId="getDecision")
def get_decision(decision_id: str) -> Response:
    """Read a decision again."""
    answer = service().find(decision_id)
    if answer is None:
        raise refuse(problems.NOT_FOUND, "No decision has this id.")
    return Response(answer, mimetype=JSON)


@decisions.route("/v1/decisions/<decision_id>/evidence", parameters=[_DECISION_ID])
@bare
@decisions.response(
    200,
    {"type": "string", "format": "binary"},
    content_type=ZIP,
    description="The evidence; `index.html` in it is for people",
    headers={"Content-Disposition": {"schema": {"type": "string"}, "description": "A name for the file"}},
)
@decisions.refuses(problems.NOT_FOUND, problems.INVALID_HEADER, problems.LOG_UNAVAILABLE, problems.INTERNAL_ERROR)
@decisions.doc(operationId="getEvidence", parameters=[_REQUEST_ID])
def get_evidence(decision_id: str) -> Response:
    """Read what proves a decision.

    The entry as it was logged, the proof that it stands in the log under a signed checkpoint, and the rules that
    decided, with the proof of when they came into force. Of the facts it holds the places alone. That it was given
    becomes an entry of its own.
    """
    entry = service().entry(decision_id)
    if entry is None:
        raise refuse(problems.NOT_FOUND, "No decision has this id.")
    # A HEAD request is given nothing, so there is nothing to record.
    content = b"" if request.method == "HEAD" else give_evidence(service(), entry, asker_of_request())
    name = f'attachment; filename="evidence-{entry.id}.zip"'
    return Response(content, mimetype=ZIP, headers={"Content-Disposition": name})
