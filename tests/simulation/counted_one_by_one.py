"""What a simulation must find, counted in Python: every account is decided alone by the compiled evaluator."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from engine.accounts.accounts import Account, accounts_at
from engine.accounts.layout import Layout
from engine.accounts.population import Population
from engine.decision.decider import Case
from engine.decision.decision import Decision
from engine.evaluators.columnar.workplace import DuckWorkplace
from engine.ownership import resolve
from engine.simulation.days import Days, job_days
from engine.simulation.deciding import Deciders
from engine.simulation.evasion import routes
from engine.simulation.job import Job, read_job
from engine.simulation.policies import Policies, job_policies
from engine.simulation.population import population_of
from engine.simulation.result import DIMENSIONS, SimulationResult
from engine.simulation.run import Told, run

ROOT = Path(__file__).resolve().parents[2]
TODAY = datetime.date(2026, 12, 1)
_OWNER = re.compile(r"^/customer/(?:beneficial_owners|holders)/[0-9]+(?=/)")
_INDEX = re.compile(r"/[0-9]+(?=/|$)")
Kind = tuple[str, str]
Pairs = dict[Any, tuple[int, int]]


@attrs.frozen(eq=False)
class Ran:
    """A job that was run, with all that it was run on."""

    job: Job
    policies: Policies
    days: Days
    population: Population
    result: SimulationResult


def ran(path: Path, rules: Path = ROOT / "rules", *, accounts: Path | None = None) -> Ran:
    """Run the job of a file; `accounts` is where its rows go, if anybody wants them."""
    job = read_job(path)
    policies = job_policies(job, (rules,), ROOT / "jurisdictions")
    days = job_days(job, policies, TODAY)
    population = population_of(job, policies.baseline, path.parent, lambda _what, _done: None)
    work = path.parent / "work"
    work.mkdir()
    workplace = DuckWorkplace(work, lambda _what, _done: None)
    simulated = run(job, policies, days, population, workplace=workplace, told=Told("ostiary simulate", "0"))
    if accounts is not None:
        simulated.write_accounts(accounts)
    workplace.close()
    return Ran(job, policies, days, population, simulated.result)


class OneByOne:
    """Every account of a population under every policy of a job, on whatever day is asked."""

    def __init__(self, of: Ran) -> None:
        self.policies = of.policies
        self.days = of.days
        layout = Layout(of.policies.baseline.vocabulary)
        self.inside = of.policies.baseline.places.within["US"]
        every = range(of.population.manifest.accounts)
        self.accounts: list[Account] = list(accounts_at(of.population, layout, every))
        deciders = Deciders({"": of.policies.baseline, **of.policies.candidates})
        self.deciders = {name: deciders.of(name) for name in ("", *of.policies.candidates)}
        self._decisions: dict[tuple[str, str], list[Decision]] = {}

    def decisions(self, policy: str, day: str) -> list[Decision]:
        """The decisions on all accounts, in the order of their rows; the baseline is named by nothing."""
        if (policy, day) not in self._decisions:
            decider = self.deciders[policy]
            cases = [Case(account.action, day, account.facts) for account in self.accounts]
            self._decisions[policy, day] = [decider.decision(c, decider.findings(c), "dry_run") for c in cases]
        return self._decisions[policy, day]

    def flips(self, candidate: str, day: str) -> list[tuple[Decision, Decision]]:
        """Each account under the baseline and under the candidate."""
        return list(zip(self.decisions("", day), self.decisions(candidate, day), strict=True))

    def shifts(self, candidate: str, day: str) -> dict[Kind, int]:
        return dict(Counter((before.outcome, after.outcome) for before, after in self.flips(candidate, day)))

    def caught(self, candidate: str, day: str) -> list[bool]:
        return [before.allowed and not after.allowed for before, after in self.flips(candidate, day)]

    def changed(self, candidate: str, day: str) -> list[bool]:
        return [before.outcome != after.outcome for before, after in self.flips(candidate, day)]

    def cells(self, candidate: str, dimension: str, reading: str) -> dict[str, tuple[int, int, int]]:
        """By the value of a dimension, how many accounts there are, change and are caught on the main date."""
        day = self.days.main
        found: dict[str, list[int]] = {}
        flips = zip(self.accounts, self.changed(candidate, day), self.caught(candidate, day), strict=True)
        for account, is_changed, is_caught in flips:
            value = dimension_values(account, day, reading, self.inside)[dimension]
            counts = found.setdefault(value, [0, 0, 0])
            for place, holds in enumerate((True, is_changed, is_caught)):
                counts[place] += holds
        return {value: (counts[0], counts[1], counts[2]) for value, counts in found.items()}

    def rules(self, candidate: str) -> Pairs:
        return self._pairs(candidate, lambda decision: {(f.rule.id, f.order) for f in decision.findings})

    def demands(self, candidate: str) -> Pairs:
        return self._pairs(candidate, lambda decision: {pattern(need["at"], decision) for need in decision.needs})

    def restrictions(self, candidate: str) -> Pairs:
        return self._pairs(
            candidate,
            lambda decision: {(t["rule"], t.get("order", ""), t["term"]) for t in decision.restrictions},
        )

    def newly_asked(self, candidate: str) -> int:
        """Accounts of which a fact is asked under the candidate that nobody asks of them under the baseline."""
        flips = self.flips(candidate, self.days.main)
        return sum(
            not {pattern(need["at"], after) for need in after.needs}
            <= {pattern(need["at"], before) for need in before.needs}
            for before, after in flips
        )

    def precision(self, candidate: str) -> tuple[int, int, int, int]:
        labels = [account.malicious for account in self.accounts]
        caught = self.caught(candidate, self.days.main)
        found = Counter(zip(labels, caught, strict=True))
        return (
            found[True, True] + found[True, False],
            found[True, True],
            found[False, True] + found[False, False],
            found[False, True],
        )

    def evasion(self, candidate: str) -> dict[str, tuple[int, int, int]]:
        """By the way gone, how many of those caught could go it, are allowed then, and are malicious, too."""
        decider, day = self.deciders[candidate], self.days.main
        found = {route.way.id: [0, 0, 0] for route in routes(self.policies, candidate)}
        for account, is_caught in zip(self.accounts, self.caught(candidate, day), strict=True):
            case = Case(account.action, day, account.facts)
            for route in routes(self.policies, candidate) if is_caught else ():
                moved = route.apply(case, decider.derived(case))
                if moved is not None:
                    allowed = decider.decision(moved, decider.findings(moved), "dry_run").allowed
                    found[route.way.id][0] += 1
                    found[route.way.id][1] += allowed
                    found[route.way.id][2] += allowed and account.malicious is True
        return {name: (counts[0], counts[1], counts[2]) for name, counts in found.items()}

    def _pairs(self, candidate: str, said: Any) -> Pairs:
        before: Counter[Any] = Counter(s for one in self.decisions("", self.days.main) for s in said(one))
        after: Counter[Any] = Counter(s for one in self.decisions(candidate, self.days.main) for s in said(one))
        return {key: (before[key], after[key]) for key in before.keys() | after.keys()}


def pattern(at: str, decision: Decision) -> str:
    """The pointer of a fact asked for with `*` for indices. What is asked of somebody who counts as an owner is one
    fact, whether that person is listed as an owner or found among the holders."""
    of_owner = any(
        finding.rule.each is not None and finding.rule.each.names == ("owners",) and at == need.at
        for finding in decision.findings
        for need in finding.needs
    )
    return _INDEX.sub("/*", _OWNER.sub("/owners/*", at) if of_owner else at)


def dimension_values(account: Account, day: str, reading: str, inside: frozenset[str]) -> dict[str, str]:
    facts = account.facts
    customer, reseller = facts.get("customer") or {}, facts.get("reseller") or {}
    country = (customer.get("address") or {}).get("country")
    tier = reseller.get("tier")
    owners = resolve(customer, reading)["owners"]
    home = customer.get("located_in")
    places = {owner["located_in"] for owner in owners if owner.get("located_in")}
    without = "unknown" if reseller else "direct"
    found = {
        "place": home or country or "unknown",
        "product": (facts.get("product") or {}).get("kind") or "unknown",
        "reseller": reseller.get("id") or without,
        "tier": without if tier is None else str(tier) if tier in {1, 2} else "3 and above",
        "owner_link": "abroad" if places - inside else "not abroad" if owners else "none",
        "account_age": _age(account, day),
    }
    assert tuple(found) == DIMENSIONS
    return found


def _age(account: Account, day: str) -> str:
    opened = (account.facts.get("account") or {}).get("opened_on")
    if opened is None:
        return "not open yet" if account.action == "account.open" else "unknown"
    days = (datetime.date.fromisoformat(day) - datetime.date.fromisoformat(opened)).days
    return "not open yet" if days < 0 else str(days // 365) if days < 5 * 365 else "5 and more"


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)
