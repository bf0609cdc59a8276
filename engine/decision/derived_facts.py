"""What was worked out before the rules were read, and where each of it comes from: pointers and figures, no names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from engine.decision.decider import Case, Decider
from engine.ownership import Resolution
from engine.ownership.chains import Chain, Chains, amount, written


@attrs.frozen
class OwnerTrace:
    """An element of `owners`: where it stands, what counts for it, and by which chains the graph comes to a share."""

    at: str
    listed: bool
    reaches_quarter: bool
    listed_pct: float | None
    resolved_pct: float | None
    chains: tuple[Chain, ...]
    text: str


@attrs.frozen
class ProblemTrace:
    """An element of `ownership_problems`."""

    at: str
    problem: str


@attrs.frozen
class MeasureTrace:
    """An element of `measures`: the order, and the facts that bring the case under it."""

    at: str
    order: str
    ground: str
    state: str


@attrs.frozen
class DerivedFacts:
    """Every derived list of a case."""

    owners: tuple[OwnerTrace, ...]
    ownership_problems: tuple[ProblemTrace, ...]
    measures: tuple[MeasureTrace, ...]

    @property
    def lines(self) -> Iterator[str]:
        """The same for people, a line each."""
        for owner in self.owners:
            yield f"owner    {owner.at}  {owner.text}"
        for problem in self.ownership_problems:
            yield f"problem  {problem.at}  {problem.problem}"
        for measure in self.measures:
            yield f"measure  {measure.order}  {measure.state}, by {measure.ground} at {measure.at}"


def derived_facts(decider: Decider, case: Case) -> DerivedFacts:
    """What the decider works out of a case."""
    resolution = Resolution(case.facts.get("customer") or {}, decider.reading)
    finding = Chains(resolution.resolved)
    chains = {person: finding.of(person.nodes) for person in dict.fromkeys(person for person, _ in resolution.owners)}
    measures = decider.derived(case)["measures"]
    return DerivedFacts(
        tuple(_owner(owner.at, owner, chains[person]) for person, owner in resolution.owners),
        tuple(ProblemTrace(problem.at, problem["problem"]) for problem in resolution.problems),
        tuple(MeasureTrace(measure.at, measure["id"], measure["ground"], measure["state"]) for measure in measures),
    )


def _owner(at: str, owner: dict[str, Any], chains: tuple[Chain, ...]) -> OwnerTrace:
    listed, resolved = owner.get("ownership_pct"), owner.get("resolved_pct")
    reaches = "reaches 25 percent" if owner["reaches_quarter"] else "does not reach 25 percent"
    parts = [f"{_shown(listed)} % as listed"] if listed is not None else []
    if resolved is not None:
        parts.append(_resolved(resolved, chains))
    text = "; ".join([*parts, reaches])
    return OwnerTrace(at, owner["listed"], owner["reaches_quarter"], listed, resolved, chains, text)


def _resolved(pct: float, chains: tuple[Chain, ...]) -> str:
    """The share with the chains it is made of, as a sum where it is one: joint control carries more than its chains."""
    if not chains:
        return f"{_shown(pct)} % by the ownership graph"
    is_sum = f"{float(sum(map(amount, chains))):.10g}" == f"{pct:.10g}"
    return f"{_shown(pct)} % " + ("= " if is_sum else "by ") + (" + " if is_sum else ", ").join(map(written, chains))


def _shown(pct: float) -> str:
    return f"{pct:.12g}"
