"""A candidate looked at from every side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from engine.simulation.factors import FactorCounts, factors_of, recorded_of
from engine.simulation.impact import Connected, connected_of, impact_of, precision_of
from engine.simulation.job import Parts
from engine.simulation.result import Alternative, Cell, OrderText, Precision
from engine.simulation.trial import Trial


def alternative_of(
    trial: Trial, said: Parts, days: Days, *, examples: int, ways: Sequence[Route], others: Mapping[str, Trial]
) -> Alternative:
    """What a candidate does. `said` is what the job says of it, `others` are the other trials by their titles."""
    timeline = tuple(day_of(trial.asked, trial.workplace, trial.candidate, day) for day in days.dates)
    main = next(day for day in timeline if day.date == trial.day)
    orders = trial.policies.added_orders(trial.candidate)
    connected = connected_of(trial)
    impact = impact_of(trial)
    rules = said_of(trial, fact_words(trial.policies.baseline.vocabulary))
    precision = precision_of(trial)
    counts = _factor_counts(
        trial,
        connected=connected,
        products=impact["product"],
        precision=precision,
        caught=main.caught,
        asked=rules.newly_asked,
        others=others,
    )
    return Alternative(
        id=said.id,
        title=said.title,
        about=said.about,
        digest=trial.policies.candidates[trial.candidate].digest,
        orders=order_texts(trial.policies.candidates[trial.candidate], orders),
        changes=changes_of(trial.policies, trial.candidate),
        no_effect=why_no_effect(trial.policies, trial.candidate, timeline, connected),
        main=main,
        timeline=timeline,
        bite=bite_of(trial, timeline),
        impact=impact,
        rules=rules.rules,
        demands=rules.demands,
        restrictions=rules.restrictions,
        examples=examples_of(trial, examples),
        evasion=evasion_of(trial, ways),
        precision=precision,
        factors=factors_of({order.target_kind for order in orders}, counts) if orders else [],
    )


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


def _factor_counts(
    trial: Trial,
    *,
    connected: Mapping[str, Connected],
    products: Sequence[Cell],
    precision: Precision | None,
    caught: int | None,
    asked: int,
    others: Mapping[str, Trial],
) -> FactorCounts:
    manifest = trial.population.manifest
    is_labelled = precision is not None
    policy = trial.policies.candidates[trial.candidate]
    orders = trial.policies.added_orders(trial.candidate)

    def labelled(name: str, label: str) -> int | None:
        return int(getattr(connected[name], label)) if is_labelled else None

    compared = {title: precision_of(other) for title, other in others.items()}
    return FactorCounts(
        accounts=manifest.accounts,
        malicious=manifest.malicious if is_labelled else None,
        legitimate=manifest.legitimate if is_labelled else None,
        there=connected["there"].accounts,
        there_malicious=labelled("there", "malicious"),
        resold_there=connected["resold_there"].accounts,
        resold_there_malicious=labelled("resold_there", "malicious"),
        own=connected["own"].accounts,
        own_malicious=labelled("own", "malicious"),
        offered=connected["offered"].accounts,
        offered_malicious=labelled("offered", "malicious"),
        offered_legitimate=labelled("offered", "legitimate"),
        caught=caught,
        caught_legitimate=precision.legitimate_caught if precision else None,
        asked=asked,
        caught_by_product={cell.label: cell.caught for cell in products},
        caught_by_others={
            title: (one.malicious_caught, one.legitimate_caught) for title, one in compared.items() if one is not None
        },
        recorded=recorded_of(policy, orders),
    )
