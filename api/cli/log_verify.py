"""`ostiary log verify`: the verifier, also for a log in PostgreSQL."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from api.cli.exit_codes import ExitCode
from api.publishing import published_file
from api.settings import SettingsError, from_environment
from engine.audit import LogUnavailable, verify
from engine.audit.layout import ANCHOR, PUBLIC_KEYS
from engine.audit.store.opening import open_source
from engine.audit.whole import verify_opened


@click.command("verify")
@click.argument("log", required=False, metavar="[LOG]")
@click.option("--key", "keys", multiple=True, metavar="KEY|FILE", help="Public key, or a file of them; repeatable.")
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Signed checkpoint that was kept elsewhere; repeatable.",
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def log_verify(log: str | None, keys: tuple[str, ...], checkpoints: tuple[Path, ...], format_: str) -> int:
    """Verify a log: is every entry what was recorded, and are all there?

    LOG is a data directory, a `log.db`, the directory of an export, the zip of one decision's evidence, or a
    postgresql:// URL; without it, the log of this machine's settings, held against the file that OSTIARY_CHECKPOINT
    names, if it does. Without --key the keys beside that log are
    trusted, which proves nothing against whoever runs it: give a key and a checkpoint that were kept elsewhere.

    Exit code 0: integrity and completeness are ok; 2: integrity failed; 3: completeness failed; 4: nothing failed, but
    one of the two was not checked.

    \b
    Example:
      ostiary log verify var --key log.pub --checkpoint /mnt/elsewhere/checkpoint
    """
    try:
        settings = from_environment(os.environ)
        place = log or settings.log_url or str(settings.data)
        beside = Path(place) if Path(place).is_dir() else settings.data
        if not keys and not (beside / PUBLIC_KEYS).exists():
            raise click.ClickException(
                f"no public keys are beside the log ({beside / PUBLIC_KEYS}); give those of its operator with --key"
            )
        trusted = verify.read_keys(keys or [str(beside / PUBLIC_KEYS)])
        published = published_file(settings.checkpoint) if log is None else None
        elsewhere = checkpoints if published is None or not published.exists() else (*checkpoints, published)
        anchors = [verify.read_anchor(path) for path in elsewhere]
        now = datetime.now(UTC)
        if place.startswith(("postgresql://", "postgres://")):
            if (settings.data / ANCHOR).exists():
                anchors.append(verify.read_anchor(settings.data / ANCHOR, is_beside=True))
            report = verify_opened("the log", lambda: open_source(place), trusted, anchors, now)
        else:
            report = verify.verify(Path(place), trusted, anchors, now)
    except (SettingsError, verify.Unreadable, LogUnavailable) as error:
        raise click.ClickException(str(error)) from None
    verify.say(report.to_json() if format_ == "json" else report.to_text())
    if not keys:
        click.echo("\nThe keys beside the log were trusted. Whoever runs it can make others: give --key.", err=True)
    sys.stdout.flush()
    return report.exit_code or ExitCode.OK
