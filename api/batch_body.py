"""Bytes of a batch to its items: a JSON array, or one JSON value a line."""

from __future__ import annotations

from api import problems
from api.json_body import MAX_DEPTH, read_json
from api.problems import RefusedError, refuse

MAX_ITEMS = 1_000


def read_array(body: bytes) -> list[object]:
    """The items of a JSON array. The array is one text, so a mistake in its syntax refuses the whole.

    Raises:
        RefusedError: see `read_json`; also when it is not an array or has more than `MAX_ITEMS` items.
    """
    items = read_json(body, MAX_DEPTH + 1)
    if not isinstance(items, list):
        raise refuse(problems.INVALID_REQUEST, "A batch is an array of requests.")
    _check_count(len(items))
    return items


def read_lines(body: bytes) -> list[object]:
    """The items of newline-delimited JSON. Each line stands alone: one that cannot be read is a `Problem` in its place.

    Blank lines at the end are ignored; one between others is an item that is empty.

    Raises:
        RefusedError: there is no line, or there are more than `MAX_ITEMS`.
    """
    body = body.rstrip(b" \t\r\n")
    if not body:
        raise refuse(problems.EMPTY_BODY, "The body holds no line with a request.")
    _check_count(body.count(b"\n") + 1)
    return [read_line(line) for line in body.split(b"\n")]


def read_line(line: bytes) -> object:
    """The value on one line, or the `Problem` with it."""
    try:
        return read_json(line)
    except RefusedError as error:
        return error.problem


def _check_count(count: int) -> None:
    if count > MAX_ITEMS:
        raise refuse(problems.BODY_TOO_LARGE, f"The batch has {count:,} items; {MAX_ITEMS:,} are allowed.")
