"""`ostiary check`: the mistakes in rules and jurisdictions, with their places and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from api.cli.exit_codes import ExitCode
from api.cli.options import count, locate, policy_options
from engine import Policy, PolicyError, load
from engine.language.diagnostic import Diagnostic
from engine.language.rendering import render_json, render_sarif, render_text
from engine.policy import load_files

_RENDERINGS: Final[Mapping[str, Callable[[Sequence[Diagnostic]], str]]] = {"json": render_json, "sarif": render_sarif}


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True)
@policy_options
def check(*, path: Path | None, form: str, rules: Path, jurisdictions: Path) -> int:
    """Look for mistakes in rules and jurisdictions.

    PATH is a directory of rules, in place of --rules, or a file or directory in one: then only its mistakes are shown.
    A file that lies in no directory of rules is checked as if it were added to those of --rules.

    \b
    Examples:
      ostiary check
      ostiary check rules/collection.yaml
      ostiary check --format sarif my-rules > mistakes.sarif
    """
    try:
        policy = _load(path, rules, jurisdictions)
    except PolicyError as error:
        if form == "text":
            click.echo(f"{render_text(error.diagnostics, error.texts)}\n\n{count(len(error.diagnostics), 'mistake')}")
        else:
            click.echo(_RENDERINGS[form](error.diagnostics))
        return ExitCode.RULES_INVALID
    if form == "text":
        number = sum(len(rule_set.rules) for rule_set in policy.rule_sets)
        click.echo(f"no mistakes in {count(len(policy.rule_sets), 'rule set')} with {count(number, 'rule')}")
        click.echo(f"policy {policy.digest}")
    else:
        click.echo(_RENDERINGS[form](()))
    return ExitCode.OK


def _load(path: Path | None, rules: Path, jurisdictions: Path) -> Policy:
    """The policy to which PATH belongs. Raises PolicyError with the mistakes to show."""
    directory, only = locate(path, rules)
    if only is None:
        return load(directory, jurisdictions)
    try:
        policy = load(directory, jurisdictions)
        if only.is_dir() or only.absolute().is_relative_to(directory.absolute()):
            return policy
        key = _key(only)
        return load_files({**policy.files, key: only.read_text("utf-8")}, shown={key: str(only)})
    except PolicyError as error:
        raise _only_in(only, error) from None


def _key(path: Path) -> str:
    """Where a file that lies elsewhere would lie among the files of a policy."""
    match path.parent.name, path.name:
        case _, "places.yaml":
            return "jurisdictions/places.yaml"
        case "measures", name:
            return f"jurisdictions/measures/{name}"
        case "definitions", name:
            return f"rules/definitions/{name}"
        case _, name:
            return f"rules/{name}"


def _only_in(path: Path, error: PolicyError) -> PolicyError:
    """The mistakes in one file or directory; all of them when they lie elsewhere, since then it cannot be judged."""
    own = tuple(d for d in error.diagnostics if Path(d.span.file).absolute().is_relative_to(path.absolute()))
    return PolicyError(own or error.diagnostics, error.texts)
