"""`ostiary check`: the mistakes in rules and jurisdictions, with their places and what to do."""

from __future__ import annotations

import re
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
from engine.policy.files import read_text

_NAME: Final = re.compile(r"^name: *([^\s#]+)", re.MULTILINE)
_RENDERINGS: Final[Mapping[str, Callable[[Sequence[Diagnostic]], str]]] = {"json": render_json, "sarif": render_sarif}


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True)
@policy_options
def check(*, path: Path | None, form: str, rules: tuple[Path, ...], jurisdictions: Path) -> int:
    """Look for mistakes in rules and jurisdictions.

    PATH is a directory of rules, in place of --rules, or a file or directory in one: then only its mistakes are shown.
    A file that lies in no directory of rules is checked as if it were added to those of --rules, in place of the rule
    set of the same name if there is one.

    With --rules given again, each directory is laid over those before it, and a PATH in one of them is judged with all.

    \b
    Examples:
      ostiary check
      ostiary check rules/collection.yaml
      ostiary check --rules rules --rules my-overlay
      ostiary check --format sarif my-rules > mistakes.sarif
    """
    directories, only = locate(path, rules)
    policy, found, texts = _diagnose(directories, only, jurisdictions)
    if form == "text":
        click.echo(_text(policy, found, texts))
    else:
        click.echo(_RENDERINGS[form](found))
    return ExitCode.OK if policy else ExitCode.RULES_INVALID


_Diagnosis = tuple[Policy | None, Sequence[Diagnostic], Mapping[str, str]]


def _diagnose(directories: Sequence[Path], only: Path | None, jurisdictions: Path) -> _Diagnosis:
    """The policy, if there is one; what is wrong with the part of it that is meant; and the texts this refers to."""
    try:
        policy = load(directories, jurisdictions)
        if only is not None and not any(only.absolute().is_relative_to(place.absolute()) for place in directories):
            policy = _with(policy, only)
    except PolicyError as error:
        # What lies elsewhere is shown only when nothing else is: the part that is meant cannot be judged then.
        return None, _within(only, error.diagnostics) or error.diagnostics, error.texts
    warnings = _within(only, policy.warnings)
    return policy, warnings, {d.span.file: Path(d.span.file).read_text("utf-8") for d in warnings}


def _with(policy: Policy, path: Path) -> Policy:
    """The policy with one file more, in place of the file whose rule set has the same name, if there is one."""
    unreadable: list[Diagnostic] = []
    text = read_text(path, unreadable)
    if text is None:
        raise PolicyError(tuple(unreadable), {})
    name = _NAME.search(text)
    replaced = {r.file for r in policy.rule_sets if name is not None and r.name == name[1]}
    files = {file: content for file, content in policy.files.items() if file not in replaced}
    return load_files({**files, _key(path): text}, shown={_key(path): str(path)})


def _within(only: Path | None, diagnostics: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    if only is None:
        return diagnostics
    return [d for d in diagnostics if Path(d.span.file).absolute().is_relative_to(only.absolute())]


def _text(policy: Policy | None, found: Sequence[Diagnostic], texts: Mapping[str, str]) -> str:
    blocks = [render_text(found, texts)] if found else []
    if policy is None:
        blocks.append(count(len(found), "mistake"))
    else:
        number = sum(len(rule_set.rules) for rule_set in policy.rule_sets)
        content = f"{count(len(policy.rule_sets), 'rule set')} with {count(number, 'rule')}"
        blocks.append(
            f"{count(len(found), 'warning') if found else 'no mistakes'} in {content}\npolicy {policy.digest}"
        )
    return "\n\n".join(blocks)


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
