"""A simulation run: from a job, its policies and a population to a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from engine.accounts.layout import Layout
from engine.accounts.population import Population
from engine.evaluators.columnar.workplace import Workplace
from engine.measures.order import Order
from engine.policy.policy import Policy
from engine.population.ownership import with_reading
from engine.program.expressions import Expr
from engine.simulation.asked import BASELINE, ask
from engine.simulation.biting import bite_of
from engine.simulation.counting import day_of, said_of
from engine.simulation.days import Days
from engine.simulation.deciding import Deciders, recheck
from engine.simulation.differences import changes_of, why_no_effect
from engine.simulation.digest import result_digest
from engine.simulation.dimensions import connections, dimensions
from engine.simulation.evading import evasion_of
from engine.simulation.evasion import routes
from engine.simulation.examples import examples_of
from engine.simulation.factors import FactorCounts, factors_of, recorded_of
from engine.simulation.impact import MALICIOUS, Connected, connected_of, impact_of, precision_of
from engine.simulation.job import Job
from engine.simulation.policies import Policies
from engine.simulation.result import (
    Alternative,
    Day,
    OrderText,
    PopulationSummary,
    Precision,
    SimulationResult,
)
from engine.simulation.suppression import suppressed
from engine.simulation.trial import Trial

RECHECKED = 500
"""Accounts that are decided anew, one by one, under every policy on every day."""


@attrs.frozen(eq=False)
class Simulated:
    """A simulation that was run: its result, and the trials for those who want every account."""

    result: SimulationResult
    trials: Sequence[Trial]


@attrs.frozen
class Told:
    """What only the caller knows: the command that runs the job again, and the version that ran it."""

    command: str
    version: str


def simulate(
    job: Job, policies: Policies, days: Days, population: Population, workplace: Workplace, told: Told
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
    rechecked = recheck(asked, workplace, deciders, population, seed=digest, accounts=RECHECKED)
    trials = [
        Trial(asked, workplace, deciders, population, policies, candidate, number, days.main, digest)
        for number, candidate in enumerate(policies.candidates)
    ]
    precisions = {trial.candidate: precision_of(trial) for trial in trials}
    alternatives = []
    for trial in trials:
        others = {
            said.title: precisions[said.id] for said in job.candidates if said.id != trial.candidate
        }
        alternative = _Looking(job, trial, days, precisions[trial.candidate], others).alternative(ways[trial.candidate])
        alternatives.append(suppressed(alternative, job.suppress_below))
    manifest = population.manifest
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
        population=PopulationSummary(
            digest=manifest.digest,
            accounts=manifest.accounts,
            actions=manifest.actions,
            malicious=manifest.malicious,
            legitimate=manifest.legitimate,
            left_out=manifest.left_out,
            source=manifest.source,
        ),
        baseline=policies.baseline.digest,
        baseline_title=job.baseline.title,
        alternatives=alternatives,
    )
    return Simulated(result, trials)


def _columns(policies: Policies, day: str) -> dict[str, Expr]:
    """What is kept of each account beside how it is decided."""
    columns = dimensions(policies.baseline.vocabulary, day)
    for number, candidate in enumerate(policies.candidates):
        connected = connections(policies.baseline.vocabulary, policies.added_orders(candidate))
        columns |= {f"c{number}_{name}": expr for name, expr in connected.items()}
    return columns


@attrs.frozen(eq=False)
class _Looking:
    """Looks at a candidate; `others` are the precisions of the others by their titles."""

    job: Job
    trial: Trial
    days: Days
    precision: Precision | None
    others: Mapping[str, Precision | None]

    def alternative(self, ways: Sequence[object]) -> Alternative:
        """All that is told of the candidate."""
        raise NotImplementedError(ways)


_ = (Connected, Day, OrderText, FactorCounts, bite_of, changes_of, day_of, evasion_of, examples_of, factors_of)
_ = (impact_of, connected_of, recorded_of, said_of, why_no_effect, Order)
