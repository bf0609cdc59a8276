"""The shape of every answer that is not a success."""

from __future__ import annotations

from marshmallow import Schema, fields


class FieldErrorSchema(Schema):
    """One mistake in a request."""

    pointer = fields.String(
        required=True, metadata={"description": "JSON Pointer (RFC 6901) into the request; empty for the whole of it"}
    )
    detail = fields.String(required=True, metadata={"description": "What is wrong"})
    help = fields.String(required=True, allow_none=True, metadata={"description": "What to do, when that is known"})


class ProblemSchema(Schema):
    """A problem document (RFC 9457)."""

    type = fields.String(
        required=True, metadata={"format": "uri-reference", "description": "Kind of problem; leads to its description"}
    )
    title = fields.String(required=True, metadata={"description": "The kind of problem in words"})
    status = fields.Integer(required=True, strict=True, metadata={"description": "HTTP status"})
    detail = fields.String(required=True, metadata={"description": "What is wrong this time"})
    errors = fields.List(fields.Nested(FieldErrorSchema), required=True, metadata={"description": "Each mistake found"})
    item = fields.Integer(strict=True, metadata={"description": "In a batch: index of the item, from 0"})
    request_id = fields.String(metadata={"description": "With status 500: what to quote in a report"})
