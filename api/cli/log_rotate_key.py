"""`ostiary log rotate-key`: the log is signed with a new key."""

from __future__ import annotations

import click

from api.cli.administration import administration, record_option, settings_of, shown
from engine.audit.layout import PUBLIC_KEYS


@click.command()
@record_option
def log_rotate_key(*, data: str | None) -> None:
    """Replace the key that signs the log.

    The next checkpoint is signed by both keys, so that whoever trusts the old one can trust the new one, and the log
    says which key follows which. Checkpoints of old keys stay valid. A running service goes on with the new key by
    itself.

    \b
    Example:
      ostiary log rotate-key
    """
    settings = settings_of(data)
    with administration(settings) as opened:
        old, new = opened.record.signatory.rotate()
        key = opened.record.signatory.key
    click.echo(f"The log is signed with {new.text}\nno longer with         {old.text}")
    click.echo(f"Give verifiers the new public key; all of them are in {shown(settings.data / PUBLIC_KEYS)}.")
    click.echo(f"The old key is in {shown(key)}.{old.id.hex()}: destroy it, nothing needs it any more.")
