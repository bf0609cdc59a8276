"""A connection that breaks at a chosen moment: a proxy on the loopback before a server on a Unix socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Self

import attrs


@attrs.frozen(eq=False)
class Trap:
    """Breaks the first connection whose client sends `text`.

    `is_answered`: only when the server has answered with `text` too, which the client does not get. Otherwise the
    server does not get it.
    """

    text: bytes
    is_answered: bool
    sprung: threading.Event = attrs.field(init=False, factory=threading.Event)


class TcpProxy:
    """Passes bytes on, as long as it is not told otherwise. Every method may be called from any thread."""

    def __init__(self, upstream: Path) -> None:
        self._upstream = upstream
        self._trap: Trap | None = None
        self._is_refusing = False
        self._mutex = threading.Lock()
        self._links: set[_Link] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)
        self._thread.start()

    def lose_answer(self, text: bytes) -> Trap:
        """Break the next connection on which `text` is sent, when it has been done and before its answer."""
        return self._set(Trap(text, is_answered=True))

    def lose_request(self, text: bytes) -> Trap:
        """Break the next connection on which `text` is sent, before the server gets it."""
        return self._set(Trap(text, is_answered=False))

    def cut(self) -> None:
        """Break every connection now."""
        with self._mutex:
            links = list(self._links)
        for link in links:
            link.cut()

    def refuse(self, *, is_refusing: bool = True) -> None:
        """Break every connection, and every new one at once, until told otherwise."""
        self._is_refusing = is_refusing
        if is_refusing:
            self.cut()

    def close(self) -> None:
        """Break every connection, and end."""
        # A close does not wake a thread that waits in `accept`.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        self.cut()
        with self._mutex:
            links = list(self._links)
        for link in links:
            link.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take_trap(self, data: bytes) -> Trap | None:
        """The trap that `data` springs, for one connection only."""
        with self._mutex:
            trap = self._trap
            if trap is None or trap.text not in data:
                return None
            self._trap = None
            return trap

    def forget(self, link: _Link) -> None:
        with self._mutex:
            self._links.discard(link)

    def _set(self, trap: Trap) -> Trap:
        with self._mutex:
            self._trap = trap
        return trap

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                if self._is_refusing:
                    raise ConnectionRefusedError
                server.connect(str(self._upstream))
            except OSError:
                client.close()
                server.close()
                continue
            link = _Link(self, client, server)
            with self._mutex:
                self._links.add(link)
            link.start()


class _Link:
    """One client and its connection to the server, with a thread for each direction."""

    def __init__(self, proxy: TcpProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._trap: Trap | None = None
        self._threads = [threading.Thread(target=way, daemon=True) for way in (self._ask, self._answer)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def cut(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _ask(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._client.recv(65_536):
                trap = self._proxy.take_trap(data)
                if trap is not None and not trap.is_answered:
                    trap.sprung.set()
                    self.cut()
                    break
                # Said before the server can have answered, so that no part of its answer slips through.
                self._trap = trap
                self._server.sendall(data)
        self.cut()

    def _answer(self) -> None:
        kept = b""
        with contextlib.suppress(OSError):
            while data := self._server.recv(65_536):
                if self._trap is None:
                    self._client.sendall(data)
                    continue
                kept += data
                if self._trap.text in kept:
                    self._trap.sprung.set()
                    self.cut()
                    break
        self.cut()
        self._threads[0].join()
        self._client.close()
        self._server.close()
        self._proxy.forget(self)
