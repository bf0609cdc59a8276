"""For whoever watches over the process."""

from __future__ import annotations

from typing import Final

from flask import Response

from api import problems
from api.application import service
from api.metrics import MEDIA_TYPE
from api.openapi import Blueprint, bare
from api.problems import FieldError, refuse
from api.schemas.policy import HealthSchema

_DIFFERING: Final = (
    "Evaluators differ. Take this service out of rotation until somebody has looked into it; decisions on which they "
    "agree are still given."
)

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
def is_ready() -> dict[str, object]:
    """Whether decisions can be given: a policy is loaded, the log can be written, and evaluators agree.

    That they differ counts only where they are asked before each answer; those on which they agree are given all the
    same. `warnings` say what should be known and keeps nothing from working.
    """
    reasons = service().reasons_not_ready()
    if reasons:
        raise refuse(problems.NOT_READY, "No decision can be given now.", [FieldError("", why) for why in reasons])
    differing = service().second_opinion.obstacle()
    if differing is not None:
        raise refuse(problems.NOT_READY, _DIFFERING, [FieldError("", differing)])
    warnings = service().second_opinion.warnings()
    return {"status": "ready", **({"warnings": warnings} if warnings else {})}


@health.route("/metrics")
@bare
@health.response(200, {"type": "string"}, content_type="text/plain", description="Figures in the format of Prometheus")
@health.refuses(problems.INTERNAL_ERROR)
@health.doc(operationId="getMetrics")
def get_metrics() -> Response:
    """Read the figures of the service.

    What is counted is counted since its start, by all of its processes together.
    """
    return Response(service().metrics.text(), content_type=MEDIA_TYPE)
