"""The shape of a decision, for the OpenAPI document: decisions themselves are written by the engine and orjson."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

OUTCOMES = ("allow", "restrict", "hold", "review", "deny")


class FindingSchema(Schema):
    """One rule that applies."""

    rule = fields.String(required=True, metadata={"description": "Rule set and rule"})
    effect = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    section = fields.String(required=True, metadata={"description": "Where the rule stands in its source"})
    message = fields.String(required=True, metadata={"description": "A plain sentence, safe to show"})
    at = fields.String(required=True, metadata={"description": "JSON Pointer of the facts it is about"})
    order = fields.String(metadata={"description": "The special measure it rests on, if it rests on one"})


class NeedSchema(Schema):
    """A fact that is missing and could change the answer."""

    at = fields.String(required=True, metadata={"description": "JSON Pointer of the missing fact"})
    schema = fields.Dict(keys=fields.String(), required=True, metadata={"description": "JSON Schema of what to supply"})


class RestrictionSchema(Schema):
    """A condition under which the decision allows."""

    rule = fields.String(required=True, metadata={"description": "Rule set and rule that ask for it"})
    term = fields.String(required=True, metadata={"description": "What must be honoured"})
    order = fields.String(metadata={"description": "The special measure it rests on, if it rests on one"})


class PolicyStampSchema(Schema):
    """Under what the decision was made."""

    digest = fields.String(required=True, metadata={"description": "Identity of everything that can change a decision"})
    as_of = fields.Date(required=True, metadata={"description": "Day on which the law was read"})
    legal_status = fields.String(required=True, metadata={"description": "Standing of the rule's source"})
    mode = fields.String(required=True, validate=validate.OneOf(("authoritative", "dry_run")))


class LogStampSchema(Schema):
    """Where the decision stands in the log."""

    index = fields.Integer(required=True, strict=True, metadata={"description": "Position, from 0"})
    leaf = fields.String(required=True, metadata={"description": "Hash of the entry"})


class DecisionSchema(Schema):
    """An answer with its reasons, on the record."""

    id = fields.UUID(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    allowed = fields.Boolean(required=True, metadata={"description": "True for allow and restrict"})
    findings = fields.List(fields.Nested(FindingSchema), required=True)
    needs = fields.List(fields.Nested(NeedSchema), required=True)
    restrictions = fields.List(
        fields.Nested(RestrictionSchema), required=True, metadata={"description": "What the allowance is subject to"}
    )
    duties = fields.List(fields.Raw(), required=True, metadata={"description": "What the decision obliges to"})
    policy = fields.Nested(PolicyStampSchema, required=True)
    log = fields.Nested(LogStampSchema, required=True)
