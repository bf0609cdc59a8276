"""The log over HTTP: what an auditor needs to verify it, and nothing that tells of a customer more than a pseudonym.

Reading here adds no entry about the reading: an auditor who follows the log would otherwise never come to its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

import orjson
from flask import Response, url_for

from api import problems
from api.application import service
from api.openapi import Blueprint, bare
from api.problems import refuse
from api.query import Query, wrong
from api.request_body import JSON, NDJSON
from api.schemas.log import ConsistencyProofSchema, InclusionProofSchema
from engine.audit.checkpoint import size_of
from engine.audit.export import entry_line
from engine.audit.note import encode_base64
from engine.audit.proofs import prove_consistency, prove_inclusion

log = Blueprint("log", __name__, description="The log and its proofs, for whoever does not want to trust the service")

MOST_ENTRIES: Final = 1_000
"""Entries in one answer; the `Link` header says where to go on."""
_PLAIN: Final = "text/plain"
_PROBLEMS = (problems.INVALID_PARAMETER, problems.LOG_UNAVAILABLE, problems.INTERNAL_ERROR)
_NEXT = {"Link": {"schema": {"type": "string"}, "description": 'The next part, `rel="next"`, if there is more'}}


def _parameter(name: str, description: str, *, required: bool = False) -> dict[str, object]:
    schema = {"type": "integer", "format": "int64", "minimum": 0}
    return {"in": "query", "name": name, "required": required, "description": description, "schema": schema}


@log.route("/v1/log/checkpoint")
@bare
@log.response(
    200,
    {"type": "string"},
    content_type=_PLAIN,
    description="A signed note with origin, size and root (C2SP tlog-checkpoint)",
)
@log.refuses(*_PROBLEMS)
@log.doc(operationId="getCheckpoint")
def get_checkpoint() -> Response:
    """Read the last checkpoint.

    It covers every entry that was acknowledged before: what has not been signed yet is signed now. Keep it where the
    service cannot change it, and demand of each later one a proof that it extends this one.
    """
    Query.of_request()
    return Response(service().checkpointer.sign(), mimetype=_PLAIN)


@log.route("/v1/log/entries")
@bare
@log.response(
    200,
    {"type": "string", "description": "One entry a line: `index`, `kind`, `id`, `leaf`, `body`"},
    content_type=NDJSON,
    description=f"The entries in order, at most {MOST_ENTRIES:,}",
    headers=_NEXT,
)
@log.refuses(*_PROBLEMS)
@log.doc(
    operationId="getEntries",
    parameters=[
        _parameter("start", "Index of the first entry; default 0"),
        _parameter("end", "Index behind the last entry; default the size of the log"),
    ],
)
def get_entries() -> Response:
    """Read entries.

    `body` is the exact text that was hashed: its UTF-8 bytes behind a zero byte have the SHA-256 `leaf`. No entry holds
    facts of a request but the places it names; customers are pseudonyms.
    """
    query = Query.of_request("start", "end")
    source = service().log
    size = source.size()
    start, end = _within(query, "start", size), _within(query, "end", size)
    start = 0 if start is None else start
    stop = size if end is None else end
    if stop < start:
        raise wrong("end", "is before `start`", "a range ends where it begins or behind that")
    last = min(stop, start + MOST_ENTRIES)
    lines = map(entry_line, source.entries(start, last))
    # The first is read here, so that a log that cannot be read is a problem document and not half an answer.
    first = next(lines, b"")
    response = Response(_joined(chain([first], lines)), mimetype=NDJSON)
    if last < stop:
        response.headers["Link"] = f'<{url_for("log.get_entries", start=last, end=end)}>; rel="next"'
    return response


@log.route("/v1/log/proof/inclusion")
@bare
@log.response(200, InclusionProofSchema, description="The proof")
@log.refuses(*_PROBLEMS, problems.NOT_FOUND)
@log.doc(
    operationId="proveInclusion",
    parameters=[
        _parameter("index", "Index of the entry; this or `id`"),
        {
            "in": "query",
            "name": "id",
            "required": False,
            "description": "Id of the entry, such as that of a decision; this or `index`",
            "schema": {"type": "string"},
        },
        _parameter("size", "Size of the log to prove it in; default that of the last checkpoint"),
    ],
)
def prove_an_inclusion() -> Response:
    """Prove that an entry is in the log.

    An entry that no checkpoint covers yet is signed now, unless a `size` is given.
    """
    query = Query.of_request("index", "id", "size")
    source = service().log
    length = source.size()
    size, index = _within(query, "size", length), query.number("index")
    id_ = query.text("id")
    if (index is None) == (id_ is None):
        raise wrong("index", "or `id` has to be given, and not both", "name the entry by one of the two")
    if id_ is not None:
        found = source.get(id_)
        if found is None:
            raise refuse(problems.NOT_FOUND, "No entry has this id.")
        index = found.index
    elif index is not None and index >= length:
        raise wrong("index", f"is beyond the log, which has {length} entries", "the first entry has index 0")
    assert index is not None
    size = _signed_size(index) if size is None else size
    if index >= size:
        raise wrong("index", f"is not in a log of {size} entries", "name an earlier entry, or a larger `size`")
    proof = prove_inclusion(source, index, size)
    return _json(
        {
            "index": proof.index,
            "size": proof.size,
            "leaf": encode_base64(proof.leaf),
            "root": encode_base64(proof.root),
            "hashes": [encode_base64(value) for value in proof.hashes],
        }
    )


@log.route("/v1/log/proof/consistency")
@bare
@log.response(200, ConsistencyProofSchema, description="The proof")
@log.refuses(*_PROBLEMS)
@log.doc(
    operationId="proveConsistency",
    parameters=[
        _parameter("from", "Size of the earlier log, such as that of a checkpoint you kept", required=True),
        _parameter("to", "Size of the later log; default that of the last checkpoint"),
    ],
)
def prove_a_consistency() -> Response:
    """Prove that the log has only grown.

    The log of the size `to` begins with the whole of the log as it was at the size `from`.
    """
    query = Query.of_request("from", "to")
    source = service().log
    length = source.size()
    query.required("from")
    old, new = _within(query, "from", length), _within(query, "to", length)
    assert old is not None
    new = _signed_size(old - 1) if new is None else new
    if old > new:
        raise wrong("from", "is larger than `to`", "give the smaller size as `from`")
    proof = prove_consistency(source, old, new)
    return _json(
        {
            "from": proof.old,
            "to": proof.new,
            "from_root": encode_base64(proof.old_root),
            "to_root": encode_base64(proof.new_root),
            "hashes": [encode_base64(value) for value in proof.hashes],
        }
    )


def _within(query: Query, name: str, size: int) -> int | None:
    """A number that the log has grown to."""
    value = query.number(name)
    if value is not None and value > size:
        raise wrong(name, f"is beyond the log, which has {size} entries", "give a smaller number, or leave it out")
    return value


def _signed_size(index: int) -> int:
    """The size of the last checkpoint, or of one signed now if the last does not cover the entry of this index."""
    note = service().log.latest_checkpoint()
    size = 0 if note is None else size_of(note)
    return size if index < size else size_of(service().checkpointer.sign())


def _json(document: dict[str, object]) -> Response:
    return Response(orjson.dumps(document), mimetype=JSON)


def _joined(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines in pieces that are worth sending: a chunk for each line would cost more than the line."""
    piece = b""
    for line in lines:
        piece += line
        if len(piece) >= 65_536:
            yield piece
            piece = b""
    yield piece
