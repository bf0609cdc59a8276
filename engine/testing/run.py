"""Test files to results: each case is decided by the same Decider that serves requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from engine.decision import Decider, RequestError
from engine.evaluators.compiled import Compiled
from engine.language.diagnostic import Diagnostic, in_order
from engine.language.document import Document, read_document
from engine.language.source import Source
from engine.language.yaml_nodes import compose
from engine.policy.constants import Overrides, shape
from engine.policy.files import read_directory
from engine.policy.load import JURISDICTIONS, RULES, load_files, with_orders
from engine.policy.policy import Policy, PolicyError
from engine.testing.edit import NoSuchPathError, edited
from engine.testing.expectations import differences
from engine.testing.proof import Proof, Trial, prove
from engine.vocabulary.explain import Shape

_CASES = Shape(
    {
        "type": "object",
        "required": ["cases"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string"},
            "cases": {"type": "object", "additionalProperties": {"type": "object"}},
        },
    }
)


@attrs.frozen
class CaseResult:
    """One test: where it stands, and how the decision differs from what it expects (nothing when it passed)."""

    file: str
    line: int
    name: str
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the decision is as expected."""
        return not self.differences


@attrs.frozen
class TestReport:
    """All results, in file order.

    `uncovered` are the rules that no passing test makes fire, `never_quiet` those that fire in each passing test in
    which they are asked. `proof` is there when it was asked for.
    """

    cases: tuple[CaseResult, ...]
    uncovered: tuple[str, ...]
    never_quiet: tuple[str, ...]
    proof: Proof | None = None

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """The tests that did not pass."""
        return tuple(case for case in self.cases if not case.passed)


def run_tests(rules: Path, jurisdictions: Path, only: Path | None = None, *, with_mutants: bool = False) -> TestReport:
    """Run the tests of a rules directory, or only those in a file or directory of it.

    With mutants, also tell what the tests prove: of all rules and definitions, or of those beside the tests that are
    run. Raises PolicyError when the rules or the test files are not well-formed.
    """
    return _Run(rules, jurisdictions, with_mutants=with_mutants).report(only)


class _Run:
    def __init__(self, rules: Path, jurisdictions: Path, *, with_mutants: bool) -> None:
        self._with_mutants = with_mutants
        self.diagnostics: list[Diagnostic] = []
        self._names: dict[str, str] = {}
        self._files: dict[str, str] = {}
        for prefix, directory in ((RULES, rules), (JURISDICTIONS, jurisdictions)):
            for name, text in read_directory(directory, self.diagnostics).items():
                key = prefix + Path(name).relative_to(directory).as_posix()
                self._files[key], self._names[key] = text, name
        self._policies: dict[str, tuple[Policy, Compiled]] = {}
        self._deciders: dict[str, Decider] = {}
        self._opened: dict[str, Policy | None] = {}
        self._trials: list[Trial] = []
        self._stop()

    def report(self, only: Path | None) -> TestReport:
        base = self._decider({}, Overrides())
        cases = self._cases()
        results: list[CaseResult] = []
        wanted = None if only is None else only.resolve()
        for key in [key for key in self._files if key.endswith("_test.yaml")]:
            path = Path(self._names[key]).resolve()
            if wanted is not None and path != wanted and wanted not in path.parents:
                continue
            document = self._read(key, shape("tests"))
            if document is not None:
                results += [self._case(document, n, cases) for n in range(len(document.plain["tests"]))]
        self._stop()
        fired = [{finding.rule.id for finding in trial.findings} for trial in self._trials]
        uncovered, never_quiet = [], []
        for rule_set in base.policy.program:
            asked = [
                found
                for found, trial in zip(fired, self._trials, strict=True)
                if trial.case.action in rule_set.actions and rule_set.in_force(trial.case.as_of)
            ]
            for rule in rule_set.rules:
                fires = sum(rule.id in found for found in asked)
                uncovered += [rule.id] if not fires else []
                never_quiet += [rule.id] if fires and fires == len(asked) else []
        proof = prove(self._trials, self._open(Overrides()), self._beside(only)) if self._with_mutants else None
        return TestReport(tuple(results), tuple(uncovered), tuple(never_quiet), proof)

    def _beside(self, only: Path | None) -> Callable[[str], bool]:
        """Whether a file of rules is proved by the tests that are run; definitions are proved by all tests together."""
        if only is None:
            return lambda _: True
        wanted = only.resolve()
        tested = wanted.with_name(wanted.name.replace("_test.yaml", ".yaml"))
        return lambda name: tested == Path(name).resolve() or wanted in Path(name).resolve().parents

    def _cases(self) -> Mapping[str, Any]:
        document = self._read(RULES + "cases.yaml", _CASES) if RULES + "cases.yaml" in self._files else None
        return {} if document is None else document.plain["cases"]

    def _read(self, key: str, form: Shape) -> Document | None:
        source = Source(self._names[key], self._files[key])
        node = compose(source, self.diagnostics)
        return None if node is None else read_document(source, node, form, "R405", self.diagnostics)

    def _case(self, document: Document, n: int, cases: Mapping[str, Any]) -> CaseResult:
        test = document.plain["tests"][n]
        span = document.span("tests", n, "name")
        differences = self._differences(document, test, cases)
        return CaseResult(document.source.name, span.line, test["name"], tuple(differences))

    def _differences(self, document: Document, test: Mapping[str, Any], cases: Mapping[str, Any]) -> list[str]:
        given = test["given"]
        if isinstance(given, str) and given not in cases:
            return [f"there is no case `{given}` in cases.yaml"]
        when = {**document.plain.get("when", {}), **test.get("when", {})}
        if {"action", "as_of"} - when.keys():
            return ["`when` must say the action and the day (as_of)"]
        orders = test.get("orders", document.plain.get("orders", []))
        overrides = Overrides(test.get("interpretations", {}), test.get("program", {}))
        try:
            facts = edited(
                cases[given] if isinstance(given, str) else given, test.get("without", []), test.get("but", {})
            )
            decider = self._decider({f"order {i}": order for i, order in enumerate(orders)}, overrides)
            case = decider.case({"action": when["action"], "as_of": when["as_of"], "facts": facts})
        except (NoSuchPathError, RequestError) as error:
            return [str(error)]
        except PolicyError as error:
            return [f"with the orders and overrides of this test: {d.message}" for d in error.diagnostics]
        findings = decider.findings(case)
        differing = list(differences(decider.decision(case, findings, "dry_run"), test["then"]))
        if not differing:
            program = self._open(overrides) if self._with_mutants else decider.policy
            self._trials.append(Trial(case, decider, findings, test["then"], program))
        return differing

    def _open(self, overrides: Overrides) -> Policy:
        """The policy with its readings left open, so that one program serves the tests of all of them.

        Where an expression needs a constant there, as in `within(program.home)`, each reading keeps a program of its
        own.
        """
        lists = {name: value for name, value in overrides.program.items() if isinstance(value, list)}
        key = json.dumps(lists, sort_keys=True)
        if key not in self._opened:
            try:
                self._opened[key] = load_files(self._files, Overrides({}, lists, is_open=True), shown=self._names)
            except PolicyError:
                self._opened[key] = None
        return self._opened[key] or self._policies[_key(overrides)][0]

    def _decider(self, orders: Mapping[str, Any], overrides: Overrides) -> Decider:
        """A Decider for the files with more orders and other readings; made once for equal ones."""
        readings = _key(overrides)
        if readings not in self._policies:
            policy = load_files(self._files, overrides, shown=self._names)
            self._policies[readings] = policy, Compiled(policy.program)
        policy, evaluator = self._policies[readings]
        key = readings + json.dumps(orders, sort_keys=True)
        if key not in self._deciders:
            # JSON is YAML: an order written inside a test is loaded as a file of its own would be.
            added = {
                f"{JURISDICTIONS}measures/{name}.yaml": json.dumps(order, ensure_ascii=False)
                for name, order in orders.items()
            }
            self._deciders[key] = Decider(with_orders(policy, added), evaluator=evaluator)
        return self._deciders[key]

    def _stop(self) -> None:
        if self.diagnostics:
            texts = {self._names[key]: text for key, text in self._files.items()}
            raise PolicyError(in_order(self.diagnostics), texts)


def _key(overrides: Overrides) -> str:
    return json.dumps(attrs.asdict(overrides), sort_keys=True)
