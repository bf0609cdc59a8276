"""A simulation run: from a job, its policies and a population to a result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from engine.accounts.layout import MALICIOUS, ROW, Layout
from engine.accounts.population import Population
from engine.evaluators.columnar.decided import PROFILE
from engine.evaluators.columnar.few_texts import in_words
from engine.evaluators.columnar.workplace import Progress, Workplace
from engine.language.rule_file import EFFECTS
from engine.policy.policy import Policy
from engine.population.ownership import with_reading
from engine.program.expressions import Expr
from engine.simulation.alternative import all_told, looked_at
from engine.simulation.asked import BASELINE, ask
from engine.simulation.days import Days
from engine.simulation.deciding import Deciders, recheck
from engine.simulation.digest import result_digest
from engine.simulation.dimensions import connections, dimensions
from engine.simulation.evasion import routes
from engine.simulation.job import Job
from engine.simulation.policies import Policies
from engine.simulation.result import DIMENSIONS, PopulationSummary, SimulationResult
from engine.simulation.suppression import Suppression
from engine.simulation.trial import Trial

RECHECKED = 500
"""Accounts that are decided anew, one by one, under every policy on every day."""


@attrs.frozen(eq=False)
class Simulated:
    """A simulation that was run: its result, and the trials for those who want every account."""

    result: SimulationResult
    trials: Sequence[Trial]

    def write_accounts(self, path: Path) -> None:
        """A row an account, as Parquet: its row in the population, where it counts, and its outcome under the baseline
        and each candidate on the main date. While the workplace is open."""
        trial = self.trials[0]
        accounts, answers = trial.asked.decided.in_words, trial.asked.decided.answers
        outcomes = {"baseline": trial.before} | {one.candidate: one.after for one in self.trials}
        words = answers.select(PROFILE, **{name: in_words(outcome, EFFECTS) for name, outcome in outcomes.items()})
        kept = accounts.select(ROW, PROFILE, *DIMENSIONS, MALICIOUS)
        trial.workplace.write(kept.join(words, PROFILE).drop(PROFILE), path)


@attrs.frozen
class Told:
    """What only the caller knows: the command that runs the job again, and the version that ran it."""

    command: str
    version: str


def _unheard(_what: str, _done: float) -> None:
    """Progress that nobody asked for."""


def run(
    job: Job,
    policies: Policies,
    days: Days,
    population: Population,
    *,
    workplace: Workplace,
    told: Told,
    progress: Progress = _unheard,
) -> Simulated:
    """Hold every candidate against the baseline.

    Raises:
        DifferenceError: an account drawn at random is decided otherwise when it is decided alone.
        NoPlaceLeftError: a way around a candidate leads nowhere.
    """
    vocabulary = policies.baseline.vocabulary
    layout = Layout(vocabulary)
    keys: dict[str, Policy] = {BASELINE: policies.baseline, **policies.candidates}
    digest = result_digest(job, population.manifest.digest, policies, days)
    ways = {candidate: routes(policies, candidate) for candidate in policies.candidates}
    asked = ask(
        keys,
        days.dates,
        lambda reading: with_reading(population, layout, reading),
        workplace,
        further=_columns(policies, days.main),
        labels=[MALICIOUS],
    )
    deciders = Deciders(keys)
    progress("deciding some accounts one by one", 0.0)
    rechecked = recheck(asked, workplace, deciders, population, seed=digest, accounts=RECHECKED)
    trials = [
        Trial(asked, workplace, deciders, population, policies, candidate, number, days.main, digest)
        for number, candidate in enumerate(policies.candidates)
    ]
    looked = []
    for trial, said in zip(trials, job.candidates, strict=True):
        progress(f"looking at {said.id}", trial.number / len(trials))
        looked.append(looked_at(trial, said, days, examples=job.examples, least=job.suppress_below, ways=ways[said.id]))
    manifest = population.manifest
    summary = PopulationSummary(
        digest=manifest.digest,
        accounts=manifest.accounts,
        actions=manifest.actions,
        malicious=manifest.malicious,
        legitimate=manifest.legitimate,
        left_out=manifest.left_out,
        source=manifest.source,
    )
    summary = Suppression(job.suppress_below, manifest.accounts).population(summary)
    result = SimulationResult(
        name=job.name,
        title=job.title,
        about=job.about,
        digest=digest,
        job=job.text,
        command=told.command,
        version=told.version,
        legal_status=policies.baseline.legal_status,
        engine=workplace.engine,
        suppressed_below=job.suppress_below,
        rechecked=rechecked,
        population=summary,
        baseline=policies.baseline.digest,
        baseline_title=job.baseline.title,
        alternatives=all_told(looked, summary, job.suppress_below),
    )
    return Simulated(result, trials)


def _columns(policies: Policies, day: str) -> dict[str, Expr]:
    """What is kept of each account beside how it is decided."""
    columns = dimensions(policies.baseline, day)
    for number, candidate in enumerate(policies.candidates):
        connected = connections(policies.baseline.vocabulary, policies.added_orders(candidate))
        columns |= {f"c{number}_{name}": expr for name, expr in connected.items()}
    return columns
