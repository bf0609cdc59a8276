"""Decisions over HTTP from a real server: rate, latency, and what a recorded decision costs beside a bare request.

    python -m bench.http_decisions [--seconds 3] [--connections 4] [--rounds 3]

The same connections ask in turn for `/healthz` (routing and headers, no decision, no log), for a decision, and for a
batch of 100; the rounds alternate, so the ratios hold even when other work shares the machine. Client and server share
its processors.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable

import attrs

from api.example import EXAMPLE_REQUEST

BATCH = 100


def post(path: str, body: object) -> bytes:
    """A whole request, ready to be sent again and again."""
    text = json.dumps(body).encode()
    head = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(text)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + text


REQUESTS = {
    "healthz": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "decision": post("/v1/decisions", EXAMPLE_REQUEST),
    "batch": post("/v1/decisions/batch", [EXAMPLE_REQUEST] * BATCH),
}


@attrs.define
class Measured:
    """Latencies in seconds of one kind of request, and the rate of each round in requests a second."""

    latencies: list[float] = attrs.field(factory=list)
    rates: list[float] = attrs.field(factory=list)

    @property
    def rate(self) -> float:
        """Requests a second in the median round."""
        return statistics.median(self.rates)

    def quantile(self, share: float) -> float:
        """The latency, in seconds, that this share of the requests did not exceed."""
        return sorted(self.latencies)[int(share * (len(self.latencies) - 1))]


def exchange(connection: socket.socket, request: bytes) -> None:
    """Send one request and read its whole answer, which must be a success."""
    connection.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    missing = int(re.search(rb"Content-Length: (\d+)", head)[1]) - len(body)
    while missing > 0:
        missing -= len(connection.recv(1_048_576))


def load(connections: list[socket.socket], request: bytes, seconds: float, measured: Measured) -> None:
    """Ask over every connection at once, each as soon as it has its answer, for some seconds."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    def ask(connection: socket.socket) -> None:
        while (begun := time.perf_counter()) < end:
            exchange(connection, request)
            latencies.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    in_threads(ask, connections)
    measured.rates.append(len(latencies) / (time.perf_counter() - begun))
    measured.latencies += latencies


def in_threads(work: Callable[[socket.socket], None], connections: list[socket.socket]) -> None:
    """Do the work for every connection at once."""
    threads = [threading.Thread(target=work, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Start a server on a log of its own, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=3.0, help="length of a round of one kind")
    options.add_argument("--connections", type=int, default=4)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "api", "serve", "--port", "0", "--data", data]
        begun = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            port = int(re.search(r"http://\S+:(\d+) ", server.stdout.readline())[1])
            print(f"ready after {time.perf_counter() - begun:.2f} s")
            try:
                measure(port, chosen)
            finally:
                server.terminate()
                server.communicate()


def measure(port: int, chosen: argparse.Namespace) -> None:
    """Alternate the kinds of request over the rounds and print what came of each."""
    measured = {kind: Measured() for kind in REQUESTS}
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(chosen.connections)]
    for request in REQUESTS.values():
        exchange(connections[0], request)
    for _ in range(chosen.rounds):
        for kind, request in REQUESTS.items():
            load(connections, request, chosen.seconds, measured[kind])
    for connection in connections:
        connection.close()
    print(f"{'':10} {'requests/s':>11} {'p50 ms':>8} {'p99 ms':>8}   {chosen.connections} connections")
    for kind, result in measured.items():
        p50, p99 = (1000 * result.quantile(share) for share in (0.50, 0.99))
        print(f"{kind:10} {result.rate:11,.0f} {p50:8.2f} {p99:8.2f}")
    bare, single, many = (measured[kind].rate for kind in REQUESTS)
    print(f"a recorded decision costs {bare / single:.2f} times a bare request")
    print(f"decisions a second in batches of {BATCH}: {BATCH * many:,.0f}")


if __name__ == "__main__":
    main()
