"""Everything that goes wrong while a request is handled, answered as a problem document."""

from __future__ import annotations

import orjson
from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from api import problems
from api.problems import MEDIA_TYPE, Problem, RefusedError
from api.service_log import LOGGER
from engine.audit import LogUnavailable


def register(app: Flask) -> None:
    """Make problem documents of every error of this application."""
    app.register_error_handler(RefusedError, _refused)
    app.register_error_handler(LogUnavailable, _log_unavailable)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _defect)


def problem_response(problem: Problem, **extensions: object) -> Response:
    """The HTTP answer that carries a problem."""
    response = Response(orjson.dumps(problem.document(**extensions)), problem.type.status, mimetype=MEDIA_TYPE)
    if problem.type.status == 503:
        response.headers["Retry-After"] = str(problem.type.retry_after)
    return response


def _refused(error: RefusedError) -> Response:
    return problem_response(error.problem)


def _log_unavailable(error: LogUnavailable) -> Response:
    LOGGER.error("the log is unavailable: %s", error.reason, exc_info=error, extra={"request_id": g.request_id})
    detail = "The decision log cannot be written or read now, so there is no answer."
    if error.may_be_logged:
        detail = "The outcome of writing to the log is not known. The decision may stand in it, but it was not given."
    response = problem_response(Problem(problems.LOG_UNAVAILABLE, detail))
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http_error(error: HTTPException) -> Response:
    match error:
        case NotFound():
            return problem_response(Problem(problems.NOT_FOUND, "No route has this path."))
        case MethodNotAllowed(valid_methods=methods):
            allowed = ", ".join(sorted(methods or ()))
            response = problem_response(Problem(problems.METHOD_NOT_ALLOWED, f"This path takes {allowed}."))
            response.headers["Allow"] = allowed
            return response
        case HTTPException(code=code) if code is not None and code < 500:
            return problem_response(Problem(problems.MALFORMED_HTTP, "The request could not be read."))
        case _:
            return _defect(error)


def _defect(error: Exception) -> Response:
    LOGGER.error("a request met a defect", exc_info=error, extra={"request_id": g.request_id})
    detail = "The request met a defect in the service; nothing was decided."
    return problem_response(Problem(problems.INTERNAL_ERROR, detail), request_id=g.request_id)
