"""`ostiary population describe`: what a population is, and how many accounts of each kind it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click
import orjson

from api.cli.exit_codes import ExitCode
from api.cli.options import count, say
from api.cli.simulation_extra import require_simulation_extra
from engine.language.rendering import harmless_json

if TYPE_CHECKING:
    from engine.accounts.population import Population
    from engine.population.counts import Group

_SHOWN = 12
"""Groups of a kind that people are shown; JSON has all."""


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
def population_describe(*, folder: Path, form: str) -> int:
    """Say what the population in FOLDER was made of, what was left out, and count its accounts.

    \b
    Examples:
      ostiary population describe accounts.population
      ostiary population describe accounts.population --format json | jq .counts.place
    """
    require_simulation_extra()
    from engine.accounts.population import PopulationError, open_population  # noqa: PLC0415 - as above
    from engine.population.counts import counts  # noqa: PLC0415 - only here is it sure to be installed

    try:
        population = open_population(folder)
        found = counts(population)
    except PopulationError as error:
        raise click.ClickException(str(error)) from None
    if form == "json":
        groups = {name: [attrs.asdict(group) for group in some] for name, some in found.items()}
        document = {"digest": population.manifest.digest, **attrs.asdict(population.manifest), "counts": groups}
        click.echo(harmless_json(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()))
    else:
        say("\n".join(population_lines(population, found)))
    return ExitCode.OK


def population_lines(population: Population, found: Mapping[str, Sequence[Group]]) -> Iterator[str]:
    """What a population is and how its accounts divide, for people."""
    manifest = population.manifest
    yield f"{population.folder}: {count(manifest.accounts, 'account')}"
    yield f"  digest     {manifest.digest}"
    yield f"  ownership  read as {manifest.ownership}"
    yield f"  made of    {manifest.source.get('kind', 'unknown')}"
    for key, value in manifest.source.items():
        if key != "kind" and value is not None:
            yield f"             {key} {value}"
    if manifest.left_out:
        yield f"  left out   {count(manifest.left_out, 'row')}"
        for why, rows in manifest.left_out_because.items():
            yield f"{rows:>13,}  {why}"
    for name, groups in found.items():
        if all(group.value is None for group in groups):
            continue
        yield ""
        yield f"by {name}"
        for group in groups[:_SHOWN]:
            yield f"{group.accounts:>13,}  {100 * group.accounts / manifest.accounts:5.1f} %  {_value(group)}"
        rest = groups[_SHOWN:]
        if rest:
            accounts = sum(group.accounts for group in rest)
            share = 100 * accounts / manifest.accounts
            yield f"{accounts:>13,}  {share:5.1f} %  in {len(rest):,} more"


def _value(group: Group) -> str:
    return "(not said)" if group.value is None else group.value
