"""For people and tools that want to know the interface: the docs page, the OpenAPI document, the problem types."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from api import problems
from api.application import api, service
from api.problems import CATALOGUE, refuse
from api.request_body import JSON
from api.web.reference import reference_of

pages = Blueprint("pages", __name__)


@pages.get("/openapi.json")
def openapi_document() -> Response:
    """The OpenAPI 3.1 document."""
    return Response(orjson.dumps(api().spec.to_dict(), option=orjson.OPT_INDENT_2), mimetype=JSON)


@pages.get("/docs")
def docs() -> str:
    """The docs page: needs no script and nothing from another host."""
    page = reference_of(service(), api().spec.to_dict(), request.host_url.rstrip("/"))
    return render_template("docs.html", page=page)


@pages.get("/problems/<slug>")
def problem_type(slug: str) -> BaseResponse:
    """Where the type URI of a problem leads: its section of the docs page."""
    if slug not in CATALOGUE:
        raise refuse(problems.NOT_FOUND, "There is no problem type of this name.")
    return redirect(url_for("pages.docs", _anchor=f"problem-{slug}"))


@pages.get("/")
def home() -> BaseResponse:
    """The docs page is the home page."""
    return redirect(url_for("pages.docs"))
