"""`ostiary population generate`: accounts made up from a seed."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.exit_codes import ExitCode
from api.cli.options import Day, Whole, count, load_or_show, policy_options, refuse_other_than_utf8, say
from api.cli.simulation_extra import require_simulation_extra
from engine.language.diagnostic import Diagnostic
from engine.language.rendering import render_text
from engine.language.source import Source
from engine.policy.files import read_text
from engine.population.span import EARLIEST, LATEST

if TYPE_CHECKING:
    from engine import Policy
    from engine.accounts.population import Population
    from engine.population.generate import Distributions

_MOST_ACCOUNTS = 10**9
_MOST_SEEDS = 2**53 - 1
"""JSON keeps no larger one, and the manifest is JSON."""


def _calendar(_context: click.Context, _parameter: click.Parameter, day: date) -> date:
    if not EARLIEST <= day <= LATEST:
        raise click.BadParameter(f"give a day from {EARLIEST} to {LATEST}")
    return day


def _number(_context: click.Context, _parameter: click.Parameter, share: float | None) -> float | None:
    if share is not None and math.isnan(share):
        raise click.BadParameter("is no number; give one from 0 to 1")
    return share


@click.command()
@click.argument("output_folder", type=click.Path(path_type=Path))
@click.option("--accounts", type=Whole(1, _MOST_ACCOUNTS), required=True, help="How many accounts to make up.")
@click.option("--seed", type=Whole(0, _MOST_SEEDS), default=1, show_default=True, help="Another seed, other accounts.")
@click.option(
    "--as-of",
    type=Day(),
    required=True,
    callback=_calendar,
    metavar="DATE",
    help="Day on which the accounts stand as they do.",
)
@click.option(
    "--malicious-share",
    type=click.FloatRange(0, 1),
    callback=_number,
    metavar="SHARE",
    help="Chance of an account to be labelled malicious, 0 to label none; default the one of the distributions.",
)
@click.option(
    "--distributions",
    "own",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file of distributions; what it leaves out is as it comes with Ostiary.",
)
@policy_options
def population_generate(
    *,
    output_folder: Path,
    accounts: int,
    seed: int,
    as_of: date,
    malicious_share: float | None,
    own: Path | None,
    rules: tuple[Path, ...],
    jurisdictions: Path,
) -> int:
    """Make up accounts from a seed and write them into OUTPUT_FOLDER as a population.

    The same seed, day and distributions give the same accounts, and the first of them are the same however many are
    made. None of them is anybody's, and no figure is measured: see docs/populations.md. A population that stands in
    OUTPUT_FOLDER already is replaced.

    \b
    Examples:
      ostiary population generate --accounts 100000 --as-of 2026-12-01 accounts
      ostiary population generate --accounts 10000000 --seed 7 --as-of 2026-12-01 \\
        --malicious-share 0.05 --distributions mine.yaml accounts
    """
    require_simulation_extra()
    refuse_other_than_utf8(output_folder)
    from api.cli.population_describe import population_lines  # noqa: PLC0415 - after the extra is known to be there
    from engine.accounts.population import PopulationError  # noqa: PLC0415 - as above
    from engine.population.counts import counts  # noqa: PLC0415 - as above

    policy = load_or_show(rules, jurisdictions)
    if policy is None:
        return ExitCode.RULES_INVALID
    distributions = _distributions(policy, own, malicious_share)
    if distributions is None:
        return ExitCode.USAGE_OR_IO
    try:
        made = _generate(output_folder, policy, distributions, accounts=accounts, seed=seed, as_of=as_of)
    except PopulationError as error:
        raise click.ClickException(str(error)) from None
    say("\n".join(population_lines(made, counts(made))))
    return ExitCode.OK


def _distributions(policy: Policy, own: Path | None, malicious_share: float | None) -> Distributions | None:
    """The distributions; None, with their mistakes on standard error, when they have any."""
    from engine.population.generate import DistributionsError, distributions  # noqa: PLC0415 - imports NumPy

    found: list[Diagnostic] = []
    texts: Mapping[str, str] = {}
    text = None if own is None else read_text(own, found)
    if not found:
        try:
            source = None if text is None else Source(str(own), text)
            return distributions(policy.places, source, malicious_share)
        except DistributionsError as error:
            found, texts = list(error.diagnostics), error.texts
    say(f"{render_text(found, texts)}\n\n{count(len(found), 'mistake')}", err=True)
    return None


def _generate(
    folder: Path, policy: Policy, distributions: Distributions, *, accounts: int, seed: int, as_of: date
) -> Population:
    from engine.population.generate import generate  # noqa: PLC0415 - imports DuckDB, NumPy and Arrow

    hidden = not sys.stderr.isatty()
    with click.progressbar(length=accounts, label="generating", file=sys.stderr, hidden=hidden) as bar:
        return generate(folder, policy, distributions, accounts=accounts, seed=seed, as_of=as_of, progress=bar.update)
