"""Real services in processes of their own, and a small client for them."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import attrs

COMMAND = (sys.executable, "-m", "api")


@attrs.frozen
class Answer:
    """What came back: `document` is the body as JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self):
        return json.loads(self.body)

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")


class Service:
    """Something that listens: `lines` are what it printed until it was ready."""

    def __init__(self, output: TextIO) -> None:
        self.lines: list[str] = []
        while not self.lines or not self.lines[-1].startswith("curl "):
            line = output.readline()
            if not line:
                raise AssertionError(f"the service did not start: {self.lines}")
            self.lines.append(line.rstrip("\n"))
        found = re.search(r"http://(\S+):(\d+) ", self.lines[0])
        assert found
        self.host, self.port = found[1], int(found[2])

    def request(self, method: str, path: str, body: object = None, headers: Mapping[str, str] = {}, **how) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers), **how)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def decide(self, request: object) -> Answer:
        return self.request("POST", "/v1/decisions", json.dumps(request), {"Content-Type": "application/json"})

    def send(self, raw: bytes) -> Answer:
        """Send bytes as they are and read one answer."""
        with self.connect() as connection:
            connection.sendall(raw)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return Answer(response.status, dict(response.getheaders()), response.read())

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=30)


class RunningService(Service):
    """`ostiary serve` in a process of its own."""

    def __init__(
        self, data: Path, arguments: tuple[str, ...] = (), command: tuple[str, ...] = COMMAND, **popen: object
    ) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [*command, "serve", "--port", "0", "--data", str(data), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **popen,
        )
        try:
            super().__init__(self.process.stdout)
        except AssertionError:
            _, errors = self.process.communicate(timeout=20)
            raise AssertionError(f"the service did not start: {errors}") from None

    def stop(self) -> tuple[int, str]:
        """End it gently; its exit code and what it wrote to standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors

    def kill(self) -> None:
        """End it as a power cut would; also after it has ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=20)


class Nursery:
    """Makes services by forking a process that has imported everything already; one at a time."""

    def __init__(self) -> None:
        forker = Path(__file__).parent / "api" / "children" / "forker.py"
        self._process = subprocess.Popen(
            [sys.executable, str(forker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, data: Path) -> ForkedService:
        self._process.stdin.write(f"{data}\n")
        self._process.stdin.flush()
        return ForkedService(self._process.stdout)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(20)


class ForkedService(Service):
    """`ostiary serve` in a child of the nursery."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self.pid = int(output.readline())
        super().__init__(output)

    def kill(self) -> None:
        """End it as a power cut would, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        assert self._output.readline() == f"{self.pid} is gone\n"
