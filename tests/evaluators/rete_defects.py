"""What durable-rules 2.0.28 does wrong, one defect at a time, in a process that may not survive it.

    python rete_defects.py DEFECT

Each function prints what came out; what it should be is in test_rete_defects.py. The environment sets
MALLOC_PERTURB_, so that memory that was never set, or was freed, is never right by chance.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import durable_rules_engine as library

NUMBER_OF_RULES = 513


def ruleset(*patterns: Mapping[str, Any]) -> int:
    """A rule on all of the patterns."""
    return made({"r": patterns})


def made(rules: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
    named = {name: {"all": [{f"m_{n}": p} for n, p in enumerate(patterns)]} for name, patterns in rules.items()}
    return library.create_ruleset("rules", json.dumps(named))


def tell(handle: int, session: str = "1", **fact: Any) -> tuple[int, int]:
    return library.assert_fact(handle, json.dumps({"sid": session, **fact}))


def firings(handle: int, state: int, most: int = 10_000) -> int:
    fired, count = library.start_action_for_state(handle, state), 0
    while fired is not None and count < most:
        count += 1
        fired = library.complete_and_start_action(handle, state)
    return count


def threads(number: int = 2) -> None:
    """Each has sessions of its own, and does what the library's Host does on its timers."""
    handle = ruleset({"c": "a"})
    sys.setswitchinterval(1e-6)

    def work(name: int) -> None:
        for n in range(2_000):
            tell(handle, f"{name}-{n}", id="a", c="a")
            with contextlib.suppress(library.error):
                found = library.start_action(handle)
                if found:
                    library.complete_and_start_action(handle, found[2])
            library.delete_state(handle, f"{name}-{n}")

    working = [threading.Thread(target=work, args=(name,)) for name in range(number)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    print("survived")


def one_thread() -> None:
    threads(1)


def two_sessions() -> None:
    """After the first of two is deleted, the library looks for work in it."""
    handle = ruleset({"c": "a"})
    for session in "12":
        _, state = tell(handle, session, id="a", c="a")
        firings(handle, state)
    library.delete_state(handle, "1")
    library.start_action(handle)
    print("survived")


def deleted_before_a_rule_fired() -> None:
    handle = ruleset({"c": "a"}, {"c": "b"})
    tell(handle, id="a", c="a")
    library.delete_state(handle, "1")
    print("survived")


def deleted_after_a_rule_fired() -> None:
    handle = ruleset({"c": "a"}, {"c": "b"})
    tell(handle, id="a", c="a")
    _, state = tell(handle, id="b", c="b")
    print(firings(handle, state))
    library.delete_state(handle, "1")
    print("survived")


def equal_hashes() -> None:
    """The ids are unlike; their 32-bit hashes are not."""
    handle = ruleset({"c": "a"}, {"c": "b"})
    first, second = sys.argv[2:]
    print(tell(handle, id=first, c="a")[0], tell(handle, id=second, c="b")[0])


def large_integers() -> None:
    handle = ruleset({"$gt": {"v": 10**26}})
    print(tell(handle, id="a", v=10**27)[0])


def large_doubles() -> None:
    try:
        ruleset({"$gt": {"v": 1e26}})
        print("compiled")
    except library.error as error:
        print(error)


def exponents_in_facts() -> None:
    handle = ruleset({"$gt": {"v": 5}})
    try:
        print(tell(handle, id="a", v=1e27)[0])
    except library.error as error:
        print(error)


def texts_for_numbers() -> None:
    handle = ruleset({"$gt": {"v": 5}})
    print(tell(handle, id="a", v="6")[0])


def absent_fields() -> None:
    """The rule asks that a fact has no `v`. So has what the library notes about the session whenever a rule fires."""
    handle = ruleset({"$nex": {"v": 1}})
    _, state = tell(handle, id="a", c="b")
    fired, count = library.start_action_for_state(handle, state), 0
    while fired is not None and count < 500:
        count += 1
        library.update_state(handle, json.dumps({"sid": "1", "id": "sid-1", "$s": 1}))
        fired = library.complete_and_start_action(handle, state)
    print(count)


def many_parts() -> None:
    handle = ruleset(*({"c": f"a{n}"} for n in range(17)))
    try:
        for n in range(17):
            tell(handle, id=f"a{n}", c=f"a{n}")
        print("joined")
    except library.error as error:
        print(error)


def many_readers() -> None:
    handle = made({f"r{n}": [{"c": "a"}] for n in range(256)})
    _, state = tell(handle, id="a", c="a")
    print(firings(handle, state))


def many_patterns() -> None:
    made({f"r{n}": [{"c": f"a{n}"}] for n in range(NUMBER_OF_RULES)})
    print("compiled")


def many_rules() -> None:
    """Spread over groups as the evaluator spreads them."""
    try:
        made({f"r{n}": [{"$and": [{"g": str(n % 64)}, {"c": f"a{n}"}]}] for n in range(4097)})
        print("compiled")
    except library.error as error:
        print(error)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
