"""The OpenAPI 3.1 document: routes from the blueprints, envelopes from marshmallow, facts from the vocabulary."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from importlib.metadata import version
from itertools import groupby
from typing import Any, Protocol, TypeVar, cast

import flask_smorest  # type: ignore[import-untyped]  # it ships without types
from flask import Flask

from api.problems import MEDIA_TYPE, ProblemType
from api.schemas.problem import ProblemSchema

_View = TypeVar("_View", bound=Callable[..., Any])
_DEFS = "#/$defs/"


class _Decorator(Protocol):
    """Leaves a view as it was and notes something about it."""

    def __call__(self, view: _View) -> _View: ...


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # untyped base
    """A group of routes whose problems are documented as what they are."""

    route: Callable[..., _Decorator]
    response: Callable[..., _Decorator]
    alt_response: Callable[..., _Decorator]
    doc: Callable[..., _Decorator]

    def refuses(self, *types: ProblemType) -> _Decorator:
        """Document that a view may answer with these problems; several of one status become one response."""

        def decorate(view: _View) -> _View:
            for status, group in groupby(sorted(types, key=lambda t: t.status), key=lambda t: t.status):
                kinds = list(group)
                words = "; ".join(f"{kind.title} (`{kind.uri}`)" for kind in kinds)
                headers = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}}
                view = self.alt_response(
                    status,
                    schema=ProblemSchema,
                    content_type=MEDIA_TYPE,
                    description=words,
                    headers=headers if status == 503 else None,
                )(view)
            return view

        return decorate


def bare(view: _View) -> _View:
    """The view itself with its documentation, without the layers that documenting wrapped it in.

    For views that return a finished response: the layers would do nothing for it, and do it for every request.
    """
    plain: Any = inspect.unwrap(view)
    plain._apidoc = view._apidoc  # type: ignore[attr-defined]  # noqa: SLF001 - where flask-smorest keeps it
    return cast("_View", plain)


class Api(flask_smorest.Api):  # type: ignore[misc]  # untyped base
    """flask-smorest with its own error answers and pages left out: `http_problems` and `routes.pages` have ours."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        pass


def document_routes(app: Flask, blueprints: Iterable[Blueprint], request_schema: dict[str, Any]) -> Api:
    """Register the blueprints on the application and describe them; `request_schema` is the vocabulary's."""
    app.config |= {"API_TITLE": "Ostiary", "API_VERSION": version("ostiary"), "OPENAPI_VERSION": "3.1.0"}
    summary = "Decisions on cloud customer identification: with reasons, with citations, on the record"
    api = Api(app, spec_kwargs={"info": {"summary": summary}})
    for name, schema in components("Request", request_schema).items():
        api.spec.components.schema(name, component=schema)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    return api


def components(name: str, schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A JSON Schema with `$defs` as OpenAPI components: `name` for itself, `name.<def>` for each definition."""
    hoisted = {f"{name}.{key}": _retargeted(value, name) for key, value in schema.get("$defs", {}).items()}
    own = {key: value for key, value in schema.items() if key not in {"$defs", "$schema"}}
    return {name: _retargeted(own, name), **hoisted}


def _retargeted(node: Any, name: str) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(node, list):
        return [_retargeted(child, name) for child in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"#/components/schemas/{name}.{child.removeprefix(_DEFS)}"
        if key == "$ref" and isinstance(child, str)
        else _retargeted(child, name)
        for key, child in node.items()
    }
