"""What a candidate changes of the baseline, in words, and why nothing came of it when nothing did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.measures.order import Order
from engine.policy.policy import Policy
from engine.simulation.impact import Connected
from engine.simulation.in_words import day_in_words, target_in_words
from engine.simulation.policies import Policies
from engine.simulation.result import Day


def changes_of(policies: Policies, candidate: str) -> list[str]:
    """Each difference from the baseline as a sentence."""
    return list(_changes(policies, candidate))


def _changes(policies: Policies, candidate: str) -> Iterator[str]:
    before, after = policies.baseline, policies.candidates[candidate]
    for order in policies.added_orders(candidate):
        on, binding = target_in_words(order, after), day_in_words(order.binding_on)
        yield f"Order `{order.id}` is added: a {_kind(order)} on {on}, binding from {binding}."
    for order in policies.dropped_orders(candidate):
        yield f"Order `{order.id}` is not there any more."
    for switch, reading in after.readings.items():
        if before.readings.get(switch) != reading:
            yield f"Switch {switch} is read as `{reading}`, not as `{before.readings.get(switch, '')}`."
    yield from _changed_values(before, after)
    yield from _changed_rules(before, after)


def _kind(order: Order) -> str:
    return "prohibition" if order.kind == "prohibition" else "measure under conditions"


def _changed_values(before: Policy, after: Policy) -> Iterator[str]:
    old, new = _program(before), _program(after)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"The program's `{name}` is {new.get(name, 'not said')}, not {old.get(name, 'not said')}."


def _program(policy: Policy) -> Mapping[str, str]:
    prefix = "program."
    return {
        name.removeprefix(prefix): str(getattr(value, "value", getattr(value, "items", "")))
        for name, value in policy.world.constants.items()
        if name.startswith(prefix)
    }


def _changed_rules(before: Policy, after: Policy) -> Iterator[str]:
    old, new = _files(before), _files(after)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            verb = "is added" if name not in old else "is gone" if name not in new else "is changed"
            yield f"File `{name}` {verb}."


def _files(policy: Policy) -> Mapping[str, object]:
    """The files of rules and places; orders and readings are told by themselves."""
    apart = ("/measures/", "interpretations.yaml", "program.yaml")
    return {name: said for name, said in policy.identity["files"].items() if not any(part in name for part in apart)}


def why_no_effect(
    policies: Policies, candidate: str, timeline: Sequence[Day], connected: Mapping[str, Connected]
) -> str | None:
    """Why no account's outcome changes on any of the days; None when one does."""
    if any(day.changed for day in timeline):
        return None
    if policies.candidates[candidate].digest == policies.baseline.digest:
        return "The candidate is the baseline: both decide by the same policy."
    orders = policies.added_orders(candidate)
    if orders and len(changes_of(policies, candidate)) == len(orders):
        if not any(order.binds(day.date) for order in orders for day in timeline):
            return "None of the orders binds on any of the days looked at."
        if not connected["touched"].accounts:
            targets = " or ".join(
                dict.fromkeys(target_in_words(order, policies.candidates[candidate]) for order in orders)
            )
            return f"No account has to do with {targets} on any ground on which an order touches one."
    return "What is changed bears on none of these accounts, or they come to the same outcome for other reasons."
