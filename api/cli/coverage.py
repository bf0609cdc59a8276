"""`ostiary coverage`: every paragraph of the law with what answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from api.cli.coverage_data import coverage_json
from api.cli.coverage_markdown import coverage_markdown
from api.cli.coverage_text import coverage_table, coverage_text
from api.cli.exit_codes import ExitCode
from api.cli.options import count, mistakes, policy_options, wants_colour
from engine import PolicyError, load
from engine.language.diagnostic import suggest
from engine.law import Coverage, Exercise, Law, Row, cover
from engine.law.references import closest
from engine.testing import TestReport, run_tests

_RENDERINGS: Final[Mapping[str, Callable[[Coverage, Sequence[Row]], str]]] = {
    "text": coverage_table,
    "markdown": coverage_markdown,
    "json": coverage_json,
}


@click.command()
@click.argument("section", required=False)
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
@policy_options
def coverage(*, section: str | None, form: str, rules: tuple[Path, ...], jurisdictions: Path) -> int:
    """Show what answers each paragraph of the law.

    SECTION is a paragraph, shown in full with everything below it, or a defined term.

    \b
    Examples:
      ostiary coverage
      ostiary coverage '7.302(d)(3)'
      ostiary coverage 'beneficial owner'
    """
    try:
        policy = load(rules, jurisdictions)
        report = run_tests(rules, jurisdictions)
    except PolicyError as error:
        click.echo(mistakes(error), err=True)
        return ExitCode.RULES_INVALID
    if not policy.law.paragraphs:
        raise click.ClickException(f"{rules[0]} has no `law.yaml`, which holds the paragraphs of the law")
    if report.failed:
        click.echo(f"{count(len(report.failed), 'rule test')} failed and not counted: see `ostiary test`", err=True)
    covered = cover(policy.law, policy.program, exercises(report))
    rows = covered.rows if section is None else covered.of(section)
    if not rows:
        raise click.ClickException(_unknown(section or "", policy.law))
    if form == "text" and section is not None:
        click.echo(coverage_text(covered, rows), color=wants_colour())
    else:
        click.echo(_RENDERINGS[form](covered, rows), color=wants_colour())
    return ExitCode.OK


def _unknown(section: str, law: Law) -> str:
    _, _, asked = section.rpartition("/")
    sections = {paragraph.section for paragraph in law.paragraphs if not paragraph.term}
    terms = {paragraph.term for paragraph in law.paragraphs if paragraph.term}
    help_ = closest(asked, sections) if asked[:1].isdigit() else suggest(asked, terms, "there are")
    return f"there is no paragraph or term `{section}`" + (f"; {help_}" if help_ else "")


def exercises(report: TestReport) -> dict[str, tuple[Exercise, ...]]:
    """The passing tests in which each rule fires, by its id."""
    found: dict[str, list[Exercise]] = {}
    for case in report.cases:
        if case.passed:
            for rule in dict.fromkeys(case.fired):
                found.setdefault(rule, []).append(Exercise(case.name, case.file, case.line))
    return {rule: tuple(tests) for rule, tests in found.items()}
