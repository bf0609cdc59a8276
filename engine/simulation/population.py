"""The population that a job names: a folder as it is, a file read, or accounts made up."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

import rfc8785

from engine.accounts.population import Population, PopulationError, kept_population
from engine.evaluators.columnar.workplace import Progress
from engine.language.diagnostic import Diagnostic
from engine.language.source import Source
from engine.ownership import LOOK_THROUGH, SWITCH
from engine.policy.files import read_text
from engine.policy.policy import Policy
from engine.population.generate import DistributionsError, distributions, generate, origin
from engine.population.reading import prepared, read_mapping
from engine.simulation.digest import short
from engine.simulation.job import Generated, Job, JobError


def population_of(job: Job, policy: Policy, folder: Path, progress: Progress) -> Population:
    """The population of a job. One that is made up is kept in `folder`, under the job's name and the first digits of a
    digest of what it is made of, and made once.

    Raises:
        JobError: the file of distributions has mistakes.
        PopulationError: there is no such population, or what is to be read does not fit.
    """
    if isinstance(job.population, Generated):
        return _generated(job, job.population, policy, folder, progress)
    mapping = None if job.mapping is None else read_mapping(job.mapping, policy)
    return prepared(job.population, policy, mapping, progress=lambda _, share: progress("reading accounts", share))


def _generated(job: Job, said: Generated, policy: Policy, beside: Path, progress: Progress) -> Population:
    source = None
    if said.distributions is not None:
        found: list[Diagnostic] = []
        text = read_text(said.distributions, found)
        if text is None:
            raise JobError(tuple(found), {})
        source = Source(str(said.distributions), text)
    try:
        drawn = distributions(policy.places, source, said.malicious_share)
    except DistributionsError as error:
        raise JobError(error.diagnostics, error.texts) from error
    as_of = datetime.date.fromisoformat(said.as_of)
    wanted = origin(drawn, accounts=said.accounts, seed=said.seed, as_of=as_of)
    # Owners read otherwise make another population, and a simulation of another digest.
    reading = policy.reading(SWITCH, LOOK_THROUGH)
    made_of = hashlib.sha256(rfc8785.dumps({"source": wanted, "ownership": reading})).hexdigest()
    folder = beside / f"{job.name}-{short(made_of)}.population"
    made = kept_population(folder)
    if made is not None and (made.manifest.source, made.manifest.ownership) == (wanted, reading):
        return made
    if made is not None:
        what = "holds other accounts than this job has made up"
        raise PopulationError(f"{folder}: {what}; move the folder, or give the job another name")
    done = 0

    def told(accounts: int) -> None:
        nonlocal done
        done += accounts
        progress("making up accounts", done / said.accounts)

    return generate(folder, policy, drawn, accounts=said.accounts, seed=said.seed, as_of=as_of, progress=told)
