"""What several commands take and do alike: the directories of a policy, loading it, and colour."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from api.settings import DECIDES, default_jurisdictions, default_rules
from engine import Policy, PolicyError, load
from engine.evaluators.registry import EVALUATORS, obstacle_to
from engine.language.rendering import harmless, render_text

if TYPE_CHECKING:
    from engine.population.reading import ColumnsError

_Command = TypeVar("_Command", bound=Callable[..., Any])
_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


class Day(click.ParamType[date]):
    """A day, as in 2026-11-22."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ANN401
        """Read it."""
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"`{value}` is not a day of the form 2026-11-22", param, ctx)


class Whole(click.IntRange):
    """A whole number in a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Read it."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            # click repeats the number, however long, and calls one that is none "no valid integer range".
            bounds = f"of at least {self.min}" if self.max is None else f"from {self.min} to {self.max}"
            self.fail(f"give a whole number {bounds}", param, ctx)


def policy_options(command: _Command) -> _Command:
    """The options `--rules`, which gives a tuple of directories, and `--jurisdictions`."""
    rules = click.option(
        "--rules",
        type=_DIRECTORY,
        multiple=True,
        default=lambda: (default_rules(),),
        envvar="OSTIARY_RULES",
        show_envvar=True,
        show_default="those that come with Ostiary",
        help="Directory of rule files; given again, one that is laid over those before it.",
    )
    return rules(jurisdictions_option(command))


def jurisdictions_option(command: _Command) -> _Command:
    """The option `--jurisdictions`."""
    return click.option(
        "--jurisdictions",
        type=_DIRECTORY,
        default=default_jurisdictions,
        envvar="OSTIARY_JURISDICTIONS",
        show_envvar=True,
        show_default="the one that comes with Ostiary",
        help="Directory of places and special measures.",
    )(command)


def evaluator_option(command: _Command) -> _Command:
    """The option `--evaluator`: the name of one that can be used here."""
    return click.option(
        "--evaluator",
        metavar="NAME",
        default=DECIDES,
        envvar="OSTIARY_EVALUATOR",
        show_envvar=True,
        show_default=True,
        callback=_usable,
        help=f"What decides: {', '.join(EVALUATORS)}.",
    )(command)


def _usable(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    obstacle = obstacle_to(name.lower())
    if obstacle is not None:
        raise click.BadParameter(obstacle)
    return name.lower()


def locate(path: Path | None, rules: Sequence[Path]) -> tuple[Sequence[Path], Path | None]:
    """The directories of rules a PATH stands for or lies in, and the part of them that is meant (None: all of it).

    A PATH in one of `rules` is judged with all of them. Any other directory of rules is known by its `sources.yaml`. A
    directory that lies in none is taken for one; a file that lies in none is meant to go with `rules`.
    """
    if path is None:
        return rules, None
    here = path.absolute()
    layers = [directory.absolute() for directory in rules]
    places = (here, *here.parents)
    home = next((place for place in places if place in layers or (place / "sources.yaml").is_file()), None)
    if home in layers:
        return rules, None if [here] == layers else path
    if home is not None:
        return ([path], None) if home == here else ([home], path)
    return ([path], None) if path.is_dir() else (rules, path)


def load_or_show(rules: Sequence[Path], jurisdictions: Path) -> Policy | None:
    """The policy of these directories; None, with its mistakes on standard error, when it has any."""
    try:
        return load(rules, jurisdictions)
    except PolicyError as error:
        click.echo(mistakes(error), err=True)
        return None


def mistakes(error: PolicyError | ColumnsError) -> str:
    """The mistakes of a policy, or of columns, as text, with the lines they stand on and their number."""
    return f"{render_text(error.diagnostics, error.texts)}\n\n{count(len(error.diagnostics), 'mistake')}"


def say(text: str, *, err: bool = False) -> None:
    """Print what others had a part in writing, such as titles and names of files, as a terminal may show it."""
    click.echo(harmless(text), err=err)


def refuse_other_than_utf8(*paths: Path | None) -> None:
    """Raise a ClickException where a path cannot stand in a result, which is JSON, or be opened by DuckDB."""
    for path in paths:
        # Python has halves of characters for bytes of a name that are no text.
        if path is not None and any("\ud800" <= char <= "\udfff" for char in str(path.absolute())):
            raise click.ClickException(f"{path}: the name, or that of a folder above, is not UTF-8; rename it")


def place(file: str, line: int) -> str:
    """A line of a file, as one would type it from the working directory."""
    path, here = Path(file), Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{line}"


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 mistake`, `2 mistakes`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def wants_colour() -> bool:
    """Whether standard output is a terminal whose owner has not asked for plain text (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
