"""What rule tests prove: for every mutant of the rules, whether a test would notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from engine.decision.decider import Case, Decider
from engine.evaluators.compiled import Compiled
from engine.policy.policy import Policy
from engine.program.expressions import Literal
from engine.program.finding import Finding
from engine.program.scope import Definition
from engine.testing.expectations import differences
from engine.testing.mutants import Mutant, Mutants, Woven, used_definitions
from engine.testing.weaving import AWAKE


@attrs.frozen(eq=False)
class Trial:
    """A test that passed, ready to be decided again: what was decided and by whom, and what the test expects.

    `program` is the policy to be mutated: the one that decided, with its readings left open where that can be.
    """

    case: Case
    decider: Decider
    findings: Sequence[Finding]
    then: Mapping[str, Any]
    program: Policy


@attrs.frozen
class Survivor:
    """A mutant that no test notices. `is_decided` tells that some test does decide otherwise, but does not say so."""

    mutant: Mutant
    is_decided: bool


@attrs.frozen
class Proof:
    """How many mutants there are and which survive; how many atomic conditions there are, and how many of them have
    made a difference both by being true and by being false; the definitions that no rule uses."""

    mutants: int
    survivors: tuple[Survivor, ...]
    conditions: int
    covered: int
    unused: tuple[str, ...]

    @property
    def killed(self) -> int:
        """The mutants that a test notices."""
        return self.mutants - len(self.survivors)


def prove(trials: Sequence[Trial], policy: Policy, is_meant: Callable[[str], bool]) -> Proof:
    """Try every mutant of the files that are meant (told by their names, as shown) on the tests.

    `policy` is what the files say when nothing is read otherwise. It is changed even when no test passes under it.
    """
    mutants = Mutants()
    proving = _Proving()
    programs = {id(program): program for program in [policy, *(trial.program for trial in trials)]}
    for number, program in programs.items():
        under = [trial for trial in trials if id(trial.program) == number]
        for woven in mutants.woven(program, is_meant):
            proving.run(woven, program, under)
    used = {_where(definition) for program in programs.values() for definition in used_definitions(program)}
    unused = [d for d in policy.world.definitions if _where(d) not in used and is_meant(d.text.source.name)]
    return proving.proof(tuple(map(_form, unused)))


def _where(definition: Definition) -> tuple[str, int]:
    return definition.text.source.name, definition.text.start


def _form(definition: Definition) -> str:
    """A definition by its name and, since a function may have several forms, the types it takes."""
    types = [parameter.type.name or parameter.type.kind for parameter in definition.parameters]
    return f"{definition.name}({', '.join(types)})" if types else definition.name


class _Proving:
    def __init__(self) -> None:
        self._mutants: dict[int, Mutant] = {}
        self._decided: set[int] = set()
        self._killed: set[int] = set()

    def run(self, woven: Woven, program: Policy, trials: Sequence[Trial]) -> None:
        """Wake each mutant in each trial until one fails."""
        evaluator = Compiled(woven.rule_sets)
        names = {rule_set.name for rule_set in woven.rule_sets}
        order = {rule_set.name: n for n, rule_set in enumerate(program.program)}
        waking = [_Waking(evaluator, trial, names, order) for trial in trials]
        waking = [one for one in waking if one.is_asked]
        for mutant in woven.mutants:
            self._mutants.setdefault(mutant.number, mutant)
            if mutant.number in self._killed:
                continue
            for n, one in enumerate(waking):
                if not one.decides_otherwise(mutant.number):
                    continue
                self._decided.add(mutant.number)
                if one.fails():
                    self._killed.add(mutant.number)
                    # What noticed one mutant of a file will likely notice its neighbours.
                    waking.insert(0, waking.pop(n))
                    break

    def proof(self, unused: tuple[str, ...]) -> Proof:
        """The results; survivors in the order in which they are written."""
        mutants = [self._mutants[number] for number in sorted(self._mutants)]
        wanted: dict[tuple[str, int, int], set[str]] = {}
        missed: set[tuple[str, int, int]] = set()
        for mutant in mutants:
            if mutant.condition is not None:
                wanted.setdefault(mutant.condition, set()).add(mutant.decides)
                if mutant.number not in self._decided:
                    missed.add(mutant.condition)
        left = [Survivor(m, m.number in self._decided) for m in mutants if m.number not in self._killed]
        survivors = tuple(sorted(left, key=_in_file_order))
        return Proof(len(mutants), survivors, len(wanted), len(wanted) - len(missed), unused)


class _Waking:
    """One trial under the mutants of one file."""

    def __init__(self, evaluator: Compiled, trial: Trial, names: set[str], order: Mapping[str, int]) -> None:
        self._evaluator = evaluator
        self._trial = trial
        self._order = order
        self._names = names
        self._derived = trial.decider.derived(trial.case)
        constants = trial.decider.policy.world.constants
        self._facts = {
            **trial.case.facts,
            **{name: constant.value for name, constant in constants.items() if isinstance(constant, Literal)},
            AWAKE: 0,
        }
        found = self._find()
        self.is_asked = found is not None
        self._found: list[Finding] = found or []
        self._before = [_content(finding) for finding in self._found]
        mine = [finding.rule.id for finding in trial.findings if _rule_set(finding) in names]
        # Mutants that sleep change nothing; otherwise nothing that is told of them would be true.
        assert [finding.rule.id for finding in self._found] == mine or not self.is_asked

    def _find(self) -> list[Finding] | None:
        case = self._trial.case
        return self._evaluator.findings(case.action, case.as_of, self._facts, self._derived)

    def decides_otherwise(self, mutant: int) -> bool:
        """Whether the findings are others with the mutant awake."""
        self._facts[AWAKE] = mutant
        self._found = self._find() or []
        return [_content(finding) for finding in self._found] != self._before

    def fails(self) -> bool:
        """Whether the test does not accept the findings that were made last."""
        others = [finding for finding in self._trial.findings if _rule_set(finding) not in self._names]
        merged = sorted([*others, *self._found], key=lambda finding: self._order[_rule_set(finding)])
        decision = self._trial.decider.decision(self._trial.case, merged, "dry_run")
        return any(differences(decision, self._trial.then))


def _in_file_order(survivor: Survivor) -> tuple[str, int, int]:
    clause = survivor.mutant.clause
    return clause.file, clause.line, clause.column


def _content(finding: Finding) -> tuple[object, ...]:
    return finding.rule.id, finding.at, finding.order, [need.at for need in finding.needs]


def _rule_set(finding: Finding) -> str:
    return finding.rule.id.rpartition("/")[0]
