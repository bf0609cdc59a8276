"""A real service whose rete process is killed and stopped: it answers on, and says so."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from asking_others import about, figure, wait_until
from running_service import RunningService


def worker(service: RunningService) -> int | None:
    """The process in which durable-rules runs, as the service has none other; None while there is none."""
    process = service.process.pid
    threads = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for thread in threads for child in thread.read_text().split()]
    return next((pid for pid in children if b"worker.py" in Path(f"/proc/{pid}/cmdline").read_bytes()), None)


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV])
def test_the_service_answers_on(start_service: Callable[..., RunningService], fault: signal.Signals) -> None:
    service = start_service(arguments=("--second-opinion", "100"))

    def counted(of: str, **labels: str) -> float:
        return figure(service.request("GET", "/metrics").body.decode(), of, evaluator="rete", **labels)

    def is_the_same_again(before: float) -> bool:
        """Asked until it is: on a busy machine an opinion may be late."""
        assert service.decide(about("fine")).document["outcome"] == "hold"
        return counted("second_opinions_total", verdict="same") > before

    wait_until(lambda: is_the_same_again(0))
    before, agreed = worker(service), counted("second_opinions_total", verdict="same")
    replaced = counted("evaluator_restarts_total")
    os.kill(before, fault)
    wait_until(lambda: is_the_same_again(agreed) and counted("evaluator_restarts_total") > replaced)
    after = worker(service)
    assert after not in {None, before}
    assert service.stop()[0] == 0
    assert not Path(f"/proc/{before}").exists()
    assert not Path(f"/proc/{after}").exists()
