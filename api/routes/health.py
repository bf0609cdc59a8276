"""For whoever watches over the process."""

from __future__ import annotations

from api import problems
from api.application import service
from api.openapi import Blueprint
from api.problems import FieldError, refuse
from api.schemas.policy import HealthSchema

health = Blueprint("health", __name__, description="Whether the service lives and can decide")


@health.route("/healthz")
@health.response(200, HealthSchema, description="The process answers")
@health.doc(operationId="isAlive")
def is_alive() -> dict[str, str]:
    """Whether the process is alive."""
    return {"status": "alive"}


@health.route("/readyz")
@health.response(200, HealthSchema, description="Decisions can be given")
@health.refuses(problems.NOT_READY)
@health.doc(operationId="isReady")
def is_ready() -> dict[str, str]:
    """Whether decisions can be given: a policy is loaded and the log can be written."""
    reasons = service().reasons_not_ready()
    if reasons:
        raise refuse(problems.NOT_READY, "No decision can be given now.", [FieldError("", why) for why in reasons])
    return {"status": "ready"}
