"""Do all evaluators decide the same? Programs and requests drawn at random, decided by each, compared byte for byte.

Every program and every request has a number under the seed, so the same are drawn however many processes share the
work, and any one of them can be drawn alone with `--only PROGRAM:CASE`. Beside the evaluators of the registry there is
`written`, which reads the rule files as text and evaluates their conditions by official CEL; it is compared by its
findings. Exit status 1 when two disagree or one has no opinion; the first such case is made small and printed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import orjson
import yaml

from api.cli.options import count
from bench.agreement import contenders
from bench.agreement.contenders import Answer
from bench.agreement.examine import Split, Tally, examine
from bench.agreement.sample import draw
from bench.agreement.shrink import ATTEMPTS, KEPT, Trouble, shrunk
from engine.program.expressions import OPERATIONS

SHOWN = 10
_MORE = 5
"""How many times as many attempts are worth a try."""


def main(argv: Sequence[str] | None = None) -> int:
    """The table of what was compared; exit status 1 when something differs."""
    arguments = _arguments(argv)
    started = time.perf_counter()
    if arguments.only:
        program, case = arguments.only
        tally = examine(arguments.seed, program, [case], arguments.evaluators)
    else:
        tally = _examined(arguments)
    report(tally, arguments, time.perf_counter() - started)
    if not tally.splits:
        return 0
    for split in tally.splits[:SHOWN]:
        what = "no opinion" if split.is_no_opinion else "disagreement"
        print(f"{what}: program {split.program}, case {split.case}, {' and '.join(split.names)}")
    show(tally.splits[0], arguments)
    return 1


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000, help="requests in all, shared out over the programs")
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--evaluators", type=_names, default=_names("compiled,written"), help=f"of {', '.join(contenders.known())}"
    )
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--only", type=_only, metavar="PROGRAM:CASE", help="one case of one program, nothing else")
    parser.add_argument("--attempts", type=int, default=ATTEMPTS, help="how often a disagreement is tried smaller")
    arguments = parser.parse_args(argv)
    for name, reason in contenders.absences(arguments.evaluators).items():
        parser.error(f"evaluator `{name}` cannot be used here: {reason}")
    if min(arguments.cases, arguments.programs, arguments.processes) < 1:
        parser.error("--cases, --programs and --processes are at least 1")
    return arguments


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    unknown = [name for name in names if name not in contenders.known()]
    if unknown or len(names) < 2:
        problem = f"`{unknown[0]}` is not known" if unknown else "one alone agrees with itself"
        raise argparse.ArgumentTypeError(f"{problem}: name at least two of {', '.join(contenders.known())}")
    return names


def _only(text: str) -> tuple[int, int]:
    program, _, case = text.partition(":")
    if not (program.isdigit() and case.isdigit()):
        raise argparse.ArgumentTypeError("write the number of a program and that of a case, such as 17:3")
    return int(program), int(case)


def _examined(arguments: argparse.Namespace) -> Tally:
    """All cases, whoever examines them: results come back in the order of the programs."""
    total = Tally()
    each, more = divmod(arguments.cases, arguments.programs)
    shares = [range(each + (number < more)) for number in range(arguments.programs)]
    look = partial(_examine, arguments.seed, arguments.evaluators)
    told = started = time.perf_counter()
    for tally in _over(look, list(enumerate(shares)), arguments.processes):
        total.add(tally)
        if time.perf_counter() - told > 5:
            told = time.perf_counter()
            print(
                f"{total.programs:,} programs, {total.cases:,} cases, {total.cases / (told - started):,.0f} a second, "
                f"{len(total.splits)} disagreements",
                file=sys.stderr,
            )
    return total


def _over(look: partial[Tally], shares: Sequence[tuple[int, range]], processes: int) -> Iterator[Tally]:
    if processes == 1:
        yield from map(look, shares)
        return
    # Started afresh: an evaluator may have threads and processes of its own, which no fork survives.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(look, shares, chunksize=4)


def _examine(seed: int, names: Sequence[str], share: tuple[int, range]) -> Tally:
    program, cases = share
    return examine(seed, program, cases, names)


def report(tally: Tally, arguments: argparse.Namespace, seconds: float) -> None:
    """What was compared, on standard output."""
    no_opinion = sum(split.is_no_opinion for split in tally.splits)
    rate = tally.cases / seconds
    print(f"seed {arguments.seed}: {', '.join(arguments.evaluators)}; {seconds:,.0f} s, {rate:,.0f} cases a second")
    print(f"{'cases':24}{tally.cases:>12,}")
    print(f"{'programs':24}{tally.programs:>12,}   drawn again, as they did not load: {len(tally.refused):,}")
    for said in tally.refused[:SHOWN]:
        print(f"  {said}")
    print(f"{'findings':24}{tally.findings:>12,}")
    for outcome, times in sorted(tally.outcomes.items()):
        print(f"{'  outcome ' + outcome:24}{times:>12,}")
    print("programs in which each operation stands")
    for operation in OPERATIONS:
        print(f"{'  ' + operation.__name__:24}{tally.operations[operation.__name__]:>12,}")
    print(f"{'without opinion':24}{no_opinion:>12,}")
    print(f"{'disagreements':24}{len(tally.splits) - no_opinion:>12,}")


def show(split: Split, arguments: argparse.Namespace) -> None:
    """The case, made small, and the command that examines just it."""
    sample = draw(arguments.seed, split.program)
    trouble = shrunk(sample.files, sample.request(split.case), split.names, attempts=arguments.attempts)
    if trouble is None:
        print("\nit did not happen again: the two answered differently only once")
        trouble = Trouble(sample.files, sample.request(split.case), split.names, split.answers)
    for path, content in trouble.files.items():
        if path in KEPT:
            print(f"\n# {path}\n{json.dumps(content)}")
        else:
            print(f"\n# {path}\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)}", end="")
    print(f"\n# the request\n{json.dumps(trouble.request, ensure_ascii=False)}")
    for name, answer in zip(trouble.names, trouble.answers, strict=True):
        print(f"\n# {name}\n{_said(answer)}")
    if not trouble.is_smallest:
        more = f"--attempts {_MORE * arguments.attempts}"
        print(f"\n# stopped after {count(arguments.attempts, 'attempt')}; `{more}` may make it smaller")
    command = f".venv/bin/python -m bench.agree --seed {arguments.seed} --only {split.program}:{split.case}"
    print(f"\n# as it was drawn\n{command} --evaluators {','.join(split.names)}")


def _said(answer: Answer) -> str:
    if answer.failure:
        return f"{'no opinion' if answer.has_no_opinion else 'failed'}: {answer.failure}"
    if answer.document is None:
        return "\n".join(answer.findings) or "no findings"
    return json.dumps(orjson.loads(answer.document), ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
