"""`ostiary check` on many generated rules, as a process: how long it takes from start to exit.

The rules stand on top of the shipped ones, in one file, in files of 50 and in a file each. Beside it: the process that
only imports what the command needs, and the check of the shipped rules alone. Ways alternate in random order; minimum
and median over the rounds are printed.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.generated_rules import write_rules
from bench.shipped import JURISDICTIONS, ROOT, RULES

IMPORT_ONLY = "import api.cli, api.cli.check, engine"


def process(*arguments: str) -> float:
    """Seconds from start to exit; the process must succeed."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    spent = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return spent


def main() -> None:
    """Print a line for each way of laying out the rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        commands: dict[str, list[str]] = {
            "process start alone (import only)": ["-c", IMPORT_ONLY],
            "the shipped rules": check(RULES),
        }
        for per_file in (arguments.rules, 50, 1):
            rules = Path(directory) / f"of-{per_file}"
            shutil.copytree(RULES, rules)
            files = write_rules(rules / "generated", arguments.rules, per_file)
            commands[f"and {arguments.rules:,} more in {files:,} file{'s' * (files > 1)}"] = check(rules)
        spent: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name in random.sample(list(commands), len(commands)):
                spent[name].append(process(*commands[name]))
    start = statistics.median(spent["process start alone (import only)"])
    print(f"seconds of a whole process, {arguments.rounds} rounds")
    print(f"{'':40}{'minimum':>9}{'median':>9}{'x start':>9}")
    for name, seconds in spent.items():
        print(f"{name:40}{min(seconds):9.2f}{statistics.median(seconds):9.2f}{statistics.median(seconds) / start:9.1f}")


def check(rules: Path) -> list[str]:
    """The arguments of the command on a directory of rules."""
    return ["-m", "api", "check", "--rules", str(rules), "--jurisdictions", str(JURISDICTIONS)]


if __name__ == "__main__":
    main()
