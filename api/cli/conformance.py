"""`ostiary conformance`: the published suites of CEL and CEL Policy, run over this implementation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from api.cli.exit_codes import ExitCode
from api.cli.options import count
from engine.conformance.results import Case, Counts, FileResult, by_suite, count_cases
from engine.conformance.suites import SuiteError, run_suites

_COLUMNS = 120
"""Of the table; what is listed below a row may be longer."""


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
    help="A table for people, or every case for programs.",
)
@click.option("--verbose", is_flag=True, help="List each case that is left out, with the reason.")
def conformance(*, directory: Path, form: str, verbose: bool) -> int:
    """Run the published suites of CEL and CEL Policy and count what passes.

    DIR is a checkout of cel-expr/cel-spec or of cel-expr/cel-policy, the folder with its test data, or a directory
    with both checkouts. What our language does without is left out under a name, and what fails is always listed.

    \b
    Examples:
      git clone https://github.com/cel-expr/cel-policy && ostiary conformance cel-policy
      ostiary conformance --verbose cel-spec/tests/simple/testdata
      ostiary conformance --format json suites > conformance.json
    """
    try:
        results = list(run_suites(directory))
    except SuiteError as error:
        raise click.ClickException(str(error)) from None
    click.echo(_json(results) if form == "json" else _text(results, verbose=verbose))
    failed = sum(count_cases(result.cases).failed for result in results)
    return ExitCode.TESTS_FAILED if failed else ExitCode.OK


def _text(results: Sequence[FileResult], *, verbose: bool) -> str:
    totals = list(by_suite(results))
    blocks = []
    for suite in dict.fromkeys(result.suite for result in results):
        of_suite = [result for result in results if result.suite == suite]
        # A file without a case is listed once, and a suite without any under its own name.
        empty = [result for result in of_suite if not result.cases]
        for by in [by for of, by, _ in totals if of == suite] or [""]:
            run = [attrs.evolve(one, cases=tuple(case for case in one.cases if case.by == by)) for one in of_suite]
            blocks.append(
                _table(
                    f"{suite}, {by}" if by else suite,
                    [one for one in run if one.cases or one in empty],
                    verbose=verbose,
                )
            )
            empty = []
    blocks += [_total(suite, by, counts) for suite, by, counts in totals]
    return "\n\n".join(blocks)


def _table(heading: str, results: Sequence[FileResult], *, verbose: bool) -> str:
    width = max(len(name) for name in (heading, *(result.file for result in results)))
    lines = [f"{heading:{width}}  {'pass':>5}  {'skip':>5}  {'fail':>5}"]
    for result in results:
        counts = count_cases(result.cases)
        line = f"{result.file:{width}}  {counts.passed:>5}  {counts.skipped:>5}  {counts.failed:>5}  "
        lines.append(f"{line}{_reasons(counts, _COLUMNS - len(line), verbose=verbose)}".rstrip())
        shown = [case for case in result.cases if case.verdict == "fail" or (verbose and case.verdict == "skip")]
        lines += [f"    {case.verdict} {case.name}: {case.reason}" for case in shown]
    return "\n".join(lines)


def _reasons(counts: Counts, room: int, *, verbose: bool) -> str:
    """The reasons with how often each was one, as many as there is room for."""
    named = [f"{reason} {number}" for reason, number in counts.reasons]
    for kept in range(len(named), -1, -1):
        left = len(named) - kept
        rest = f"and {left:,} more" if kept else count(left, "reason")
        more = [f"{rest}{'' if verbose else '; --verbose'}"] if left else []
        text = ", ".join([*named[:kept], *more])
        if len(text) <= room:
            return text
    return ""


def _total(suite: str, by: str, counts: Counts) -> str:
    head = f"{suite}, {by}: {counts.passed:,} pass, {counts.skipped:,} skip, {counts.failed:,} fail"
    return "\n".join([head, *(f"  {number:>5}  {reason}" for reason, number in counts.reasons)])


def _json(results: Sequence[FileResult]) -> str:
    content = {
        "totals": [{"suite": suite, "by": by, **_figures(counts)} for suite, by, counts in by_suite(results)],
        "files": [
            {
                "suite": result.suite,
                "file": result.file,
                **_figures(count_cases(result.cases)),
                "cases": [_case(case) for case in result.cases],
            }
            for result in results
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _figures(counts: Counts) -> dict[str, Any]:
    return {"pass": counts.passed, "skip": counts.skipped, "fail": counts.failed, "reasons": dict(counts.reasons)}


def _case(case: Case) -> dict[str, str]:
    return {
        "name": case.name,
        "by": case.by,
        "verdict": case.verdict,
        **({"reason": case.reason} if case.reason else {}),
    }
