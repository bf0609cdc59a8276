"""Is this a request? A fast yes, or an explained no: bad input decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import attrs

from engine.measures.places import Places
from engine.vocabulary import Vocabulary
from engine.vocabulary.explain import UNKNOWN_KEY, Misfit, Shape
from engine.vocabulary.json_schema import request_schema


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
    """Holds requests against the vocabulary's schema."""

    def __init__(self, vocabulary: Vocabulary, places: Places) -> None:
        self._shape = _shape(vocabulary, places)

    def check(self, request: object) -> Mapping[str, Any]:
        """The request itself, or RequestError."""
        try:
            fits = self._shape.fits(request)
        except ValueError as error:
            # Something a caller in Python can pass and a parser of JSON cannot make.
            no_json = Violation("", "is not JSON: its keys must be texts and its values JSON values")
            raise RequestError((no_json,)) from error
        if fits and isinstance(request, dict):
            return request
        raise RequestError(tuple(_violation(misfit) for misfit in self._shape.misfits(request)))


@lru_cache(maxsize=4)
def _shape(vocabulary: Vocabulary, places: Places) -> Shape:
    """Made once for all deciders of a policy: it costs more than many decisions."""
    return Shape(request_schema(vocabulary, places.codes))


def _violation(misfit: Misfit) -> Violation:
    return Violation(misfit.pointer, misfit.detail, misfit.help, is_unknown_key=misfit.detail == UNKNOWN_KEY)
