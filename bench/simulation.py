"""A population decided by columns, and the same accounts one by one: accounts a second, memory, and the ratio.

For each number of accounts a population is made up (kept in `--folder` for the next run) and decided in a process of
its own, whose peak of memory is told: under the shipped rules, and under these with a prohibition beside them, as a
simulation does it. Writing the program as an expression takes the same for every size; it is part of the seconds. Some
of the accounts are decided row by row from the same population, by the compiled evaluator and by durable-rules.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.shipped import EXAMPLE_JURISDICTIONS, ROOT, shipped_policy
from engine import Decider
from engine.accounts.accounts import accounts_at
from engine.accounts.layout import MALICIOUS, Layout
from engine.accounts.population import Population, PopulationError, open_population
from engine.decision.decider import Case
from engine.evaluators.columnar.workplace import DuckWorkplace
from engine.evaluators.registry import make_evaluator
from engine.language.source import Source
from engine.population.generate import distributions, generate
from engine.simulation.asked import BASELINE, ask
from engine.simulation.dimensions import dimensions

DAY = "2026-12-01"
ONE_BY_ONE = {"compiled": 20_000, "rete": 500}
"""Accounts that are decided row by row."""
DISTRIBUTIONS = ROOT / "fixtures" / "populations" / "fiction.yaml"


def main(argv: Sequence[str] | None = None) -> None:
    """A line for each size and number of policies, and one for each evaluator that goes row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where populations are kept; default: a temporary one")
    parser.add_argument("--decide", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--policies", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.decide is not None:
        print(json.dumps(_by_columns(open_population(arguments.decide), arguments.policies)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        _table({size: _population(folder / f"{size}.population", size) for size in arguments.accounts})


def _table(populations: Mapping[int, Population]) -> None:
    rate = 0.0
    for size, population in populations.items():
        for policies in (1, 2):
            command = [sys.executable, "-m", "bench.simulation", "--decide", population.folder, "--policies", policies]
            done = json.loads(subprocess.run(map(str, command), check=True, stdout=subprocess.PIPE).stdout)
            rate = max(rate, size / done["seconds"])
            print(
                f"{size:>12,} accounts, {policies} policies: {done['seconds']:8.2f} s, "
                f"{size / done['seconds']:>9,.0f} accounts/s, {done['profiles']:>9,} profiles, "
                f"{done['megabytes']:>5,} MB"
            )
    smallest = populations[min(populations)]
    for name, accounts in ONE_BY_ONE.items():
        alone = _one_by_one(smallest, name, accounts)
        print(f"row by row, {name:>8}: {alone:>9,.0f} accounts/s on one core, {rate / alone:,.0f} times as long")


def _population(folder: Path, accounts: int) -> Population:
    try:
        return open_population(folder)
    except PopulationError:
        policy = shipped_policy(EXAMPLE_JURISDICTIONS)
        drawn = distributions(policy.places, Source(DISTRIBUTIONS.name, DISTRIBUTIONS.read_text("utf-8")))
        as_of = datetime.date.fromisoformat(DAY)
        return generate(folder, policy, drawn, accounts=accounts, seed=1, as_of=as_of)


def _by_columns(population: Population, policies: int) -> dict[str, Any]:
    asked = {BASELINE: shipped_policy()} | ({"orders": shipped_policy(EXAMPLE_JURISDICTIONS)} if policies > 1 else {})
    columns = dimensions(asked[BASELINE], DAY)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=population.folder.parent) as work:
        workplace = DuckWorkplace(Path(work), lambda _what, _done: None)
        found = ask(asked, [DAY], lambda _: population, workplace, further=columns, labels=[MALICIOUS])
        seconds = time.perf_counter() - started
        (counted,) = workplace.rows(found.decided.answers.aggregate(profiles=found.decided.answers.count()))
        workplace.close()
    return {"seconds": seconds, "megabytes": _peak(), **counted}


def _peak() -> int:
    """The most memory that this program had, in megabytes: what `getrusage` says counts whoever started it, too."""
    status = Path("/proc/self/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) // 1024


def _one_by_one(population: Population, evaluator: str, accounts: int) -> float:
    """Accounts a second, from facts that were read before."""
    policy = shipped_policy()
    decider = Decider(policy, evaluator=make_evaluator(evaluator, policy.program))
    cases = [
        Case(account.action, DAY, account.facts)
        for account in accounts_at(population, Layout(policy.vocabulary), range(accounts))
    ]
    decider.findings(cases[0])
    started = time.perf_counter()
    for case in cases:
        decider.findings(case)
    return accounts / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
