"""Random programs as plain CEL Policy, through the official runtime: they find what the compiled evaluator finds."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from random_facts import random_facts
from random_programs import random_program
from random_words import MEASURES
from small_rules import DAY, policy

from engine.cel_policy.check import check_policy
from engine.cel_policy.configuration import Configuration
from engine.cel_policy.evaluate import evaluate_policy
from engine.cel_policy.export import configuration_of, export_rule_set
from engine.cel_policy.inputs import inputs_of
from engine.cel_policy.reading import read_policy
from engine.evaluators.compiled import Compiled
from engine.language.source import Source
from engine.ownership import LOOK_THROUGH, resolve
from engine.vocabulary.derived import derived

CASES = 8


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
def test_same_findings(seed: int) -> None:
    rng = Random(seed)
    program = random_program(rng)
    made = policy(program.rules, definitions__d=program.definitions)
    (rule_set,) = made.program
    text = export_rule_set(rule_set, made.vocabulary).text
    document = check_policy(read_policy(Source("p", text)), Configuration(configuration_of(made.vocabulary)))
    for _ in range(CASES):
        case, measures = random_facts(rng), rng.choice(((), MEASURES[:1], MEASURES))
        listed = [derived(measure, "/customer") for measure in measures]
        lists = {**resolve(case.get("customer") or {}, LOOK_THROUGH), "measures": listed}
        expected = Compiled(made.program).findings("account.open", DAY, case, lists)
        found = evaluate_policy(document, inputs_of("account.open", DAY, case, lists, made.vocabulary))
        assert [(said["rule"], said["at"]) for rule in found for said in rule] == [
            (finding.rule.id, finding.at) for finding in expected
        ]
