"""Decides many random cases twice, by the compiled evaluator and by hand: prints how many and how often they differ."""

from __future__ import annotations

import argparse
import collections
import json
import random
import sys
import time

from bench import by_hand
from bench.random_cases import RandomCases
from bench.shipped import DAY, complete_facts, shipped_policy
from engine import Decider

ACTION = "account.open"
DAYS = (*(DAY,) * 8, "2024-01-29", "2024-01-28", "9999-12-31")
SHOWN = 5


def main() -> int:
    """Exit status 1 when a case differs; it is printed with what each of the two found alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    policy = shipped_policy()
    decider = Decider(policy)
    cases = RandomCases(policy.vocabulary, policy.places.codes, complete_facts(decider))
    draw = random.Random(arguments.seed)
    fired: collections.Counter[str] = collections.Counter()
    different = 0
    started = time.perf_counter()
    for _ in range(arguments.cases):
        facts, day = cases.facts(draw), draw.choice(DAYS)
        case = decider.case({"action": ACTION, "as_of": day, "facts": facts})
        compiled = [(finding.rule.id, finding.at) for finding in decider.findings(case)]
        hand = by_hand.findings(facts, day)
        fired.update(rule for rule, _ in compiled)
        if compiled != hand:
            different += 1
            if different <= SHOWN:
                print(f"compiled alone: {sorted(set(compiled) - set(hand))}")
                print(f"by hand alone:  {sorted(set(hand) - set(compiled))}")
                print(f"{day} {json.dumps(facts, ensure_ascii=False)}\n")
    seconds = time.perf_counter() - started
    print(f"{arguments.cases:,} cases, seed {arguments.seed}, {seconds:.0f} s: {different:,} differ")
    known = [rule for rule_set in policy.rule_sets if ACTION in rule_set.actions for rule in rule_set.rules]
    silent = [rule for rule in known if not fired[rule] and not rule.startswith("measures.")]
    print(f"{sum(fired.values()):,} findings of {len(fired)} rules; never seen: {', '.join(silent) or 'none'}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
