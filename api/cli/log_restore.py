"""`ostiary log restore`: a backup in the place of a log."""

from __future__ import annotations

from pathlib import Path

import click

from api.cli.administration import administration, in_words, record_option, settings_of, shown
from api.publishing import published_file
from api.record import kek_path, signing_key_path
from api.recorder import now
from api.settings import Settings
from engine.audit import LogUnavailable
from engine.audit.layout import ANCHOR, PUBLIC_KEYS
from engine.audit.note import Verifier, encode_base64
from engine.audit.public_keys import read_public_keys
from engine.audit.restore import Known, check_place, restore
from engine.audit.signing_key import read_signer
from engine.audit.vault import given_key


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Checkpoint that was published and that the backup has to reach; may be given again.",
)
@click.option(
    "--replace", is_flag=True, help="Put the backup in the place of a log that is there, which is moved aside."
)
@record_option
def log_restore(*, directory: Path, checkpoints: tuple[Path, ...], replace: bool, data: str | None) -> None:
    """Put the backup in DIRECTORY in place of the log. No service may run on it.

    The backup is verified once more. It is refused if entries are missing that are known to have been signed: by a
    checkpoint that is given, the one that OSTIARY_CHECKPOINT publishes to, or the one in the data directory. The key
    that signs the log and the one that locks the customers' keys have to be in place; backups have neither.

    Customers whom the log says were destroyed are destroyed again if the backup brings back their keys.

    \b
    Example:
      ostiary log restore /backups/2026-11-25 --checkpoint /published/checkpoint
    """
    settings = settings_of(data)
    if settings.log_url is not None:
        raise click.ClickException(
            "the log is in PostgreSQL (OSTIARY_LOG); restore it with pg_restore or from a base backup, then start a "
            "service: it refuses a log that falls short of the last checkpoint"
        )
    source = directory.absolute()
    try:
        check_place(settings.data, source, replace=replace)
        done = restore(settings.data, source, _known(settings, checkpoints), replace=replace, now=now())
    except LogUnavailable as error:
        raise click.ClickException(error.reason) from None
    with administration(settings) as opened:
        root = encode_base64(done.checkpoint.root)
        fields = {"directory": in_words(source), "size": done.checkpoint.size, "root": root}
        opened.log.append(opened.recorder.entry("restored", fields))
    click.echo(f"{done.checkpoint.size:,} entries of {done.checkpoint.origin} are restored to {shown(settings.data)}.")
    if done.replaced is not None:
        click.echo(
            f"What was there is in {shown(done.replaced)}. It holds customers' keys, which no destruction reaches "
            "there: remove it as soon as it is no longer needed."
        )


def _known(settings: Settings, given: tuple[Path, ...]) -> Known:
    """What this place knows of its log. Raises LogUnavailable if a key is not there."""
    here = (published_file(settings.checkpoint), settings.data / ANCHOR)
    return Known(
        keys=_trusted_keys(settings),
        checkpoints=[*given, *(path for path in here if path is not None and path.is_file())],
        kek=given_key(kek_path(settings), settings.kek),
    )


def _trusted_keys(settings: Settings) -> list[Verifier]:
    path = signing_key_path(settings)
    try:
        signing = read_signer(path).verifier
    except FileNotFoundError:
        raise LogUnavailable(
            f"{path}: the signing key is not there, and no backup has it; put it back from where you keep a copy"
        ) from None
    return list(dict.fromkeys([signing, *read_public_keys(settings.data / PUBLIC_KEYS)]))
