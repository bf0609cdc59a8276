"""`ostiary population read`: accounts from a file or from the log, held against the vocabulary, as a population."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.exit_codes import ExitCode
from api.cli.options import count, load_or_show, mistakes, policy_options, refuse_other_than_utf8, say
from api.cli.simulation_extra import require_simulation_extra

if TYPE_CHECKING:
    from engine import Policy
    from engine.accounts.population import Population
    from engine.population.reading import Progress

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("source", type=_FILE, required=False)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder of the population; one that stands there is replaced. Default: SOURCE.population.",
)
@click.option(
    "--mapping", type=_FILE, metavar="FILE", help="Which column is which fact, as docs/populations.md has it."
)
@click.option(
    "--leave-out", is_flag=True, help="Leave out rows that do not fit, count them and name them in the folder."
)
@click.option(
    "--log", "location", metavar="DIRECTORY", help="Read the decisions recorded there, each as an account, not a file."
)
@policy_options
def population_read(
    *,
    source: Path | None,
    folder: Path | None,
    mapping: Path | None,
    leave_out: bool,
    location: str | None,
    rules: tuple[Path, ...],
    jurisdictions: Path,
) -> int:
    """Read accounts from SOURCE, a file of NDJSON, CSV or Parquet, or from the log, into a population.

    Every row is checked as a request is. When some do not fit, all of them are counted by what is wrong, nothing is
    written, and the exit code is 1; with --leave-out the others are written. The folder holds what the source holds:
    personal data.

    \b
    Examples:
      ostiary population read accounts.ndjson.gz -o accounts.population
      ostiary population read crm.csv --mapping columns.yaml --leave-out
      ostiary population read --log var -o recorded.population
    """
    if (source is None) == (location is None):
        raise click.UsageError("name a file to read, or a log with --log, and not both")
    if location is not None and (mapping is not None or folder is None):
        raise click.UsageError("with --log, name the folder with -o, and no --mapping: the log has no columns")
    require_simulation_extra()
    refuse_other_than_utf8(source, folder)
    policy = load_or_show(rules, jurisdictions)
    if policy is None:
        return ExitCode.RULES_INVALID
    from engine.accounts.population import PopulationError  # noqa: PLC0415 - only here is it sure to be installed
    from engine.population.reading import ColumnsError, MisfitsError  # noqa: PLC0415 - as above

    try:
        if source is None:
            assert folder is not None
            population = _from_log(location, folder, policy, leave_out=leave_out)
        else:
            folder = folder or source.with_name(source.name + ".population")
            population = _from_file(source, folder, policy, mapping, leave_out=leave_out)
    except MisfitsError as error:
        help_ = "mend them in the source" + ("" if leave_out else ", or leave them out with --leave-out")
        raise click.ClickException(f"{error}\nNothing was written: {help_}.") from None
    except ColumnsError as error:
        say(mistakes(error), err=True)
        return ExitCode.USAGE_OR_IO
    except PopulationError as error:
        raise click.ClickException(str(error)) from None
    _show(population)
    return ExitCode.OK


def _from_file(source: Path, folder: Path, policy: Policy, mapping: Path | None, *, leave_out: bool) -> Population:
    from engine.population.reading import read_mapping, read_population  # noqa: PLC0415 - as above

    columns = None if mapping is None else read_mapping(mapping, policy)
    with _progress_bar("reading") as progress:
        return read_population(source, folder, policy, columns, leave_out=leave_out, progress=progress)


def _from_log(location: str | None, folder: Path, policy: Policy, *, leave_out: bool) -> Population:
    from api.cli.log_data import existing_log  # noqa: PLC0415 - what reads a log is not needed for a file
    from api.recorded_accounts import recorded_accounts  # noqa: PLC0415 - as above
    from engine.population.reading import read_rows  # noqa: PLC0415 - as above

    with existing_log(location) as (log, vault), _progress_bar("reading") as progress:
        return read_rows(recorded_accounts(log, vault), folder, policy, leave_out=leave_out, progress=progress)


@contextlib.contextmanager
def _progress_bar(label: str) -> Iterator[Progress]:
    """A bar on standard error, where a person can see it, that is told how far reading is."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1_000, label=label, file=sys.stderr, hidden=hidden, item_show_func=_rows) as bar:

        def progress(rows: int, share: float) -> None:
            bar.update(int(share * 1_000) - bar.pos, rows)

        yield progress


def _rows(rows: int | None) -> str | None:
    return None if rows is None else count(rows, "row")


def _show(population: Population) -> None:
    manifest = population.manifest
    say(f"{population.folder}: {count(manifest.accounts, 'account')}")
    if manifest.left_out:
        from engine.population.reading import LEFT_OUT  # noqa: PLC0415 - as above

        say(f"left out: {count(manifest.left_out, 'row')}, named in {population.folder / LEFT_OUT}")
        for why, rows in manifest.left_out_because.items():
            say(f"  {rows:>9,}  {why}")
    say(manifest.digest)
