"""`ostiary log replay`: logged requests decided again, by the program that decided them or by another."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import click
import orjson

from api.cli.administration import record_option
from api.cli.exit_codes import ExitCode
from api.cli.log_data import existing_log
from api.cli.options import Whole, jurisdictions_option, mistakes, wants_colour
from api.cli.replay_report import replay_document, replay_text
from api.replayable import Destructions, policy_of, recorded
from engine import Policy, PolicyError, load
from engine.audit import DecisionLog
from engine.audit.entry import StoredEntry
from engine.audit.vault import Vault
from engine.replay import (
    NotReplayableError,
    Recorded,
    Tally,
    compare,
    replay,
    semantics_of,
)

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@attrs.frozen
class Since:
    """Where to begin: with an entry's `index`, or with the first record made on or after a day (UTC, ISO text)."""

    index: int = 0
    day: str = ""


class _SinceType(click.ParamType[Since]):
    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Since:  # noqa: ANN401
        if isinstance(value, Since):
            return value
        if re.fullmatch(r"[0-9]{1,18}", value):
            return Since(index=int(value))
        try:
            return Since(day=date.fromisoformat(value).isoformat())
        except ValueError:
            self.fail(f"`{value}` is neither a day of the form 2026-11-22 nor the index of an entry", param, ctx)


@click.command()
@click.option(
    "--since",
    type=_SinceType(),
    default=Since(),
    metavar="DATE|INDEX",
    help="Begin with what was logged on this day (UTC), or with this entry; default the first.",
)
@click.option(
    "--policy",
    "programs",
    multiple=True,
    metavar="DIGEST|PATH",
    help="Ask another program: one stored in the log, or a directory of rules; given again, one laid over those.",
)
@click.option(
    "--show",
    type=Whole(0),
    default=3,
    show_default=True,
    metavar="NUMBER",
    help="Decisions to name of a kind.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@record_option
@jurisdictions_option
def log_replay(
    *, since: Since, programs: tuple[str, ...], show: int, form: str, data: str | None, jurisdictions: Path
) -> int:
    """Decide logged requests again.

    Without --policy each is decided by the program that decided it, and the record must come out in the very same
    bytes: exit code 2 when one does not. With --policy another program is asked, and what it would decide otherwise is
    shown; a difference is no failure then. Nothing is recorded.

    A decision whose facts or program are not there is counted as not replayable.

    \b
    Examples:
      ostiary log replay
      ostiary log replay --since 2026-11-01
      ostiary log replay --policy rules --policy my-overlay
      ostiary log replay --policy sha256:… --format json
    """
    with existing_log(data) as (log, vault):
        policy = None
        if programs:
            try:
                policy = _program(log, programs, jurisdictions)
            except PolicyError as error:
                click.echo(mistakes(error), err=True)
                return ExitCode.RULES_INVALID
        tally = Tally(show)
        records = _records(log, vault, since)
        tally.add_all(
            replay(records, lambda digest: policy_of(log, digest)) if policy is None else compare(records, policy)
        )
        semantics = {digest: _semantics(log, digest) for digest in tally.programs}
    if form == "json":
        click.echo(orjson.dumps(replay_document(tally, policy, semantics), option=orjson.OPT_INDENT_2))
    else:
        click.echo(replay_text(tally, policy, semantics), color=wants_colour())
    return ExitCode.DIFFERS if policy is None and tally.differ else ExitCode.OK


def _program(log: DecisionLog, programs: tuple[str, ...], jurisdictions: Path) -> Policy:
    """The other program: the one stored under a digest, or that of the directories."""
    digests = [name for name in programs if name.startswith("sha256:")]
    if not digests:
        return load([_directory(name) for name in programs], jurisdictions)
    if len(programs) > 1:
        raise click.UsageError("a program stored in the log is whole; give its digest alone, or directories only")
    if not _DIGEST.fullmatch(digests[0]):
        raise click.UsageError(f"`{digests[0]}` is not a digest; give all of it, `sha256:` and 64 hexadecimal digits")
    try:
        return policy_of(log, digests[0])
    except NotReplayableError as error:
        raise click.ClickException(error.detail) from None


def _directory(name: str) -> Path:
    path = Path(name)
    if not path.is_dir():
        raise click.UsageError(
            f"`{name}` is neither a directory of rules nor the digest of a program; a digest begins with `sha256:`"
        )
    return path


def _semantics(log: DecisionLog, digest: str) -> str | None:
    """The version of the language in which a program is stored; None when that cannot be said."""
    record = log.policy(digest)
    try:
        return None if record is None else semantics_of(record.document)
    except NotReplayableError:
        return None


def _records(log: DecisionLog, vault: Vault | None, since: Since) -> Iterator[Recorded]:
    """The decisions to replay, one at a time."""
    destroyed = Destructions(log)
    for entry in _watched(log, since.index):
        if entry.kind == "decision" and (not since.day or _day(entry) >= since.day):
            yield recorded(log, vault, entry, destroyed)


def _day(entry: StoredEntry) -> str:
    """The day on which an entry was made; of one that does not say, a day later than any, so that it is looked at."""
    try:
        time = orjson.loads(entry.body)["time"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        time = None
    return time[:10] if isinstance(time, str) else "9999-12-31"


def _watched(log: DecisionLog, start: int) -> Iterator[StoredEntry]:
    """The entries, with a bar that shows how far they are read where a person can see it."""
    length = max(log.size() - start, 0)
    entries: Iterable[StoredEntry] = log.entries(start, start + length)
    hidden = not sys.stderr.isatty()
    with click.progressbar(entries, length=length, label="replaying", file=sys.stderr, hidden=hidden) as bar:
        yield from bar
