"""The one place where routes find what the application was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from flask import Flask, current_app

if TYPE_CHECKING:
    from api.openapi import Api
    from api.service import DecisionService

_EXTENSION = "ostiary"


@attrs.frozen
class Parts:
    """What an application is made with."""

    service: DecisionService
    api: Api
    caller_header: str | None


def install(app: Flask, parts: Parts) -> None:
    """Keep the parts with an application."""
    app.extensions[_EXTENSION] = parts


def service_of(app: Flask) -> DecisionService:
    """The decision service of an application; whoever made the application closes it."""
    return _parts(app).service


def service() -> DecisionService:
    """The decision service of the application that handles this request."""
    return _parts(current_app).service


def caller_header() -> str | None:
    """The header by which a proxy names the caller of this request, None if none is believed."""
    return _parts(current_app).caller_header


def api() -> Api:
    """The description of the routes of the application that handles this request."""
    return _parts(current_app).api


def _parts(app: Flask) -> Parts:
    parts: Parts = app.extensions[_EXTENSION]
    return parts
