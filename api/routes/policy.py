"""What decides now, over HTTP."""

from __future__ import annotations

from api import problems
from api.application import service
from api.openapi import Blueprint
from api.schemas.policy import PolicySchema
from api.service import DecisionService

policy = Blueprint("policy", __name__, description="The rules, orders and sources loaded")


@policy.route("/v1/policy")
@policy.response(200, PolicySchema, description="The loaded policy")
@policy.refuses(problems.INTERNAL_ERROR)
@policy.doc(operationId="getPolicy")
def get_policy() -> DecisionService:
    """Which policy decides.

    The digest is the one that stands on every decision: two policies with the same digest decide alike.
    """
    return service()
