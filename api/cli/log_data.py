"""The log for commands that only read it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click

from api.cli.administration import settings_of
from api.record import existing_vault
from api.settings import Settings
from engine.audit import DecisionLog, LogUnavailable
from engine.audit.store.opening import why_no_log
from engine.audit.vault import Vault, VaultError
from engine.audit.vault.open_facts import has_open_facts


@contextlib.contextmanager
def existing_log(data: str | None) -> Iterator[tuple[DecisionLog, Vault | None]]:
    """The log that the environment and the option `--data` name, and its vault, for the body alone.

    A log that is not there is not made. The vault is None, and standard error says why, if its key is not to be had.

    Raises:
        click.ClickException: there is no log, or it cannot be read, also later on in the body.
    """
    settings = settings_of(data)
    try:
        if (missing := why_no_log(settings.data, settings.log_url)) is not None:
            raise click.ClickException(missing)
        with DecisionLog.open(settings.data, settings.log_url) as log:
            if has_open_facts(log):
                raise click.ClickException(
                    f"{log.store.name}: an earlier version kept facts in clear there; start the service once, which "
                    "seals them, then repeat the command"
                )
            yield log, _vault(log, settings)
    except LogUnavailable as error:
        raise click.ClickException(error.reason) from None


def _vault(log: DecisionLog, settings: Settings) -> Vault | None:
    try:
        return existing_vault(log, settings)
    except VaultError as error:
        click.echo(f"the facts stay sealed: {error.reason}", err=True)
        return None
