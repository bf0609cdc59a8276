"""`ostiary retention rotate-kek`: the customers' keys are locked with another key."""

from __future__ import annotations

from pathlib import Path

import click

from api.cli.administration import administration, record_option, settings_of, shown
from api.cli.options import count
from api.record import kek_path
from engine.audit.vault.change_of_kek import rotate_kek


@click.command()
@click.option(
    "--to",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File with the new key, base64 of 32 bytes; default a new random key in place of the one in use.",
)
@record_option
def retention_rotate_kek(*, to: Path | None, data: str | None) -> None:
    """Lock the customers' keys with a new key.

    The facts stay as they are: their keys are the same, only the key that locks those is another. Copies of locked keys
    that lie in old backups or on worn disks become worthless once the old key is destroyed. Services have to be started
    anew afterwards.

    \b
    Example:
      ostiary retention rotate-kek
    """
    settings = settings_of(data)
    with administration(settings) as opened:
        record = opened.record
        done = rotate_kek(opened.log, kek_path(settings), settings.kek, record.kek, opened.recorder.entry, to=to)
    click.echo(f"{count(done.count, 'customer key')} locked with {done.new}, no longer with {done.old}.")
    until = "with the old key they answer 503"
    if done.kept is None:
        click.echo(f"Give services the key in {to}, in OSTIARY_KEK_FILE or OSTIARY_KEK, and start them anew: {until}.")
    else:
        click.echo(f"Start services anew: {until}.")
        click.echo(f"The old key is in {shown(done.kept)}: destroy it once no backup needs it.")
