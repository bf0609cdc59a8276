"""Decisions: the compiled evaluator against a program written by hand, on the same parsed facts, in one run.

For every `account.open` under `fixtures/requests/`, in rounds and in random order: by hand, compiled, the whole
decision of `Decider.decide` (validation, findings, needs), and the same down to JSON bytes. Printed are medians over
the rounds in microseconds, and how many times as long as by hand the compiled evaluator takes.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from bench import by_hand
from bench.shipped import DAY, EXAMPLE_JURISDICTIONS, requests, shipped_policy
from engine import Decider
from engine.evaluators.compiled import Compiled
from engine.ownership import resolve
from engine.program.finding import Finding

ACTION = "account.open"
Run = Callable[[], object]


def ways(decider: Decider, compiled: Compiled, facts: Mapping[str, Any]) -> dict[str, Run]:
    """What is timed, by the name of its column. Measures are left out of the first two, as by hand there are none."""

    def by_rules() -> list[Finding] | None:
        derived = resolve(facts.get("customer") or {}, decider.reading)
        derived["measures"] = ()
        return compiled.findings(ACTION, DAY, facts, derived)

    request = {"action": ACTION, "as_of": DAY, "facts": facts}
    return {
        "by hand": lambda: by_hand.findings(facts, DAY),
        "compiled": by_rules,
        "decide": lambda: decider.decide(request),
        "to JSON": lambda: json.dumps(decider.decide(request).document, ensure_ascii=False).encode(),
    }


def seconds(run: Run, times: int) -> float:
    """Time of one call, of that many in a row."""
    started = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - started) / times


def main() -> None:
    """Print a line for every case, and the geometric mean of the ratios with its range over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--times", type=int, default=300, help="calls in a row of one way in one round")
    parser.add_argument("--seed", type=int, default=0, help="of the order within a round")
    arguments = parser.parse_args()
    policy = shipped_policy(EXAMPLE_JURISDICTIONS)
    decider, compiled = Decider(policy), Compiled(policy.program)
    cases = {
        name: ways(decider, compiled, request["facts"])
        for name, request in requests().items()
        if request["action"] == ACTION
    }
    for name, runs in cases.items():
        found = [(finding.rule.id, finding.at) for finding in runs["compiled"]()]
        assert found == runs["by hand"](), f"{name}: the two disagree, so their times mean nothing"

    spent: dict[tuple[str, str], list[float]] = {(name, way): [] for name, runs in cases.items() for way in runs}
    draw = random.Random(arguments.seed)
    for _ in range(arguments.rounds):
        for name, way in draw.sample(list(spent), len(spent)):
            spent[name, way].append(seconds(cases[name][way], arguments.times))
    report(spent, list(cases), arguments.rounds)


def report(spent: Mapping[tuple[str, str], list[float]], names: list[str], rounds: int) -> None:
    """The table."""
    columns = ("by hand", "compiled", "decide", "to JSON")
    print(f"microseconds, medians of {rounds} rounds; ratio: compiled to by hand\n")
    print(
        f"{'case':44}"
        + "".join(f"{column:>10}" for column in columns[:2])
        + f"{'ratio':>8}"
        + f"{columns[2]:>10}{columns[3]:>10}"
    )
    for name in names:
        hand, compiled, decide, to_json = (statistics.median(spent[name, column]) * 1e6 for column in columns)
        print(f"{name:44}{hand:10.2f}{compiled:10.2f}{compiled / hand:8.2f}{decide:10.1f}{to_json:10.1f}")
    medians = {column: [statistics.median(spent[name, column]) for name in names] for column in columns}
    means = {column: statistics.geometric_mean(values) * 1e6 for column, values in medians.items()}
    by_round = [
        statistics.geometric_mean(spent[name, "compiled"][n] / spent[name, "by hand"][n] for name in names)
        for n in range(rounds)
    ]
    ratio = means["compiled"] / means["by hand"]
    print(
        f"{'geometric mean':44}{means['by hand']:10.2f}{means['compiled']:10.2f}{ratio:8.2f}"
        f"{means['decide']:10.1f}{means['to JSON']:10.1f}"
    )
    print(f"\nratio of the geometric means {ratio:.2f}; of single rounds {min(by_round):.2f} to {max(by_round):.2f}")


if __name__ == "__main__":
    main()
