"""`ostiary retention destroy`: the keys of customers whose records are due."""

from __future__ import annotations

import sys

import attrs
import click

from api.cli.administration import KEPT_BY, Administration, administration, record_option, settings_of
from api.cli.exit_codes import ExitCode
from api.cli.options import Whole, count
from api.cli.subjects import check_subject, subject_of
from engine.audit.destroying import Destroyed, Kept
from engine.audit.vault import UnknownSubject
from engine.audit.vault.destruction import count_sealed, due, standing


@attrs.frozen
class _Plan:
    """Who is to be destroyed, with the number of boxes of each, and who is asked for but must be kept."""

    wanted: dict[str, int]
    refused: tuple[Kept, ...]


@click.command()
@click.argument("subjects", nargs=-1, metavar="[SUBJECT]...")
@click.option(
    "--customer",
    "customers",
    multiple=True,
    metavar="ID",
    help="A customer's `customer.id`, in place of a pseudonym; repeatable.",
)
@click.option("--due", "everyone", is_flag=True, help="Everyone who is due today.")
@click.option("--dry-run", is_flag=True, help="Say what would be destroyed, and destroy nothing.")
@click.option("--limit", type=Whole(1), metavar="NUMBER", help="With --due, at most so many customers.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@record_option
def retention_destroy(
    *,
    subjects: tuple[str, ...],
    customers: tuple[str, ...],
    everyone: bool,
    dry_run: bool,
    limit: int | None,
    yes: bool,
    data: str | None,
) -> int:
    """Destroy the keys of customers whose records are due.

    With its key goes everything that was sealed under it: nobody can tell any more whom the decisions were about.
    The decisions themselves stay, and the log can be verified as before. A customer that is held or not due is refused,
    with the reason, and then nobody is destroyed: exit code 2.

    Cut short, the destruction is finished by the next command or the next start of a service. What a backup of the keys
    holds is not reached; let such backups expire.

    \b
    Examples:
      ostiary retention destroy --due --dry-run
      ostiary retention destroy --due --limit 100 --yes
      ostiary retention destroy --customer cus_81
    """
    if bool(subjects or customers) == everyone:
        raise click.UsageError(
            "name customers, by their pseudonyms or with --customer, or give --due for all who are due, but not both"
        )
    if limit is not None and not everyone:
        raise click.UsageError("--limit goes with --due")
    with administration(settings_of(data)) as opened:
        plan = _plan_of_due(opened, limit) if everyone else _plan_of(opened, subjects, customers)
        if plan.refused:
            for kept in plan.refused:
                click.echo(f"{kept.reason} ({KEPT_BY})", err=True)
            click.echo(f"{count(len(plan.refused), 'customer')} may not be destroyed; nobody was.", err=True)
            return ExitCode.NOT_ALLOWED
        if dry_run or not plan.wanted:
            _say_plan(plan)
            return ExitCode.OK
        _ask(plan, yes=yes)
        outcome = opened.destroyer().destroy(plan.wanted)
    return _say(outcome)


def _plan_of_due(opened: Administration, limit: int | None) -> _Plan:
    with opened.log.store.reading_keys() as keys:
        found = [one.subject for one in due(keys, opened.readings(), opened.today)]
    return _Plan(_counted(opened, found[:limit]), ())


def _plan_of(opened: Administration, subjects: tuple[str, ...], customers: tuple[str, ...]) -> _Plan:
    readings, refused = opened.readings(), []
    named = [check_subject(subject) for subject in subjects]
    named += [subject_of(opened.record.vault, None, customer) for customer in customers]
    wanted = list(dict.fromkeys(named))
    with opened.log.store.reading_keys() as keys:
        for subject in wanted:
            found = standing(keys, subject, readings)
            if found is None:
                refused.append(Kept(subject, str(UnknownSubject(subject))))
            elif (obstacle := found.obstacle(opened.today)) is not None:
                refused.append(Kept(subject, f"`{subject}`: {obstacle}"))
    return _Plan(_counted(opened, wanted), tuple(refused))


def _counted(opened: Administration, subjects: list[str]) -> dict[str, int]:
    with opened.log.store.reading() as session:
        return {subject: count_sealed(session, subject) for subject in subjects}


def _said(plan: _Plan) -> str:
    return f"{count(len(plan.wanted), 'customer')}, and the facts of {count(sum(plan.wanted.values()), 'decision')}"


def _say_plan(plan: _Plan) -> None:
    for subject, number in plan.wanted.items():
        click.echo(f"{subject}  {count(number, 'decision')}")
    click.echo(f"To be destroyed: {_said(plan)}." if plan.wanted else "Nobody is due.")


def _ask(plan: _Plan, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to be asked; give --yes to destroy, or --dry-run to see what would be")
    click.confirm(f"Destroy the keys of {_said(plan)}, for good?", abort=True, err=True)


def _say(outcome: list[Destroyed | Kept]) -> int:
    done = [one for one in outcome if isinstance(one, Destroyed)]
    kept = [one for one in outcome if isinstance(one, Kept)]
    for one in done:
        click.echo(f"{one.subject}  destroyed, with the facts of {count(one.count, 'decision')}")
    for other in kept:
        click.echo(f"{other.reason} ({KEPT_BY})", err=True)
    click.echo(f"Destroyed: {count(len(done), 'customer')}.")
    if kept:
        click.echo(f"{count(len(kept), 'customer')} kept: something changed in between.", err=True)
    return ExitCode.NOT_ALLOWED if kept else ExitCode.OK
