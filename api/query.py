"""The query of a URL: numbers and names, read as strictly as a body."""

from __future__ import annotations

import re
from typing import Final

import attrs
from flask import request

from api import problems
from api.problems import FieldError, RefusedError, refuse

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_LIMIT: Final = 2**63


@attrs.frozen
class Query:
    """The parameters of the request that is being handled, each of which was given at most once."""

    values: dict[str, str]

    @classmethod
    def of_request(cls, *known: str) -> Query:
        """The parameters of these names, where they are given.

        Raises:
            RefusedError: one is given twice, or another is given, which could be one of these misspelt.
        """
        given = request.args.to_dict(flat=False)
        help_ = f"this route knows {', '.join(f'`{name}`' for name in known) or 'none'}"
        unknown = [
            FieldError(_pointer(name), "the route has no such parameter", help_) for name in given.keys() - known
        ]
        twice = [
            FieldError(_pointer(name), "the parameter is given more than once", "give it once")
            for name in known
            if len(given.get(name, ())) > 1
        ]
        errors = sorted([*unknown, *twice], key=lambda error: error.pointer)
        if errors:
            raise refuse(problems.INVALID_PARAMETER, "The query has parameters that it must not have.", errors)
        return cls({name: values[0] for name, values in given.items()})

    def text(self, name: str) -> str | None:
        """The value of a parameter, None if it is not given."""
        return self.values.get(name)

    def number(self, name: str) -> int | None:
        """The value of a parameter that is a whole number from 0, below 2**63; None if it is not given.

        Raises:
            RefusedError: it is something else.
        """
        text = self.values.get(name)
        if text is None:
            return None
        # The pattern is asked first: Python reads signs, spaces, underscores and the digits of other scripts as well.
        if not _NUMBER.fullmatch(text) or int(text) >= _LIMIT:
            raise wrong(
                name, "is not a whole number from 0", "write it in the digits 0 to 9, without sign and zeros before"
            )
        return int(text)

    def required(self, name: str) -> int:
        """The number that has to be given. Raises RefusedError as `number`, or if it is missing."""
        value = self.number(name)
        if value is None:
            raise wrong(name, "is missing", "add it to the query")
        return value


def wrong(name: str, what: str, help_: str) -> RefusedError:
    """The refusal of one parameter: `what` goes on from its name."""
    return refuse(problems.INVALID_PARAMETER, f"`{name}` {what}.", [FieldError(_pointer(name), what, help_)])


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")
