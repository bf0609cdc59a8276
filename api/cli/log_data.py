"""The log that a command of `ostiary log` works on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from api.record import existing_vault
from api.settings import Settings, SettingsError, from_environment
from engine.audit import DecisionLog, LogUnavailable
from engine.audit.store.opening import why_no_log
from engine.audit.vault import Vault, VaultError
from engine.audit.vault.open_facts import has_open_facts

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
def existing_log(data: Path) -> Iterator[tuple[DecisionLog, Vault | None]]:
    """The log of that directory and its vault, for the body alone. A log that is not there is not made.

    The vault is None, and standard error says why, if its key is not to be had.

    Raises:
        click.ClickException: there is no log, or it cannot be read, also later on in the body.
    """
    try:
        settings = from_environment(os.environ, {"OSTIARY_DATA": str(data)})
        if (missing := why_no_log(data, settings.log_url)) is not None:
            raise click.ClickException(missing)
        with DecisionLog.open(settings.data, settings.log_url) as log:
            if has_open_facts(log):
                raise click.ClickException(
                    f"{log.store.name}: an earlier version kept facts in clear there; start the service once, which "
                    "seals them, then repeat the command"
                )
            yield log, _vault(log, settings)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except LogUnavailable as error:
        raise click.ClickException(error.reason) from None


def _vault(log: DecisionLog, settings: Settings) -> Vault | None:
    try:
        return existing_vault(log, settings)
    except VaultError as error:
        click.echo(f"the facts stay sealed: {error.reason}", err=True)
        return None
