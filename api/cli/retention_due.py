"""`ostiary retention due`: whose records may be destroyed."""

from __future__ import annotations

from datetime import date
from typing import Any

import click
import orjson

from api.cli.administration import KEPT_BY, Administration, administration, record_option, settings_of
from api.cli.options import Day, count
from engine.audit.vault import KeptThrough
from engine.audit.vault.destruction import Standing, standings

_SWITCHES = ("Q16", "Q17", "Q18")


@click.command()
@click.option("--on", type=Day(), metavar="DATE", help="Who is due on this day; default today.")
@click.option("--all", "everyone", is_flag=True, help="List the other customers too, each with why it is kept.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@record_option
def retention_due(*, on: date | None, everyone: bool, form: str, data: str | None) -> None:
    """List the customers whose records may be destroyed.

    Records are kept for two years after the customer's last account was closed or last accessed, 7.302(e)(2), as the
    policy in force reads Q16 to Q18. What is held for a case is kept whatever its time.

    \b
    Examples:
      ostiary retention due
      ostiary retention due --on 2028-12-31 --all
    """
    with administration(settings_of(data)) as opened:
        readings = opened.readings()
        day = opened.today if on is None else on
        with opened.log.store.reading_keys() as keys:
            found = list(standings(keys, readings))
    if form == "json":
        click.echo(orjson.dumps(_document(opened, day, found, everyone=everyone), option=orjson.OPT_INDENT_2))
    else:
        click.echo(_text(opened, day, found, everyone=everyone))


def _document(opened: Administration, day: date, found: list[Standing], *, everyone: bool) -> dict[str, Any]:
    return {
        "on": day.isoformat(),
        "section": KEPT_BY,
        "policy": opened.in_force.digest,
        "readings": {name: opened.in_force.switches.get(name) for name in _SWITCHES},
        "customers": [_customer(one, day) for one in found if everyone or one.obstacle(day) is None],
    }


def _customer(one: Standing, day: date) -> dict[str, Any]:
    obstacle = one.obstacle(day)
    return {
        "subject": one.subject,
        "is_due": obstacle is None,
        "kept_through": _kept_through(one),
        "accounts": one.accounts,
        "reason": obstacle,
        "holds": [{"case": hold.case, "reason": hold.reason, "set_at": hold.set_at} for hold in one.holds],
    }


def _kept_through(one: Standing) -> str | None:
    return one.retention.day.isoformat() if isinstance(one.retention, KeptThrough) else None


def _text(opened: Administration, day: date, found: list[Standing], *, everyone: bool) -> str:
    due = [one for one in found if one.obstacle(day) is None]
    kept = [one for one in found if one.obstacle(day) is not None]
    readings = ", ".join(f"{name} `{opened.in_force.switches.get(name)}`" for name in _SWITCHES)
    lines = [f"On {day}, {count(len(due), 'customer')} of {len(found):,} may be destroyed ({KEPT_BY}; {readings})."]
    if due:
        lines += ["", f"{'subject':32}  kept through  accounts"]
        lines += [f"{one.subject}  {_kept_through(one):12}  {one.accounts:8,}" for one in due]
        if day == opened.today:
            lines += ["", "Destroy these with `ostiary retention destroy --due`."]
    if everyone and kept:
        lines += ["", f"{count(len(kept), 'customer')} kept:"]
        lines += [f"{one.subject}  {one.obstacle(day)}" for one in kept]
    if not due and kept and not everyone:
        lines += ["With --all, each customer is listed with why it is kept."]
    return "\n".join(lines)
