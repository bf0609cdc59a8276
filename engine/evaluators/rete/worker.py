"""The process in which durable-rules runs: questions on standard input, answers on standard output, a JSON line each.

It is run by its path, knows nothing of Ostiary, and is told neither facts nor rules in words: only which numbered atoms
are true and what follows from them. It has one thread, and one session of the library at a time.

    {"load": key, "nets": [net, ...]}                      -> {"of": digest of the line, "loaded": key}
    {"number": n, "key": key, "asserted": [[[atom]]]}      -> {"of": digest, "number": n, "settled": [[letters]]}

Anything that goes wrong ends it, after a last line `{"of": digest, "fault": text}` where it can still write one. So do
the end of its input, and a question that takes longer than the seconds it is started with: nobody waits for it then.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import durable_rules_engine

_OK = 0
_START = "1t"


class _Net:
    """One net as a ruleset of the library."""

    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        self._size: int = data["size"]
        self._then: Mapping[str, Sequence[str]] = data["then"]
        self._facts = {name: json.dumps(fact)[:-1] for name, fact in data["facts"].items()}
        self._handle = durable_rules_engine.create_ruleset(name, json.dumps(data["rules"]))
        self.imports: Sequence[Sequence[int]] = data["imports"]

    def letters(self, asserted: Sequence[str], session: str) -> str:
        """What follows from the facts: a letter for each node, `b` for one that both holds and does not."""
        held = dict.fromkeys((_START, *asserted))
        asked_for = [self._fact(name, session) for name in held if name in self._facts]
        code, state = durable_rules_engine.assert_facts(self._handle, f"[{','.join(asked_for)}]")
        _check(code, "asserted facts")
        started = durable_rules_engine.start_action_for_state(self._handle, state)
        if started is None:
            raise RuntimeError("no rule fired at the start")
        fired = started[1]
        while fired is not None:
            self._follow(fired, held, session)
            fired = durable_rules_engine.complete_and_start_action(self._handle, state)
        durable_rules_engine.delete_state(self._handle, session)
        return "".join(_letter(held, number) for number in range(1, self._size + 1))

    def _follow(self, fired: str, held: dict[str, None], session: str) -> None:
        """Assert what a rule that fired concludes. `fired` is `{"<rule>":{"m_0":{...},...}}`."""
        for name in self._then[fired[2 : fired.index('"', 2)]]:
            if name in held:
                continue
            held[name] = None
            if name in self._facts:
                code, _ = durable_rules_engine.assert_fact(self._handle, self._fact(name, session))
                _check(code, name)

    def _fact(self, name: str, session: str) -> str:
        return f'{self._facts[name]}, "sid": "{session}"}}'


def _check(code: int, what: str) -> None:
    if code != _OK:
        raise RuntimeError(f"{what} dropped with code {code}")


def _letter(held: Mapping[str, None], number: int) -> str:
    holds, fails = f"{number}t" in held, f"{number}f" in held
    return "b" if holds and fails else "t" if holds else "f" if fails else "-"


def _named(nodes: Sequence[int]) -> list[str]:
    return [f"{node}t" if node > 0 else f"{-node}f" for node in nodes]


class _Worker:
    def __init__(self) -> None:
        self._nets: dict[str, list[_Net]] = {}

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one line."""
        if "load" in question:
            key = question["load"]
            self._nets[key] = [_Net(f"{key[:16]}_{n}", data) for n, data in enumerate(question["nets"])]
            return {"loaded": key}
        number, (case, *loops) = question["number"], self._nets[question["key"]]
        (asserted,), *others = question["asserted"]
        letters = case.letters(_named(asserted), f"s{number}")
        settled = [[letters]]
        for loop, (net, sessions) in enumerate(zip(loops, others, strict=True)):
            imported = [f"{node}{letters[other - 1]}" for node, other in net.imports if letters[other - 1] in "tf"]
            settled.append(
                [net.letters([*imported, *_named(atoms)], f"s{number}_{loop}_{n}") for n, atoms in enumerate(sessions)]
            )
        return {"number": number, "settled": settled}


def _write(answers: BinaryIO, content: Mapping[str, Any]) -> None:
    answers.write(json.dumps(content, separators=(",", ":")).encode() + b"\n")
    answers.flush()


def main(seconds: float) -> None:
    """Answer until the input ends."""
    # What the library prints must not stand among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    worker = _Worker()
    for line in sys.stdin.buffer:
        # The default of this signal ends a process that hangs in the library, where no handler would be run.
        signal.setitimer(signal.ITIMER_REAL, seconds)
        digest = hashlib.sha256(line).hexdigest()
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever it is, this process is no longer to be trusted
            _write(answers, {"of": digest, "fault": f"{type(error).__name__}: {error}"})
            sys.exit(1)
        _write(answers, {"of": digest, **answer})
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main(float(sys.argv[1]))
