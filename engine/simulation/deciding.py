"""Accounts decided one by one by the compiled evaluator: what was counted of them must be so."""

from __future__ import annotations

import random
from collections.abc import Mapping

from engine.accounts.accounts import accounts_at
from engine.accounts.population import Population
from engine.decision.decider import Case, Decider
from engine.decision.decision import Decision
from engine.evaluators.columnar.workplace import Workplace
from engine.evaluators.compiled import Compiled
from engine.policy.policy import Policy
from engine.simulation.asked import Asked, ComesTo


class DifferenceError(RuntimeError):
    """An account decided alone does not come to what was counted of it: a fault of Ostiary, and no result.

    The message says which account, under which policy, and how.
    """


class Deciders:
    """A decider for each policy, by its key. Policies that differ in their orders only share what decides."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        programs = {id(policy.program): policy.program for policy in policies.values()}
        compiled = {name: Compiled(program) for name, program in programs.items()}
        self._deciders = {
            key: Decider(policy, evaluator=compiled[id(policy.program)]) for key, policy in policies.items()
        }

    def of(self, policy: str) -> Decider:
        """The decider of a policy."""
        return self._deciders[policy]

    def decision(self, policy: str, case: Case) -> Decision:
        """What a policy says to a case."""
        decider = self._deciders[policy]
        return decider.decision(case, decider.findings(case), mode="dry_run")


def recheck(
    asked: Asked, workplace: Workplace, deciders: Deciders, population: Population, *, seed: str, accounts: int
) -> int:
    """Decide accounts drawn at random under every policy on every day; the number of accounts.

    Raises:
        DifferenceError: one comes to another outcome, or other rules apply to it.
    """
    total = population.manifest.accounts
    rows = random.Random(seed).sample(range(total), min(accounts, total))  # noqa: S311 - a draw that can be repeated
    counted = asked.at(workplace, rows)
    for account in accounts_at(population, asked.layout, rows):
        for policy, day in asked.numbers:
            alone = _comes_to(deciders.decision(policy, Case(account.action, day, account.facts)))
            if counted[account.row][policy, day] != alone:
                where = f"account {account.row} under {policy or 'the baseline'} on {day}"
                said = f"was counted as {counted[account.row][policy, day]} and is {alone} when decided alone"
                raise DifferenceError(f"{where} {said}; no result is given, please report it")
    return len(rows)


def _comes_to(decision: Decision) -> ComesTo:
    return ComesTo(decision.outcome, frozenset((finding.rule.id, finding.order) for finding in decision.findings))
