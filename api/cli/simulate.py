"""`ostiary simulate`: a measure tried on a population before it is imposed."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, date, datetime
from errno import ENOSPC
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click
import orjson

from api.cli.exit_codes import ExitCode
from api.cli.options import Day, Whole, mistakes, policy_options, refuse_other_than_utf8, say
from api.cli.simulation_extra import require_simulation_extra
from api.cli.simulation_folder import ACCOUNTS, PRINTED, REPORT, RESULT, place, refuse_other_than_result
from api.evaluation import law_day
from api.settings import default_jurisdictions, default_rules
from engine.policy.policy import PolicyError

if TYPE_CHECKING:
    from engine.evaluators.columnar.workplace import Progress, Workplace
    from engine.simulation.result import SimulationResult

ENGINES = ("duckdb", "spark")
_MOST = 1_000
"""Threshold of small counts, as `engine/simulation/form.yaml` has it."""
_MEND = (
    "Nothing was run: mend them in the source, or leave them out with `ostiary population read --leave-out`, and name "
    "under `population` the folder that it makes."
)
_WIDTH = 60
"""Of a line about progress, in characters."""


@click.command()
@click.argument("job_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="JOB")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FOLDER", help="Default: the job's name and digest."
)
@click.option("--engine", type=click.Choice(ENGINES), default="duckdb", show_default=True, help="What computes.")
@click.option("--master", default="local[*]", show_default=True, metavar="URL", help="Which Spark, where it computes.")
@click.option("--suppress-below", type=Whole(0, _MOST), metavar="N", help="Tell no count of fewer accounts than N.")
@click.option("--today", type=Day(), metavar="DATE", help="The day of a job that names none. Default: today.")
@policy_options
@click.option("--pdf/--no-pdf", default=True, show_default=True, help="Print the report, where there is Chromium.")
def simulate(
    *,
    job_file: Path,
    output: Path | None,
    engine: str,
    master: str,
    suppress_below: int | None,
    today: date | None,
    rules: Sequence[Path],
    jurisdictions: Path,
    pdf: bool,
) -> int:
    """Run the simulation that the file JOB describes, and write a report.

    Every account is decided under the baseline and under each candidate, on each day of the job (docs/simulation.md).
    The folder then holds the report (report.html, report.pdf), the same as data (result.json), and a row for each
    account (accounts.parquet), unless small counts are not told. Rules and jurisdictions are those of policies for
    which the job names none.

    \b
    Examples:
      ostiary simulate fixtures/simulations/freedonia.yaml
      ostiary simulate job.yaml -o freedonia --suppress-below 10
    """
    require_simulation_extra()
    refuse_other_than_utf8(job_file, output, *rules, jurisdictions)
    from engine.accounts.population import PopulationError  # noqa: PLC0415 - only here is it sure to be installed
    from engine.evaluators.columnar.workplace import WorkplaceError  # noqa: PLC0415 - as above
    from engine.population.reading import ColumnsError, MisfitsError  # noqa: PLC0415 - as above
    from engine.simulation.deciding import DifferenceError  # noqa: PLC0415 - as above
    from engine.simulation.evasion import NoPlaceLeftError  # noqa: PLC0415 - as above

    folder = Path.cwd() if output is None else output.parent
    if output is not None:
        refuse_other_than_result(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        asked = _Asked(job_file, folder, output, engine, master, suppress_below, today, tuple(rules), jurisdictions)
        with _telling() as progress:
            written = _run(asked, progress, pdf=pdf)
    except PolicyError as error:
        say(mistakes(error), err=True)
        return ExitCode.RULES_INVALID
    except ColumnsError as error:
        say(mistakes(error), err=True)
        return ExitCode.USAGE_OR_IO
    except MisfitsError as error:
        raise click.ClickException(f"{error}\n{_MEND}") from None
    except (PopulationError, WorkplaceError, NoPlaceLeftError, DifferenceError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        where, why = error.filename or folder, (error.strerror or str(error)).lower()
        do = "make room, or name another one with -o" if error.errno == ENOSPC else "name another one with -o"
        raise click.ClickException(f"{where}: cannot be written ({why}); {do}") from None
    _show(written, pdf=pdf)
    return ExitCode.OK


@attrs.frozen
class _Asked:
    """What was asked for on the command line; `folder` is where folders are made."""

    job_file: Path
    folder: Path
    output: Path | None
    engine: str
    master: str
    suppress_below: int | None
    today: date | None
    rules: Sequence[Path]
    jurisdictions: Path


@attrs.frozen
class _Written:
    """A result and the folder that it is in; `unprinted` says why there is no PDF, None where there is or need not."""

    result: SimulationResult
    folder: Path
    unprinted: str | None


def _run(asked: _Asked, progress: Progress, *, pdf: bool) -> _Written:
    from api.report import print_pdf, render  # noqa: PLC0415 - as above
    from engine.simulation.days import job_days  # noqa: PLC0415 - as above
    from engine.simulation.digest import short  # noqa: PLC0415 - as above
    from engine.simulation.job import read_job  # noqa: PLC0415 - as above
    from engine.simulation.policies import job_policies  # noqa: PLC0415 - as above
    from engine.simulation.population import population_of  # noqa: PLC0415 - as above
    from engine.simulation.run import Told, run  # noqa: PLC0415 - as above

    job = read_job(asked.job_file)
    if asked.suppress_below is not None:
        job = attrs.evolve(job, suppress_below=asked.suppress_below)
    policies = job_policies(job, asked.rules, asked.jurisdictions)
    today = asked.today or law_day(datetime.now(UTC), policies.baseline)
    days = job_days(job, policies, today)
    population = population_of(job, policies.baseline, asked.folder, progress)
    told = Told(_command(asked, today if days.need_today else None), version("ostiary"))
    # What takes the place of files in a folder has to be on its disk.
    beside = asked.output if asked.output is not None and asked.output.is_dir() else asked.folder
    with tempfile.TemporaryDirectory(prefix=f"{job.name}-", suffix=".unfinished", dir=beside) as work:
        made = Path(work) / "result"
        made.mkdir()
        with _workplace(asked.engine, asked.master, Path(work), progress) as workplace:
            simulated = run(job, policies, days, population, workplace=workplace, told=told, progress=progress)
            result = simulated.result
            if not result.suppressed_below:
                simulated.write_accounts(made / ACCOUNTS)
        (made / RESULT).write_bytes(orjson.dumps(result.document, option=orjson.OPT_INDENT_2) + b"\n")
        progress("writing the report", 0.0)
        (made / REPORT).write_text(render(result), "utf-8")
        folder = asked.output or asked.folder / f"{result.name}-{short(result.digest)}"
        if asked.output is None:
            refuse_other_than_result(folder)
        place(made, folder)
    progress("printing the report", 0.0)
    return _Written(result, folder, print_pdf(folder / REPORT, folder / PRINTED) if pdf else None)


def _command(asked: _Asked, today: date | None) -> str:
    """The command that makes the same result again."""
    words = ["ostiary", "simulate", str(asked.job_file)]
    words += [] if asked.engine == ENGINES[0] else ["--engine", asked.engine]
    words += [] if asked.suppress_below is None else ["--suppress-below", str(asked.suppress_below)]
    words += [] if today is None else ["--today", today.isoformat()]
    if tuple(asked.rules) != (default_rules(),):
        words += [word for path in asked.rules for word in ("--rules", str(path))]
    if asked.jurisdictions != default_jurisdictions():
        words += ["--jurisdictions", str(asked.jurisdictions)]
    return shlex.join(words)


def _workplace(engine: str, master: str, folder: Path, progress: Progress) -> AbstractContextManager[Workplace]:
    if engine == "duckdb":
        from engine.evaluators.columnar.workplace import DuckWorkplace  # noqa: PLC0415 - as above

        return closing(DuckWorkplace(folder, progress))
    from engine.evaluators.columnar.spark import SparkWorkplace  # noqa: PLC0415 - as above
    from engine.evaluators.columnar.spark_session import started  # noqa: PLC0415 - as above

    session = started(master, java_home=os.environ.get("JAVA_HOME", ""))
    return closing(SparkWorkplace(session, folder, progress))


@contextmanager
def _telling() -> Iterator[Progress]:
    """Says on standard error, where a person can see it, what is being worked on and how much of it is done."""
    if not sys.stderr.isatty():
        yield lambda _what, _done: None
        return

    def tell(what: str, done: float) -> None:
        share = f" {done:4.0%}" if done else ""  # of what is one step it is not known
        click.echo(f"\r{what}{share}".ljust(_WIDTH), err=True, nl=False)

    try:
        yield tell
    finally:
        click.echo("\r" + " " * _WIDTH + "\r", err=True, nl=False)


def _show(written: _Written, *, pdf: bool) -> None:
    """The answer in short, and what to open."""
    from api.cli.simulation_summary import summary  # noqa: PLC0415 - as above

    for line in summary(written.result):
        say(line)
    printed = [PRINTED] if pdf and written.unprinted is None else []
    accounts = [] if written.result.suppressed_below else [ACCOUNTS]
    say(f"open {written.folder / REPORT}; beside it: {', '.join([*printed, RESULT, *accounts])}")
    if not accounts:
        say(f"no {ACCOUNTS}: what is not told of few accounts would stand in it")
    if written.unprinted is not None:
        say(written.unprinted, err=True)
