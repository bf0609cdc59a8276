"""What the service says of itself on standard error: one JSON object a line, and nothing of any request's content."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Final

import orjson

LOGGER: Final = logging.getLogger("ostiary")


class JsonLines(logging.Formatter):
    """A log record as one line of JSON.

    An exception is shown as its type and the places it passed. Its message is shown only to a developer who asked for
    debug output, because a message may quote the facts that were being handled.
    """

    def __init__(self, *, shows_messages: bool) -> None:
        super().__init__()
        self._shows_messages = shows_messages

    def format(self, record: logging.LogRecord) -> str:
        """One line, without the line end."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = getattr(record, "request_id", None)
        if request_id is not None:
            line["request_id"] = request_id
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = self._exception(record.exc_info[1])
        return orjson.dumps(line).decode()

    def _exception(self, error: BaseException) -> dict[str, object]:
        frames = traceback.extract_tb(error.__traceback__)
        shown: dict[str, object] = {
            "type": f"{type(error).__module__}.{type(error).__qualname__}",
            "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        if self._shows_messages:
            shown["message"] = str(error)
        if error.__cause__ is not None:
            shown["cause"] = self._exception(error.__cause__)
        return shown


def configure(level: str) -> None:
    """Send this process's log to standard error; `level` is a member of `settings.LOG_LEVELS`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(shows_messages=level == "debug"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Requests wait for the log by design; the server warns of every one that does.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
