"""What being counted and chosen for a second opinion costs a decision, in microseconds on the request's own thread.

    python -m bench.second_opinion [--number 20000]

It counts decisions and opinions as the service does, with the figures of one process and with those that several count
together, and draws for the share. What the opinions themselves cost is the other evaluators' matter, after the answer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import timeit
from functools import partial
from random import random

from api.metrics import Metrics, counted_together


def measure(number: int) -> dict[str, float]:
    """Microseconds of each part."""
    metrics = Metrics()
    metrics.serves(
        digest="sha256:0",
        legal_status="final",
        decided_by="compiled",
        asked=("reference", "rete"),
        entries=lambda: 0,
    )
    actions = {
        "decision counted": partial(metrics.has_decided, "hold", "authoritative"),
        "opinion counted": partial(metrics.has_opinion, "reference", "same", None),
        "share drawn": lambda: random() < 0.01,
    }
    found = {name: min(timeit.repeat(act, number=number, repeat=3)) / number * 1e6 for name, act in actions.items()}
    scrapes = max(number // 100, 1)
    return {**found, "scrape": min(timeit.repeat(metrics.text, number=scrapes, repeat=3)) / scrapes * 1e6}


def main() -> None:
    """Measure in one process or in one for each way of counting."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=0, help="measure for so many here, and not for 1 and 2")
    given = parser.parse_args()
    if given.processes:
        with counted_together(given.processes):
            for name, cost in measure(given.number).items():
                print(
                    f"{given.processes} {'process' if given.processes == 1 else 'processes'}  {name:17}  {cost:8.2f} µs"
                )
        return
    for processes in (1, 2):
        # In a process of its own: the library decides when it is imported how it counts.
        arguments = ["--processes", str(processes), "--number", str(given.number)]
        subprocess.run([sys.executable, "-m", "bench.second_opinion", *arguments], check=True, env=dict(os.environ))


if __name__ == "__main__":
    main()
