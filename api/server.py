"""The application behind a socket: waitress, with its reading of HTTP made strict and its end made gentle.

waitress takes in a whole request before a thread sees it, so a slow client costs a buffer and not a thread.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import orjson
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.server import TcpWSGIServer, create_server
from waitress.task import ErrorTask
from waitress.utilities import Error

from api import problems
from api.problems import MEDIA_TYPE, Problem
from api.request_body import MAX_BATCH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MAX_HEADERS: Final = 65_536
MAX_RECEIVED: Final = 64 * 1_048_576
"""Most bytes of a body that is refused anyway that are taken in, so that a client that sends first and reads after
still gets its answer; beyond it the connection is closed."""
MAX_CONNECTIONS: Final = 1_000
DRAIN_SECONDS: Final = 10.0


class _LengthRequiredError(Error):
    code = 411
    reason = "Length Required"


_PROBLEMS = {
    411: Problem(problems.LENGTH_REQUIRED, "The request has a Transfer-Encoding header."),
    413: Problem(problems.BODY_TOO_LARGE, "The body is larger than any this service takes."),
    431: Problem(problems.HEADER_TOO_LARGE, f"Request line and headers have more than {MAX_HEADERS:,} bytes."),
    500: Problem(problems.INTERNAL_ERROR, "The request met a defect in the service; nothing was decided."),
}
_MALFORMED = Problem(problems.MALFORMED_HTTP, "The request line, a header or the framing of the body is not HTTP/1.1.")


class _Nothing:
    """A buffer for bytes nobody will look at."""

    def append(self, data: bytes) -> None:
        """Forget the bytes."""

    def getfile(self) -> BytesIO:
        """An empty body."""
        return BytesIO()

    def close(self) -> None:
        """There is nothing to let go."""

    def __len__(self) -> int:
        return 0


class StrictParser(HTTPRequestParser):
    """Reads requests so that the application sees what the client sent.

    waitress joins chunks and hides that there were any; here the application is told, and the bytes are dropped, as are
    those of a body longer than any it takes. What waitress would answer with 501 or by hanging up becomes a 4xx.
    """

    headers: dict[str, str]

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the request line and headers.

        Raises:
            ParsingError: they are not well-formed.
        """
        nothing: Any = _Nothing()
        try:
            super().parse_header(header_plus)
        except TransferEncodingNotImplemented:
            # Without knowing the coding nobody can say where the body ends.
            self.error = _LengthRequiredError("")
            self.connection_close = True
        except ValueError as error:
            raise ParsingError(str(error)) from error
        if self.chunked:
            self.headers["TRANSFER_ENCODING"] = "chunked"
            self.body_rcv = ChunkedReceiver(nothing)
        elif self.content_length > MAX_BATCH:
            self.body_rcv = FixedStreamReceiver(self.content_length, nothing)


class ProblemTask(ErrorTask):
    """Answers a request that never reached the application."""

    request: Any

    def execute(self) -> None:
        """Write the problem and close the connection."""
        problem = _PROBLEMS.get(self.request.error.code, _MALFORMED)
        body = orjson.dumps(problem.document())
        self.status = f"{problem.type.status} {problem.type.title}"
        self.response_headers = [*self.response_headers, ("Content-Type", MEDIA_TYPE)]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):
    parser_class = StrictParser
    error_task_class = ProblemTask


class Server:
    """One application on one listening socket."""

    def __init__(self, application: WSGIApplication, listener: socket.socket, threads: int) -> None:
        self._map: dict[int, Any] = {}
        options: dict[str, Any] = {
            "sockets": [listener],
            "threads": threads,
            "ident": None,
            "connection_limit": MAX_CONNECTIONS,
            "max_request_header_size": MAX_HEADERS,
            "max_request_body_size": MAX_RECEIVED,
            "log_socket_errors": False,
        }
        inner = create_server(application, self._map, **options)
        assert isinstance(inner, TcpWSGIServer)
        inner.channel_class = _Channel
        self._inner: Any = inner
        self._is_stopping = False

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until `stop` is called, then finish what was begun; `on_ready` is called once requests are taken."""
        on_ready()
        while not self._is_stopping:
            wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)
        self._drain()

    def stop(self) -> None:
        """Ask `run` to end; safe from a signal handler and from any thread."""
        self._is_stopping = True
        self._inner.pull_trigger()

    def _drain(self) -> None:
        """Take no new connection, answer every request that has been received, then close."""
        wasyncore.dispatcher.close(self._inner)
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            channels = list(self._inner.active_channels.values())
            busy = [channel for channel in channels if channel.requests or channel.total_outbufs_len]
            if not busy:
                break
            for channel in channels:
                channel.will_close = channel.will_close or channel not in busy
            wasyncore.loop(timeout=0.05, use_poll=True, map=self._map, count=1)
        self._inner.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)


def listen(host: str, port: int) -> socket.socket:
    """A socket that accepts connections; `localhost` is 127.0.0.1, and port 0 any free one.

    Raises:
        OSError: the address is in use or not allowed.
    """
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=1024)


def base_url(host: str, listener: socket.socket) -> str:
    """The URL under which a client on this machine reaches the service."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"
