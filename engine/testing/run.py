"""Test files to results: each case is decided by the same Decider that serves requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from engine.decision import Decider, RequestError
from engine.evaluators.evaluator import Evaluator, NoOpinionError
from engine.evaluators.registry import make_evaluator
from engine.language.diagnostic import Diagnostic, in_order
from engine.language.document import Document, read_document
from engine.language.source import Source
from engine.language.yaml_nodes import compose
from engine.policy.constants import Overrides
from engine.policy.files import JURISDICTIONS, layer_of, layer_prefix, read_files
from engine.policy.load import Composed, composed, with_orders
from engine.policy.policy import Policy, PolicyError
from engine.policy.shapes import shape
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


def run_tests(
    rules: Path | Sequence[Path],
    jurisdictions: Path,
    only: Path | None = None,
    *,
    evaluator: str = "compiled",
    with_mutants: bool = False,
) -> TestReport:
    """Run the tests of rules directories, or only those in a file or directory of them.

    The tests of a directory say what it comes to on top of those before it, so those of the base are asked of the base
    alone, and those of an overlay of the overlay over what it is laid upon.

    `evaluator` is the name of what decides; a test of which it has no opinion has failed. With mutants, also tell what
    the tests prove: of all rules and definitions, or of those beside the tests that are run; mutants are decided by the
    compiled evaluator.

    Raises:
        PolicyError: the rules or the test files are not well-formed.
        NoOpinionError: the evaluator does not evaluate an operation of the rules.
    """
    layers = [rules] if isinstance(rules, Path) else rules
    return _Run(layers, jurisdictions, evaluator, with_mutants=with_mutants).report(only)


class _Run:
    def __init__(self, rules: Sequence[Path], jurisdictions: Path, evaluator: str, *, with_mutants: bool) -> None:
        self._evaluator = evaluator
        self._with_mutants = with_mutants
        self.diagnostics: list[Diagnostic] = []
        self._files = read_files(rules, jurisdictions, self.diagnostics)
        self._top = len(rules) - 1
        self._composed: dict[int, Composed] = {}
        self._policies: dict[str, tuple[Policy, Evaluator]] = {}
        self._deciders: dict[str, Decider] = {}
        self._opened: dict[str, Policy | None] = {}
        self._trials: list[Trial] = []
        self._stop()

    def report(self, only: Path | None) -> TestReport:
        whole = self._decider(self._top, {}, Overrides())
        cases = self._cases()
        results: list[CaseResult] = []
        wanted = None if only is None else only.resolve()
        for key in [key for key in self._files.texts if key.endswith("_test.yaml")]:
            path = Path(self._files.shown[key]).resolve()
            layer = layer_of(key)
            if layer is None or (wanted is not None and path != wanted and wanted not in path.parents):
                continue
            document = self._read(key, shape("tests"))
            if document is not None:
                results += [self._case(document, n, cases[layer], layer) for n in range(len(document.plain["tests"]))]
        self._stop()
        fired = [{finding.rule.id for finding in trial.findings} for trial in self._trials]
        uncovered, never_quiet = [], []
        for rule_set in whole.policy.program:
            asked = [
                found
                for found, trial in zip(fired, self._trials, strict=True)
                if trial.case.action in rule_set.actions and rule_set.in_force(trial.case.as_of)
            ]
            for rule in rule_set.rules:
                fires = sum(rule.id in found for found in asked)
                uncovered += [rule.id] if not fires else []
                never_quiet += [rule.id] if fires and fires == len(asked) else []
        proof = (
            prove(self._trials, self._open(self._top, Overrides()), self._beside(only)) if self._with_mutants else None
        )
        return TestReport(tuple(results), tuple(uncovered), tuple(never_quiet), proof)

    def _beside(self, only: Path | None) -> Callable[[str], bool]:
        """Whether a file of rules is proved by the tests that are run; definitions are proved by all tests together."""
        if only is None:
            return lambda _: True
        wanted = only.resolve()
        tested = wanted.with_name(wanted.name.replace("_test.yaml", ".yaml"))
        return lambda name: tested == Path(name).resolve() or wanted in Path(name).resolve().parents

    def _cases(self) -> list[Mapping[str, Any]]:
        """For each layer the cases its tests may use: its own and those below it."""
        found: list[Mapping[str, Any]] = []
        for layer in range(self._top + 1):
            below = found[-1] if found else {}
            name = layer_prefix(layer) + "cases.yaml"
            document = self._read(name, _CASES) if name in self._files.texts else None
            own = {} if document is None else document.plain["cases"]
            for case in own.keys() & below.keys():
                assert document is not None
                span = document.span("cases", case, key=True)
                message = f"a case `{case[:60]}` exists already below this overlay"
                self.diagnostics.append(Diagnostic("R405", message, span, "rename it"))
            found.append({**below, **own})
        return found

    def _read(self, key: str, form: Shape) -> Document | None:
        source = Source(self._files.shown[key], self._files.texts[key])
        node = compose(source, self.diagnostics)
        return None if node is None else read_document(source, node, form, "R405", self.diagnostics)

    def _case(self, document: Document, n: int, cases: Mapping[str, Any], layer: int) -> CaseResult:
        test = document.plain["tests"][n]
        span = document.span("tests", n, "name")
        differing, fired = self._outcome(document, test, cases, layer)
        return CaseResult(document.source.name, span.line, test["name"], tuple(differing), tuple(fired))

    def _outcome(
        self, document: Document, test: Mapping[str, Any], cases: Mapping[str, Any], layer: int
    ) -> tuple[list[str], list[str]]:
        """How the decision differs from what the test expects, and the rules that made its findings."""
        given = test["given"]
        if isinstance(given, str) and given not in cases:
            return [f"there is no case `{given}` in cases.yaml"], []
        when = {**document.plain.get("when", {}), **test.get("when", {})}
        if {"action", "as_of"} - when.keys():
            return ["`when` must say the action and the day (as_of)"], []
        orders = test.get("orders", document.plain.get("orders", []))
        values = {**document.plain.get("program", {}), **test.get("program", {})}
        overrides = Overrides(test.get("interpretations", {}), values)
        try:
            facts = edited(
                cases[given] if isinstance(given, str) else given, test.get("without", []), test.get("but", {})
            )
            decider = self._decider(layer, {f"order {i}": order for i, order in enumerate(orders)}, overrides)
            case = decider.case({"action": when["action"], "as_of": when["as_of"], "facts": facts})
            findings = decider.findings(case)
        except (NoSuchPathError, RequestError, NoOpinionError) as error:
            return [str(error)], []
        except PolicyError as error:
            return [f"with the orders and overrides of this test: {d.message}" for d in error.diagnostics], []
        differing = list(differences(decider.decision(case, findings, "dry_run"), test["then"]))
        if not differing:
            program = self._open(layer, overrides) if self._with_mutants else decider.policy
            self._trials.append(Trial(case, decider, findings, test["then"], program))
        return differing, [finding.rule.id for finding in findings]

    def _open(self, layer: int, overrides: Overrides) -> Policy:
        """The policy with its readings left open, so that one program serves the tests of all of them.

        Where an expression needs a constant there, as in `within(program.home)`, each reading keeps a program of its
        own.
        """
        lists = {name: value for name, value in overrides.program.items() if isinstance(value, list)}
        key = json.dumps([layer, lists], sort_keys=True)
        if key not in self._opened:
            try:
                self._opened[key] = self._up_to(layer).policy(Overrides({}, lists, is_open=True))
            except PolicyError:
                self._opened[key] = None
        return self._opened[key] or self._policies[_key(layer, overrides)][0]

    def _up_to(self, layer: int) -> Composed:
        """The files up to a layer, read once for all overrides."""
        if layer not in self._composed:
            self._composed[layer] = composed(self._files.up_to(layer).texts, shown=self._files.shown)
        return self._composed[layer]

    def _decider(self, layer: int, orders: Mapping[str, Any], overrides: Overrides) -> Decider:
        """A Decider for the files up to a layer with more orders and other readings; made once for equal ones."""
        readings = _key(layer, overrides)
        if readings not in self._policies:
            policy = self._up_to(layer).policy(overrides)
            self._policies[readings] = policy, make_evaluator(self._evaluator, policy.program)
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
            texts = {self._files.shown[key]: text for key, text in self._files.texts.items()}
            raise PolicyError(in_order(self.diagnostics), texts)


def _key(layer: int, overrides: Overrides) -> str:
    return json.dumps([layer, attrs.asdict(overrides)], sort_keys=True)
