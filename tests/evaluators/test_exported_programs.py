"""Random programs as plain CEL Policy, through the official runtime: they find what the compiled evaluator finds."""

from __future__ import annotations

from bench.agreement.sample import draw
from engine import Decider
from engine.cel_policy.check import check_policy
from engine.cel_policy.configuration import Configuration
from engine.cel_policy.evaluate import NOTHING, evaluate_policy
from engine.cel_policy.export import configuration_of, export_rule_set
from engine.cel_policy.inputs import inputs_of
from engine.cel_policy.reading import read_policy
from engine.evaluators.compiled import Compiled
from engine.language.source import Source

SEED = 11
PROGRAMS = 20
CASES = 12


def test_same_findings() -> None:
    found = 0
    for number in range(PROGRAMS):
        sample = draw(SEED, number)
        vocabulary, decider = sample.policy.vocabulary, Decider(sample.policy)
        configuration = Configuration(configuration_of(vocabulary))
        for rule_set in sample.policy.program:
            text = export_rule_set(rule_set, vocabulary).text
            document = check_policy(read_policy(Source("p", text)), configuration)
            compiled = Compiled([rule_set])
            for n in range(CASES):
                case = decider.case(sample.request(n))
                lists = decider.derived(case)
                expected = compiled.findings(case.action, case.as_of, case.facts, lists) or []
                inputs = inputs_of(case.action, case.as_of, case.facts, lists, vocabulary)
                said = evaluate_policy(document, inputs)
                # Nothing, where the rule set is not the law.
                said = [] if said is NOTHING else said
                assert [(one["rule"], one["at"]) for rule in said for one in rule] == [
                    (finding.rule.id, finding.at) for finding in expected
                ], f"program {number}, case {n}, {rule_set.name}"
                found += len(expected)
    assert found > PROGRAMS * CASES
