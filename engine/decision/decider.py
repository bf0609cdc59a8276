"""The Decider: one policy, any number of requests."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from engine.decision.decision import Decision
from engine.decision.needs import Needs
from engine.decision.of_itself import finding_of_itself
from engine.decision.request import RequestError, Requests, Violation
from engine.decision.severity import outcome_of
from engine.evaluators.compiled import Compiled
from engine.evaluators.evaluator import Evaluator
from engine.measures.match import Matcher
from engine.ownership import LOOK_THROUGH, SWITCH, resolve
from engine.policy.policy import Policy
from engine.program.finding import Finding
from engine.vocabulary.derived import DerivedLists

NO_LAW = "ostiary.law/not-in-force"
"""Id of the finding that stands when no loaded rule set covers the action on the day."""
_NO_LAW_SAYS = "No loaded rule set covers this action on this day; a person has to decide."


@attrs.frozen
class Case:
    """A request that fits the vocabulary, with the day on which the law is read as ISO text."""

    action: str
    as_of: str
    facts: Mapping[str, Any]


class Decider:
    """Decides requests under a policy. It knows no clock: `today` is asked when a request names no day.

    `evaluator` is one of the policy's program, the compiled one unless another is given. Policies that differ in their
    orders only have one program, and may share it. `no_law` is the finding that stands where no rule set is in force.

    Safe to share between threads. The same policy, facts and day give the same decision, byte for byte.
    """

    def __init__(
        self,
        policy: Policy,
        today: Callable[[], datetime.date] | None = None,
        evaluator: Evaluator | None = None,
    ) -> None:
        self.policy = policy
        self._today = today
        self._requests = Requests(policy.vocabulary, policy.places)
        self.evaluator = evaluator or Compiled(policy.program)
        self._matcher = Matcher(policy.orders, self.evaluator.expression)
        self.reading = policy.reading(SWITCH, LOOK_THROUGH)
        self._needs = Needs(policy.vocabulary)
        # No version of the law covers the day: silence must not read as consent, so a person decides.
        self.no_law = finding_of_itself(policy, NO_LAW, _NO_LAW_SAYS)
        self._identity = {"digest": policy.digest, "as_of": "", "legal_status": policy.legal_status, "mode": ""}

    def decide(self, request: object, mode: str = "authoritative") -> Decision:
        """The decision on a request of the form `{"action": ..., "as_of": ..., "facts": {...}}`.

        `mode` is recorded: "authoritative" when the answer counts, "dry_run" when it does not. Raises RequestError when
        the request does not fit the vocabulary; then nothing is decided.
        """
        case = self.case(request)
        return self.decision(case, self.findings(case), mode)

    def decision(self, case: Case, findings: Sequence[Finding], mode: str) -> Decision:
        """What the findings on a case come to."""
        return Decision(
            outcome=outcome_of(findings),
            findings=findings,
            needs=self._needs.of(findings) if findings else [],
            policy={**self._identity, "as_of": case.as_of, "mode": mode},
        )

    def case(self, request: object) -> Case:
        """The request as a case, or RequestError."""
        checked = self._requests.check(request)
        as_of = checked.get("as_of")
        if as_of is None:
            if self._today is None:
                raise RequestError((Violation("/as_of", "is missing", "say on which day the law is to be read"),))
            as_of = self._today().isoformat()
        return Case(checked["action"], as_of, checked["facts"])

    def findings(self, case: Case) -> list[Finding]:
        """The rules that apply to a case, in file order."""
        found = self.evaluator.findings(case.action, case.as_of, case.facts, self.derived(case))
        return [self.no_law] if found is None else found

    def derived(self, case: Case) -> DerivedLists:
        """What is worked out from the facts of a case before the rules are read: every derived list."""
        derived = resolve(case.facts.get("customer") or {}, self.reading)
        derived["measures"] = self._matcher.match(case.facts, case.as_of, case.action, derived)
        return derived
