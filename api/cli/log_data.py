"""The log that a command of `ostiary log` works on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from engine.audit import DecisionLog, LogUnavailable
from engine.audit.store.sqlite.opening import DATABASE

_Command = TypeVar("_Command", bound=Callable[..., Any])


def data_option(command: _Command) -> _Command:
    """The option `--data`, the directory in which the log is."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path),
        default=Path("var"),
        envvar="OSTIARY_DATA",
        show_envvar=True,
        show_default=True,
        metavar="DIRECTORY",
        help="Directory of all state.",
    )(command)


@contextlib.contextmanager
def existing_log(data: Path) -> Iterator[DecisionLog]:
    """The log in that directory, for the body alone. A log that is not there is not made.

    Raises:
        click.ClickException: there is none, or it cannot be read, also later on in the body.
    """
    if not (data / DATABASE).is_file():
        raise click.ClickException(f"there is no log in `{data}`; name the directory of a service with --data")
    try:
        with DecisionLog.open(data) as log:
            yield log
    except LogUnavailable as error:
        raise click.ClickException(error.reason) from None
