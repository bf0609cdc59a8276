"""The policies that a simulation compares: loaded as any other, with the orders and readings that its file adds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from engine.language.diagnostic import Diagnostic, has_errors, in_order
from engine.language.source import Span
from engine.measures.order import Order
from engine.policy.constants import Overrides
from engine.policy.files import JURISDICTIONS, read_directory, read_text
from engine.policy.load import Composed, composed_directories, with_orders
from engine.policy.policy import Policy, PolicyError
from engine.simulation.job import Job, JobError, Parts
from engine.simulation.overrides import checked_overrides
from engine.simulation.ways import Way, read_ways


@attrs.frozen(eq=False)
class Policies:
    """The baseline, the candidates by their ids in the order of the file, and the ways around a measure to be tried."""

    baseline: Policy
    candidates: Mapping[str, Policy]
    ways: tuple[Way, ...]

    def added_orders(self, candidate: str) -> tuple[Order, ...]:
        """The orders that a candidate has and the baseline has not, or not in the same words."""
        return _beyond(self.candidates[candidate], self.baseline)

    def dropped_orders(self, candidate: str) -> tuple[Order, ...]:
        """The orders that the baseline has and a candidate has not, or not in the same words."""
        return _beyond(self.baseline, self.candidates[candidate])


def job_policies(job: Job, rules: Sequence[Path], jurisdictions: Path) -> Policies:
    """The policies of a simulation; these directories stand in where it names none.

    A file of a further order counts as if it lay in `measures/` of the jurisdictions under its own name, so a
    candidate has the digest that the policy will have when the order is put there.

    Raises:
        JobError: with every mistake found in the files that the job names, and in what it reads otherwise.
    """
    reading = _Reading(job, rules, jurisdictions)
    baseline = reading.policy(job.baseline)
    candidates = {candidate.id: reading.policy(candidate) for candidate in job.candidates}
    ways = () if baseline is None else read_ways(job.document, baseline, reading.diagnostics)
    found = {name: policy for name, policy in candidates.items() if policy is not None}
    if baseline is None or len(found) < len(candidates) or has_errors(reading.diagnostics):
        raise JobError(in_order(reading.diagnostics), reading.texts)
    return Policies(baseline, found, ways)


def _beyond(one: Policy, other: Policy) -> tuple[Order, ...]:
    """The orders of one policy that are none of another's, by what their files say."""
    known = [other.identity["files"][order.file] for order in other.orders]
    return tuple(order for order in one.orders if one.identity["files"][order.file] not in known)


class _Reading:
    def __init__(self, job: Job, rules: Sequence[Path], jurisdictions: Path) -> None:
        self._job = job
        self._rules, self._jurisdictions = tuple(rules), jurisdictions
        self._read: dict[tuple[Path, ...], Composed] = {}
        self._loaded: dict[str, Policy | None] = {}
        self.diagnostics: list[Diagnostic] = []
        self.texts: dict[str, str] = {job.document.source.name: job.text}

    def policy(self, parts: Parts) -> Policy | None:
        """The policy of these parts; None with the reasons when they make none."""
        plain = self._load(parts, Overrides())
        if plain is None:
            return None
        overrides = checked_overrides(self._job.document, parts, plain, self.diagnostics)
        if overrides is None:
            return None
        policy = plain if overrides == Overrides() else self._load(parts, overrides)
        return None if policy is None else self._with_measures(parts, policy)

    def _load(self, parts: Parts, overrides: Overrides) -> Policy | None:
        rules, jurisdictions = parts.rules or self._rules, parts.jurisdictions or self._jurisdictions
        key = json.dumps([[str(path) for path in (*rules, jurisdictions)], attrs.asdict(overrides)], sort_keys=True)
        if key not in self._loaded:
            try:
                self._loaded[key] = self._composed(rules, jurisdictions).policy(overrides)
            except PolicyError as error:
                self._loaded[key] = None
                self._take(error)
        return self._loaded[key]

    def _composed(self, rules: Sequence[Path], jurisdictions: Path) -> Composed:
        """The files of a policy, read once for all that differ in how they are read."""
        key = (*rules, jurisdictions)
        if key not in self._read:
            self._read[key] = composed_directories(rules, jurisdictions)
        return self._read[key]

    def _with_measures(self, parts: Parts, policy: Policy) -> Policy | None:
        texts: dict[str, str] = {}
        shown: dict[str, str] = {}
        before = len(self.diagnostics)
        for path in parts.measures:
            for file, text in self._files(path).items():
                below = Path(file).relative_to(path).as_posix() if path.is_dir() else path.name
                name = f"{JURISDICTIONS}measures/{below}"
                if name in texts or name in policy.files:
                    message = f"another order has a file of this name, {shown.get(name, name)}"
                    self.diagnostics.append(Diagnostic("R205", message, Span(file, 1, 1), "rename one of the two"))
                texts[name], shown[name] = text, file
        self.texts |= {file: texts[name] for name, file in shown.items()}
        if len(self.diagnostics) > before:
            return None
        try:
            return with_orders(policy, texts, shown=shown)
        except PolicyError as error:
            self._take(error)
            return None

    def _files(self, path: Path) -> Mapping[str, str]:
        if path.is_dir():
            return read_directory(path, self.diagnostics)
        text = read_text(path, self.diagnostics)
        return {} if text is None else {str(path): text}

    def _take(self, error: PolicyError) -> None:
        self.diagnostics += error.diagnostics
        self.texts |= error.texts
