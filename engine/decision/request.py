"""Is this a request? A fast yes, or an explained no: bad input decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import jsonschema_rs

from engine.measures.places import Places
from engine.vocabulary import Vocabulary
from engine.vocabulary.explain import Misfit, misfits
from engine.vocabulary.json_schema import request_schema

MAX_PROBLEMS = 100


@attrs.frozen
class Violation:
    """One thing wrong with a request: an RFC 6901 pointer into it, what is wrong, and what to do."""

    pointer: str
    detail: str
    help: str | None = None
    is_unknown_key: bool = False


class RequestError(ValueError):
    """The request does not fit the vocabulary. `problems` say where and why; they repeat no value of the request."""

    def __init__(self, problems: tuple[Violation, ...]) -> None:
        super().__init__("; ".join(f"{problem.pointer or '/'} {problem.detail}" for problem in problems))
        self.problems = problems


class Requests:
    """Holds requests against the vocabulary's schema: one library decides quickly, another explains a refusal."""

    def __init__(self, vocabulary: Vocabulary, places: Places) -> None:
        self._schema = request_schema(vocabulary, places.codes)
        self._validator = jsonschema_rs.Draft202012Validator(self._schema, validate_formats=True)

    def check(self, request: object) -> Mapping[str, Any]:
        """The request itself, or RequestError."""
        try:
            fits = self._validator.is_valid(request)
        except ValueError as error:
            # Not JSON at all: something a caller in Python can pass and a parser of JSON cannot.
            raise RequestError(
                (Violation("", "is not JSON: its keys must be texts and its values JSON values"),)
            ) from error
        if fits and isinstance(request, dict):
            return request
        raise RequestError(self._explain(request))

    def _explain(self, request: object) -> tuple[Violation, ...]:
        found = misfits(self._schema, request)
        if not found:
            # The fast validator is the stricter of the two about a few formats: ask it where.
            found = tuple(
                Misfit(tuple(error.instance_path), "is not well-formed", "see the reference of the facts")
                for error in self._validator.iter_errors(request)
            )
        return tuple(
            Violation(misfit.pointer, misfit.detail, misfit.help, is_unknown_key=misfit.detail == "is not a known key")
            for misfit in found[:MAX_PROBLEMS]
        )
