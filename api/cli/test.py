"""`ostiary test`: the rule tests that lie beside the rules, each with what it expected and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
import click
import orjson

from api.cli.exit_codes import ExitCode
from api.cli.options import count, evaluator_option, locate, mistakes, policy_options, wants_colour
from api.cli.proof_text import proof_text
from engine import PolicyError
from engine.evaluators.evaluator import NoOpinionError
from engine.testing import CaseResult, Proof, TestReport, run_tests


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option(
    "--mutants", is_flag=True, help="Change the rules one operation at a time: which changes does no test notice?"
)
@click.option(
    "--strict", is_flag=True, help="Fail (exit code 4) on everything that is reported, not on failed tests only."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@evaluator_option
@policy_options
def test(
    *,
    path: Path | None,
    mutants: bool,
    strict: bool,
    form: str,
    evaluator: str,
    rules: tuple[Path, ...],
    jurisdictions: Path,
) -> int:
    """Run the rule tests beside the rules (`*_test.yaml`).

    PATH is a directory of rules, in place of --rules, or a test file or directory in one. With --mutants such a part is
    held against the rules that lie beside it; definitions are proved by all tests together.

    With --rules given again, each directory is laid over those before it, and its tests are asked of it and of those.

    \b
    Examples:
      ostiary test
      ostiary test rules/collection_test.yaml
      ostiary test --mutants --strict
    """
    directories, only = locate(path, rules)
    try:
        report = run_tests(directories, jurisdictions, only, evaluator=evaluator, with_mutants=mutants)
    except PolicyError as error:
        click.echo(mistakes(error), err=True)
        return ExitCode.RULES_INVALID
    except NoOpinionError as error:
        raise click.ClickException(f"{error}; --evaluator names another one") from None
    if not report.cases:
        where = only or ", ".join(map(str, directories))
        raise click.ClickException(f"there is no rule test in {where}; tests are files named *_test.yaml")
    if form == "json":
        click.echo(orjson.dumps(_document(report), option=orjson.OPT_INDENT_2))
    else:
        click.echo(_text(report, is_whole=only is None), color=wants_colour())
    return ExitCode.TESTS_FAILED if report.failed or (strict and _has_gaps(report, only is None)) else ExitCode.OK


def _has_gaps(report: TestReport, is_whole: bool) -> bool:  # noqa: FBT001 - one of two
    of_rules = is_whole and (report.uncovered or report.never_quiet)
    return bool(of_rules or (report.proof is not None and (report.proof.survivors or report.proof.unused)))


def _text(report: TestReport, *, is_whole: bool) -> str:
    lines = [line for case in report.failed for line in _failure(case)]
    passed = len(report.cases) - len(report.failed)
    colour = "red" if report.failed else "green"
    lines.append(
        click.style(f"{count(len(report.cases), 'test')}: {passed} passed, {len(report.failed)} failed", fg=colour)
    )
    if is_whole:
        lines += _named(report.uncovered, "rule", "that no passing test makes fire")
        lines += _named(report.never_quiet, "rule", "that no passing test leaves quiet")
    if report.proof is not None:
        lines += proof_text(report.proof)
        lines += _named(report.proof.unused, "definition", "that no rule uses")
    return "\n".join(lines)


def _named(names: Sequence[str], noun: str, what: str) -> list[str]:
    return [f"{count(len(names), noun)} {what}:", *(f"  {name}" for name in names)] if names else []


def _failure(case: CaseResult) -> list[str]:
    return [f"{case.file}:{case.line}: {case.name}", *(f"  {difference}" for difference in case.differences), ""]


def _document(report: TestReport) -> dict[str, object]:
    document = {
        "passed": len(report.cases) - len(report.failed),
        "failed": len(report.failed),
        "cases": [{**attrs.asdict(case), "passed": case.passed} for case in report.cases],
        "uncovered": report.uncovered,
        "never_quiet": report.never_quiet,
    }
    return document | ({} if report.proof is None else {"proof": _proof(report.proof)})


def _proof(proof: Proof) -> dict[str, object]:
    return {
        "conditions": {"total": proof.conditions, "decided_both_ways": proof.covered},
        "mutants": {"total": proof.mutants, "killed": proof.killed},
        "survivors": [
            {
                **attrs.asdict(survivor.mutant.clause),
                "change": survivor.mutant.kind,
                "before": survivor.mutant.before,
                "after": survivor.mutant.after,
                "decided": survivor.is_decided,
            }
            for survivor in proof.survivors
        ],
        "unused_definitions": proof.unused,
    }
