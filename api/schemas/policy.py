"""The shape of what `GET /v1/policy` tells of the loaded policy."""

from __future__ import annotations

from marshmallow import Schema, fields


class RuleSetSchema(Schema):
    """One rule set and when it applies."""

    name = fields.String(required=True)
    description = fields.String(required=True)
    source = fields.String(required=True, metadata={"description": "Key of the source it implements"})
    section = fields.String(required=True, metadata={"description": "Section of the source"})
    effective_from = fields.String(required=True, metadata={"format": "date", "description": "First day"})
    effective_until = fields.String(
        required=True, allow_none=True, metadata={"format": "date", "description": "Last day, if there is one"}
    )
    actions = fields.List(fields.String(), required=True, metadata={"description": "Actions it speaks to"})
    file = fields.String(required=True)
    rules = fields.List(fields.String(), required=True, metadata={"description": "Ids of its rules"})


class OrderSchema(Schema):
    """One special measure and its clocks."""

    id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": ["prohibition", "conditions"]})
    target = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "`jurisdiction` or `person`"},
    )
    issued_on = fields.String(required=True, metadata={"format": "date", "description": "Day of issue"})
    binding_on = fields.String(required=True, metadata={"format": "date", "description": "First day it binds"})
    lapses_after = fields.String(required=True, metadata={"format": "date", "description": "Last day it is in force"})
    attributes = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "What is recorded of the jurisdiction; `unknown` where nothing is"},
    )
    file = fields.String(required=True)


class PolicySchema(Schema):
    """The policy that decides now, of the service that decides by it."""

    digest = fields.String(
        required=True,
        attribute="policy.digest",
        metadata={"description": "Identity of everything that can change a decision"},
    )
    legal_status = fields.String(
        required=True, attribute="policy.legal_status", metadata={"description": "Standing of the sources in use"}
    )
    sources = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        attribute="policy.statuses",
        metadata={"description": "Standing of each source, by its key"},
    )
    evaluator = fields.String(required=True, metadata={"description": "What evaluates the rules (docs/evaluators.md)"})
    rule_sets = fields.List(fields.Nested(RuleSetSchema), required=True, attribute="policy.rule_sets")
    orders = fields.List(fields.Nested(OrderSchema), required=True, attribute="policy.order_summaries")


class HealthSchema(Schema):
    """How the service is."""

    status = fields.String(required=True)
    warnings = fields.List(
        fields.String(), metadata={"description": "What should be known and keeps nothing from working, if anything"}
    )
