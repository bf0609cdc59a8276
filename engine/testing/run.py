"""Test files to results: each case is decided by the same Decider that serves requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
    """One test: where it stands, how the decision differs from what it expects (nothing when it passed), and the rules
    that made its findings, in file order."""

    file: str
    line: int
    name: str
    differences: tuple[str, ...]
    fired: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the decision is as expected."""
        return not self.differences


@attrs.frozen
class TestReport:
    """All results, in file order; `uncovered` are the rules that no passing test makes fire."""

    cases: tuple[CaseResult, ...]
    uncovered: tuple[str, ...]

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """The tests that did not pass."""
        return tuple(case for case in self.cases if not case.passed)


def run_tests(rules: Path, jurisdictions: Path, only: Path | None = None) -> TestReport:
    """Run the tests of a rules directory, or only those in a file or directory of it.

    Raises PolicyError when the rules or the test files are not well-formed.
    """
    return _Run(rules, jurisdictions).report(only)


class _Run:
    def __init__(self, rules: Path, jurisdictions: Path) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._names: dict[str, str] = {}
        self._files: dict[str, str] = {}
        for prefix, directory in ((RULES, rules), (JURISDICTIONS, jurisdictions)):
            for name, text in read_directory(directory, self.diagnostics).items():
                key = prefix + Path(name).relative_to(directory).as_posix()
                self._files[key], self._names[key] = text, name
        self._policies: dict[str, tuple[Policy, Compiled]] = {}
        self._deciders: dict[str, Decider] = {}
        self._fired: set[str] = set()
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
        known = [rule for rule_set in base.policy.rule_sets for rule in rule_set.rules]
        return TestReport(tuple(results), tuple(rule for rule in known if rule not in self._fired))

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
        differences, fired = self._outcome(document, test, cases)
        if not differences:
            self._fired.update(fired)
        return CaseResult(document.source.name, span.line, test["name"], tuple(differences), tuple(fired))

    def _outcome(
        self, document: Document, test: Mapping[str, Any], cases: Mapping[str, Any]
    ) -> tuple[list[str], list[str]]:
        """How the decision differs from what the test expects, and the rules that made its findings."""
        given = test["given"]
        if isinstance(given, str) and given not in cases:
            return [f"there is no case `{given}` in cases.yaml"], []
        when = {**document.plain.get("when", {}), **test.get("when", {})}
        if {"action", "as_of"} - when.keys():
            return ["`when` must say the action and the day (as_of)"], []
        orders = test.get("orders", document.plain.get("orders", []))
        overrides = Overrides(test.get("interpretations", {}), test.get("program", {}))
        try:
            facts = edited(
                cases[given] if isinstance(given, str) else given, test.get("without", []), test.get("but", {})
            )
            decider = self._decider({f"order {i}": order for i, order in enumerate(orders)}, overrides)
            decision = decider.decide({"action": when["action"], "as_of": when["as_of"], "facts": facts}, "dry_run")
        except (NoSuchPathError, RequestError) as error:
            return [str(error)], []
        except PolicyError as error:
            return [f"with the orders and overrides of this test: {d.message}" for d in error.diagnostics], []
        found = [finding.rule.id for finding in decision.findings]
        return _compare(decision.document, found, test["then"]), found

    def _decider(self, orders: Mapping[str, Any], overrides: Overrides) -> Decider:
        """A Decider for the files with more orders and other readings; made once for equal ones."""
        readings = json.dumps(attrs.asdict(overrides), sort_keys=True)
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


def _compare(document: Mapping[str, Any], found: list[str], then: Mapping[str, Any]) -> list[str]:
    differences = []
    needs = [need["at"] for need in document["needs"]]
    if document["outcome"] != then["outcome"]:
        differences.append(f"outcome is {document['outcome']}, expected {then['outcome']} (findings: {_list(found)})")
    if "findings" in then and found != then["findings"]:
        differences.append(f"findings are {_list(found)}, expected {_list(then['findings'])}")
    missing = [rule for rule in then.get("includes", []) if rule not in found]
    if missing:
        differences.append(f"findings are {_list(found)}, without {_list(missing)}")
    if "needs" in then and needs != then["needs"]:
        differences.append(f"needs are {_list(needs)}, expected {_list(then['needs'])}")
    if "restrictions" in then and len(document["restrictions"]) != then["restrictions"]:
        differences.append(f"there are {len(document['restrictions'])} restrictions, expected {then['restrictions']}")
    return differences


def _list(items: list[str]) -> str:
    return ", ".join(items) if items else "none"
