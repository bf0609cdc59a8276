"""Settings to a Flask application."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import random as random_number
from typing import Final

from flask import Flask, Response, g, request

from api import http_problems, problems
from api.application import Parts, install
from api.openapi import document_routes
from api.problems import refuse
from api.recorder import new_id as new_uuid
from api.recorder import now as current_time
from api.routes.decisions import decisions
from api.routes.health import health
from api.routes.log import log as log_routes
from api.routes.pages import pages
from api.routes.policy import policy as policy_routes
from api.settings import Settings
from api.startup import open_service
from engine import Policy
from engine.vocabulary.json_schema import request_schema

_WEB = Path(__file__).with_name("web")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_THIS_MACHINE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer. Answers are about people, so nothing on the way may keep them."""


def create_app(
    settings: Settings,
    *,
    policy: Policy | None = None,
    new_id: Callable[[], str] = new_uuid,
    now: Callable[[], datetime] = current_time,
    random: Callable[[], float] = random_number,
) -> Flask:
    """The application, with its policy loaded and its log open.

    Args:
        settings: where things are.
        policy: the policy, when it is loaded already; otherwise it is read from the directories of the settings.
        new_id: makes the ids of decisions.
        now: tells the time, in UTC.
        random: gives numbers from 0 up to but not including 1, which choose the decisions others are asked about.

    Raises:
        SettingsError: a second opinion is asked for that cannot be given here.
        PolicyError: the rules or jurisdictions have mistakes.
        LogUnavailable: the log cannot be opened.
    """
    service = open_service(settings, policy=policy, new_id=new_id, now=now, random=random)
    app = Flask("api", static_folder=str(_WEB / "static"), template_folder=str(_WEB / "templates"))
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.before_request(_check_headers)
    app.after_request(_add_headers)
    http_problems.register(app)
    api = document_routes(
        app, (decisions, log_routes, policy_routes, health), request_schema(service.policy.vocabulary)
    )
    app.register_blueprint(pages)
    install(app, Parts(service, api, settings.caller_header))
    return app


def _check_headers() -> None:
    """Take over the caller's id for the request, and refuse a Host that is not this machine.

    A page of another site could otherwise reach the service through a name of its own that it made point here.
    """
    given = request.headers.get("X-Request-Id")
    g.caller_request_id = given
    g.request_id = new_uuid()
    if given is not None:
        if not _REQUEST_ID.fullmatch(given):
            raise refuse(problems.INVALID_HEADER, "X-Request-Id is too long, or has characters that are not allowed.")
        g.request_id = given
    host = request.headers.get("Host")
    if host is not None and not _THIS_MACHINE.fullmatch(host):
        raise refuse(problems.INVALID_HEADER, "The Host header does not name this machine.")


def _add_headers(response: Response) -> Response:
    response.headers.extend(_HEADERS)
    response.headers["X-Request-Id"] = g.request_id
    if request.endpoint == "static":
        response.headers["Cache-Control"] = "public, max-age=3600"
    return response
