"""`ostiary test`: the rule tests that lie beside the rules, each with what it expected and what was decided."""

from __future__ import annotations

from pathlib import Path

import attrs
import click
import orjson

from api.cli.exit_codes import ExitCode
from api.cli.options import count, locate, mistakes, policy_options, wants_colour
from engine import PolicyError
from engine.testing import CaseResult, TestReport, run_tests


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@policy_options
def test(*, path: Path | None, form: str, rules: tuple[Path, ...], jurisdictions: Path) -> int:
    """Run the rule tests beside the rules (`*_test.yaml`).

    PATH is a directory of rules, in place of --rules, or a test file or directory in one.

    With --rules given again, each directory is laid over those before it, and its tests are asked of it and of those.

    \b
    Examples:
      ostiary test
      ostiary test rules/collection_test.yaml
    """
    directories, only = locate(path, rules)
    try:
        report = run_tests(directories, jurisdictions, only)
    except PolicyError as error:
        click.echo(mistakes(error), err=True)
        return ExitCode.RULES_INVALID
    if not report.cases:
        where = only or ", ".join(map(str, directories))
        raise click.ClickException(f"there is no rule test in {where}; tests are files named *_test.yaml")
    if form == "json":
        click.echo(orjson.dumps(_document(report), option=orjson.OPT_INDENT_2))
    else:
        click.echo(_text(report, is_whole=only is None), color=wants_colour())
    return ExitCode.TESTS_FAILED if report.failed else ExitCode.OK


def _text(report: TestReport, *, is_whole: bool) -> str:
    lines = [line for case in report.failed for line in _failure(case)]
    passed = len(report.cases) - len(report.failed)
    colour = "red" if report.failed else "green"
    lines.append(
        click.style(f"{count(len(report.cases), 'test')}: {passed} passed, {len(report.failed)} failed", fg=colour)
    )
    if is_whole and report.uncovered:
        lines.append(f"{count(len(report.uncovered), 'rule')} that no passing test makes fire:")
        lines += [f"  {rule}" for rule in report.uncovered]
    return "\n".join(lines)


def _failure(case: CaseResult) -> list[str]:
    return [f"{case.file}:{case.line}: {case.name}", *(f"  {difference}" for difference in case.differences), ""]


def _document(report: TestReport) -> dict[str, object]:
    return {
        "passed": len(report.cases) - len(report.failed),
        "failed": len(report.failed),
        "cases": [{**attrs.asdict(case), "passed": case.passed} for case in report.cases],
        "uncovered": report.uncovered,
    }
