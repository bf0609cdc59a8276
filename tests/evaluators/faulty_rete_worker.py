"""The rete worker with one thing wrong with it: what, is the first argument.

    python faulty_rete_worker.py FAULT once|always DIRECTORY SECONDS

`once`: the first process that gets as far as the fault leaves a mark in the directory, after which all is well. Each
process writes its id there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import durable_rules_engine

ROOT = Path(__file__).resolve().parents[2]
FAULT, OFTEN, DIRECTORY, SECONDS = sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])
(DIRECTORY / f"pid-{os.getpid()}").touch()
SPEC = importlib.util.spec_from_file_location("worker", ROOT / "engine" / "evaluators" / "rete" / "worker.py")
assert SPEC is not None
assert SPEC.loader is not None
worker = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(worker)
write = worker._write
before: list[bytes] = []


def is_due() -> bool:
    mark = DIRECTORY / "mark"
    if OFTEN == "once" and mark.exists():
        return False
    mark.touch()
    return True


def changed(answers: BinaryIO, content: dict[str, Any]) -> None:
    """Write the answer to a question otherwise than it is."""
    line = json.dumps(content, separators=(",", ":")).encode() + b"\n"
    if "settled" not in content or FAULT not in FAULTS or not is_due():
        before.append(line)
        write(answers, content)
        return
    FAULTS[FAULT](answers, content, line)
    answers.flush()


def _previous(answers: BinaryIO, _: Any, line: bytes) -> None:
    answers.write(before[-1] if before else line)


def _endless(answers: BinaryIO, _: Any, line: bytes) -> None:
    while True:
        answers.write(line[:-1] * 100)


def _spin(*_: Any) -> None:
    while True:
        pass


def _half_then_end(answers: BinaryIO, _: Any, line: bytes) -> None:
    answers.write(line[: len(line) // 2])
    answers.flush()
    os._exit(0)


def _half_then_nothing(answers: BinaryIO, _: Any, line: bytes) -> None:
    answers.write(line[: len(line) // 2])
    answers.flush()
    time.sleep(60)


def _closed(answers: BinaryIO, _: Any, __: Any) -> None:
    answers.detach()
    os.closerange(0, 20)
    time.sleep(60)


def _but(change: Any) -> Any:
    """The answer with one part of it changed."""

    def write_changed(answers: BinaryIO, content: dict[str, Any], _: bytes) -> None:
        change(content)
        write(answers, content)

    return write_changed


def _letter(content: dict[str, Any], letter: str, place: int) -> None:
    letters = content["settled"][0][0]
    place %= len(letters)
    assert letters[place] != letter
    content["settled"][0][0] = letters[:place] + letter + letters[place + 1 :]


def _turn_import(content: dict[str, Any]) -> None:
    """What the first element's net takes from the case: the third of its nodes."""
    letters = content["settled"][1][0]
    content["settled"][1][0] = letters[:2] + {"t": "f", "f": "t"}[letters[2]] + letters[3:]


FAULTS: dict[str, Any] = {
    "killed": lambda *_: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda *_: os.kill(os.getpid(), signal.SIGSEGV),
    "stopped": lambda *_: os.kill(os.getpid(), signal.SIGSTOP),
    "spinning": _spin,
    "closed": _closed,
    "ended": lambda *_: os._exit(0),
    "garbage": lambda answers, *_: answers.write(b"\xff\x00{]garbage\n"),
    "nested": lambda answers, *_: answers.write(b"[" * 100_000 + b"\n"),
    "no object": lambda answers, *_: answers.write(b"[]\n"),
    "empty line": lambda answers, *_: answers.write(b"\n"),
    "half, then nothing": _half_then_nothing,
    "half, then the end": _half_then_end,
    "previous": _previous,
    "endless": _endless,
    "twice": lambda answers, _, line: answers.write(line * 2),
    "wrong digest": _but(lambda content: content.update(of="0" * 64)),
    "no digest": _but(lambda content: content.pop("of")),
    "wrong number": _but(lambda content: content.update(number=content["number"] - 1)),
    "more": _but(lambda content: content.update(outcome="allow")),
    "fewer nets": _but(lambda content: content["settled"].pop()),
    "fewer sessions": _but(lambda content: content["settled"][0].clear()),
    "fewer conditions": _but(lambda content: content["settled"][0].__setitem__(0, "t")),
    "no text": _but(lambda content: content["settled"][0].__setitem__(0, None)),
    "both ways": _but(lambda content: _letter(content, "b", -1)),
    "neither way": _but(lambda content: _letter(content, "-", -1)),
    "no start": _but(lambda content: _letter(content, "f", 0)),
    "other atom": _but(lambda content: _letter(content, "-", 1)),
    "other import": _but(_turn_import),
}
LIBRARY = {
    "drops an asserted fact": ("assert_facts", lambda handle, facts: (handle, json.dumps(json.loads(facts)[:-1]))),
    "drops a derived fact": ("assert_fact", lambda handle, _: (handle, '{"id":"x","c":"x","g":"x","sid":"x"}')),
}


def _break_library(name: str, change: Any) -> None:
    real = getattr(durable_rules_engine, name)

    def broken(handle: int, facts: str) -> Any:
        _, session = real(*change(handle, facts)) if is_due() else real(handle, facts)
        return 0, session

    setattr(durable_rules_engine, name, broken)


if FAULT == "dead at the start" and is_due():
    sys.exit(3)
if FAULT == "raises" and is_due():
    worker._Net.letters = lambda *_: 1 / 0
if FAULT == "loads another" and is_due():
    worker._Worker.answer = lambda *_: {"loaded": "another"}
if FAULT == "speaks first" and is_due():
    sys.stdout.write('{"of":"","number":1,"settled":[]}\n')
    sys.stdout.flush()
    time.sleep(0.05)
if FAULT in LIBRARY:
    _break_library(*LIBRARY[FAULT])
worker._write = changed
worker.main(SECONDS)
