"""A candidate looked at from every side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from engine.measures.order import Order
from engine.policy.policy import Policy
from engine.simulation.biting import bite_of
from engine.simulation.counting import day_of, said_of
from engine.simulation.days import Days
from engine.simulation.demanding import fact_words
from engine.simulation.differences import changes_of, why_no_effect
from engine.simulation.evading import evasion_of
from engine.simulation.evasion import Route
from engine.simulation.examples import examples_of
from engine.simulation.factors import FactorCounts, days_binding, factors_of, recorded_of
from engine.simulation.impact import Connected, connected_of, impact_of, precision_of
from engine.simulation.job import Parts
from engine.simulation.result import Alternative, Factor, OrderText, PopulationSummary
from engine.simulation.suppression import Suppression
from engine.simulation.trial import Trial


@attrs.frozen
class Looked:
    """A candidate looked at, but for the statutory factors: `counts` are counted for them, and `kinds` are the kinds of
    target of the orders that it adds."""

    alternative: Alternative
    counts: FactorCounts
    kinds: frozenset[str]


def looked_at(trial: Trial, said: Parts, days: Days, *, examples: int, least: int, ways: Sequence[Route]) -> Looked:
    """What a candidate does. `said` is what the job says of it; examples are of answers that `least` accounts share."""
    timeline = tuple(day_of(trial.asked, trial.workplace, trial.candidate, day) for day in days.dates)
    policy = trial.policies.candidates[trial.candidate]
    orders = trial.policies.added_orders(trial.candidate)
    connected = connected_of(trial)
    rules = said_of(trial, fact_words(trial.policies.baseline.vocabulary))
    alternative = Alternative(
        id=said.id,
        title=said.title,
        about=said.about,
        digest=policy.digest,
        orders=order_texts(policy, orders),
        changes=changes_of(trial.policies, trial.candidate),
        no_effect=why_no_effect(trial.policies, trial.candidate, timeline, connected),
        main=next(day for day in timeline if day.date == trial.day),
        timeline=timeline,
        bite=bite_of(trial, timeline),
        impact=impact_of(trial),
        rules=rules.rules,
        demands=rules.demands,
        restrictions=rules.restrictions,
        examples=examples_of(trial, examples, least),
        evasion=evasion_of(trial, ways),
        precision=precision_of(trial),
        factors=(),
    )
    counts = attrs.evolve(
        _connected_counts(connected, is_labelled=alternative.precision is not None),
        asked=rules.newly_asked,
        days_binding=days_binding(orders),
        recorded=recorded_of(policy, orders),
    )
    return Looked(alternative, counts, frozenset(order.target_kind for order in orders))


def all_told(looked: Sequence[Looked], population: PopulationSummary, below: int) -> list[Alternative]:
    """The candidates with their factors, without counts below a threshold. `population` is told already."""
    hiding = Suppression(below, population.accounts)
    shown = [hiding.alternative(one.alternative) for one in looked]
    return [
        attrs.evolve(
            one, factors=_factors(one, own, hiding, population, [other for other in shown if other is not one])
        )
        for one, own in zip(shown, looked, strict=True)
    ]


def order_texts(policy: Policy, orders: Sequence[Order]) -> list[OrderText]:
    """The orders with their clocks and their files as written."""
    files = policy.identity["files"]
    return [
        OrderText(
            id=order.id,
            kind=order.kind,
            target={order.target_kind: order.target},
            issued_on=order.issued_on,
            binding_on=order.binding_on,
            lapses_after=order.last_day,
            finding=" ".join(str(files[order.file].get("finding", "")).split()),
            text=policy.files[order.file],
        )
        for order in orders
    ]


def _connected_counts(connected: Mapping[str, Connected], *, is_labelled: bool) -> FactorCounts:
    def labelled(name: str, label: str) -> int | None:
        return int(getattr(connected[name], label)) if is_labelled else None

    return FactorCounts(
        there=connected["there"].accounts,
        there_malicious=labelled("there", "malicious"),
        resold_there=connected["resold_there"].accounts,
        resold_there_malicious=labelled("resold_there", "malicious"),
        own=connected["own"].accounts,
        own_malicious=labelled("own", "malicious"),
        offered=connected["offered"].accounts,
        offered_malicious=labelled("offered", "malicious"),
        offered_legitimate=labelled("offered", "legitimate"),
    )


def _factors(
    shown: Alternative,
    looked: Looked,
    hiding: Suppression,
    population: PopulationSummary,
    others: Sequence[Alternative],
) -> Sequence[Factor]:
    """The factors of orders, from what is told elsewhere and from what is counted for them alone."""
    if not looked.kinds:
        return []
    precision = shown.precision
    counts = attrs.evolve(
        looked.counts,
        accounts=population.accounts,
        malicious=population.malicious if precision else None,
        legitimate=population.legitimate if precision else None,
        caught=shown.main.caught,
        caught_legitimate=precision.legitimate_caught if precision else None,
        caught_by_product={cell.label: cell.caught for cell in shown.impact["product"]},
        caught_by_others={
            other.title: (other.precision.malicious_caught, other.precision.legitimate_caught)
            for other in others
            if other.precision is not None
        },
    )
    return factors_of(looked.kinds, hiding.factors(counts))
