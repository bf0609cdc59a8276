"""Service start to ready: `ostiary serve` as a process, until `/readyz` says yes, on a new log and on an old one."""

from __future__ import annotations

import argparse
import http.client
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.shipped import ROOT

POLL_SECONDS = 0.005
PATIENCE_SECONDS = 60


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_ready(port: int) -> bool:
    """Whether the service answers that it can decide."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def start(data: Path) -> float:
    """Seconds until the service is ready; it is stopped again."""
    port = free_port()
    command = [sys.executable, "-m", "api", "serve", "--port", str(port), "--data", str(data)]
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        try:
            while not is_ready(port):
                if service.poll() is not None:
                    raise SystemExit(f"the service ended with {service.returncode} before it was ready")
                if time.perf_counter() - started > PATIENCE_SECONDS:
                    raise SystemExit(f"the service was not ready within {PATIENCE_SECONDS} s")
                time.sleep(POLL_SECONDS)
            return time.perf_counter() - started
        finally:
            service.terminate()


def main() -> None:
    """Print minimum, median and maximum over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    spent: dict[str, list[float]] = {"new log": [], "existing log": []}
    with tempfile.TemporaryDirectory() as directory:
        for n in range(rounds):
            data = Path(directory) / str(n)
            spent["new log"].append(start(data))
            spent["existing log"].append(start(data))
    print(f"seconds from start to ready, {rounds} rounds")
    print(f"{'':16}{'minimum':>9}{'median':>9}{'maximum':>9}")
    for name, seconds in spent.items():
        print(f"{name:16}{min(seconds):9.2f}{statistics.median(seconds):9.2f}{max(seconds):9.2f}")


if __name__ == "__main__":
    main()
