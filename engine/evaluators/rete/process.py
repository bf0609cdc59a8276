"""The process of durable-rules, as its owner sees it: asked under a lock, given a deadline, replaced when in doubt."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from engine.evaluators.evaluator import NoOpinionError
from engine.evaluators.rete.answer import Answer, NonsenseError, Question, read_answer
from engine.evaluators.rete.net import Nets

_WORKER = Path(__file__).with_name("worker.py")
_LONGEST_ANSWER = 16 * 1024 * 1024
_LONGEST_FAULT = 200
_NETS_A_LIFE = 16
"""So many nets are kept whatever their size, lest a large policy be read anew for every question."""

Read = TypeVar("Read")


class FaultError(Exception):
    """What is wrong with the process, in words."""


class Process:
    """Asks the process, which it starts when first asked and again whenever that is called for. Safe between threads.

    `deadline_s` is for one attempt, the start of the process included; there are two. `command` is the program to run,
    with the seconds after which it is to give up as its last argument. After so many questions, or nets of so many
    characters, a new process takes over before the next question: the library never gives back a net it has read, and
    makes some 60 bytes of each character.
    """

    def __init__(
        self,
        deadline_s: float = 2.0,
        command: Sequence[str] | None = None,
        questions_a_life: int = 20_000,
        characters_a_life: int = 2_000_000,
    ) -> None:
        self._deadline_s = deadline_s
        self._questions_a_life = questions_a_life
        self._characters_a_life = characters_a_life
        # Not the modules beside it, but all that is installed: with `-I` nothing that is for one user alone.
        self._command = command or (sys.executable, "-P", str(_WORKER))
        self._lock = threading.Lock()
        self._life: _Life | None = None
        self._number = 0
        self.failures = 0
        self.last_failure = ""
        _PROCESSES.add(self)

    @property
    def pid(self) -> int | None:
        """The process id, when one has been started and not been given up."""
        life = self._life
        return None if life is None else life.popen.pid

    def ask(self, nets: Nets, question: Question, read: Callable[[Answer], Read]) -> Read:
        """What `read` makes of the answer; it raises NonsenseError when it cannot make anything of it.

        Raises:
            NoOpinionError: two processes, one after the other, did not answer, or not this question.
        """
        with self._lock:
            faults = []
            for _ in range(2):
                try:
                    return read(self._answer(nets, question))
                except (FaultError, NonsenseError) as error:
                    self.failures += 1
                    self.last_failure = str(error)
                    faults.append(self.last_failure)
                    self._end()
                except BaseException:
                    # Whoever interrupts a question does not wait for its answer; the next one must not get it.
                    self._end()
                    raise
        raise NoOpinionError(f"the rete process gave no opinion: {faults[0]}; started anew: {faults[1]}")

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._end()

    def _answer(self, nets: Nets, question: Question) -> Answer:
        until = time.monotonic() + self._deadline_s
        life = self._life
        if life is not None and self._is_spent(life):
            self._end()
            life = None
        if life is None:
            life = self._life = _Life(self._command, self._deadline_s)
        if nets.key not in life.loaded:
            said = life.exchange(f'{{"load":"{nets.key}","nets":{nets.text}}}', until)
            if said != {"loaded": nets.key}:
                raise NonsenseError("it loaded other rules")
            life.loaded[nets.key] = len(nets.text)
        self._number += 1
        asked = {"number": self._number, "key": nets.key, "asserted": question}
        said = life.exchange(json.dumps(asked, separators=(",", ":")), until)
        life.questions += 1
        if said.keys() != {"number", "settled"} or said["number"] != self._number:
            raise NonsenseError("it answered another question")
        return read_answer(said["settled"], nets, question)

    def _is_spent(self, life: _Life) -> bool:
        has_read_enough = len(life.loaded) > _NETS_A_LIFE and sum(life.loaded.values()) > self._characters_a_life
        return has_read_enough or life.questions >= self._questions_a_life

    def _end(self) -> None:
        life, self._life = self._life, None
        if life is not None:
            life.end()

    def after_fork(self) -> None:
        """Begin anew in a child: the process is the parent's, and the lock may be held by a thread that is gone."""
        self._lock = threading.Lock()
        life, self._life = self._life, None
        if life is not None:
            life.let_go()


_PROCESSES: weakref.WeakSet[Process] = weakref.WeakSet()


def _after_fork() -> None:
    for process in list(_PROCESSES):
        process.after_fork()


# Before the child has a second thread.
os.register_at_fork(after_in_child=_after_fork)


class _Life:
    """One process from its start to its end."""

    def __init__(self, command: Sequence[str], deadline_s: float) -> None:
        self._deadline_s = deadline_s
        try:
            self.popen = subprocess.Popen(  # noqa: S603 - our own program, or the one a test gives
                [*command, str(deadline_s)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # No secrets. A group of its own: an interrupt typed at the terminal is not for it.
                env={},
                cwd="/",
                process_group=0,
                bufsize=0,
            )
        except OSError as error:
            raise FaultError(f"it cannot be started: {error}") from error
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        self._to, self._from = self.popen.stdin, self.popen.stdout
        for pipe in (self._to, self._from):
            os.set_blocking(pipe.fileno(), False)
        self.loaded: dict[str, int] = {}
        self.questions = 0
        self._finalizer = weakref.finalize(self, _end, self.popen)

    def exchange(self, line: str, until: float) -> dict[str, Any]:
        """Send a line and take one back, which has to be an answer to this one."""
        sent = line.encode() + b"\n"
        said = self._exchange(sent, until)
        try:
            content = json.loads(said)
        except (ValueError, RecursionError) as error:
            raise NonsenseError("it answered nonsense") from error
        if not isinstance(content, dict) or content.pop("of", None) != hashlib.sha256(sent).hexdigest():
            raise NonsenseError("it answered nonsense, or another question")
        if "fault" in content:
            # Whatever it is, it goes into logs.
            fault = str(content["fault"])[:_LONGEST_FAULT].encode("ascii", "replace").decode()
            raise FaultError(f"it failed: {fault}")
        return content

    def end(self) -> None:
        """End the process, whatever it is doing, and leave nothing of it."""
        self._finalizer()

    def let_go(self) -> None:
        """Forget a process that is somebody else's child."""
        self._finalizer.detach()
        self._to.close()
        self._from.close()
        self.popen.returncode = 0  # nothing is left to wait for

    def _exchange(self, sent: bytes, until: float) -> bytes:
        unsent, said = memoryview(sent), bytearray()
        poll = select.poll()
        poll.register(self._from, select.POLLIN)
        poll.register(self._to, select.POLLOUT)
        while True:
            left = until - time.monotonic()
            events = dict(poll.poll(left * 1000)) if left > 0 else {}
            if not events:
                raise FaultError(f"no answer in {self._deadline_s} s")
            if self._from.fileno() in events:
                said += self._received()
                if len(said) > _LONGEST_ANSWER:
                    raise NonsenseError("its answer has no end")
                if said.endswith(b"\n"):
                    break
            elif self._to.fileno() in events:
                unsent = unsent[self._sent(unsent) :]
                if not unsent:
                    poll.unregister(self._to)
        if unsent or said.count(b"\n") > 1:
            raise NonsenseError("it answered before it was asked, or more than once")
        return bytes(said)

    def _sent(self, unsent: memoryview) -> int:
        try:
            return os.write(self._to.fileno(), unsent)
        except BlockingIOError:
            return 0
        except BrokenPipeError as error:
            raise FaultError(self._how_it_ended()) from error

    def _received(self) -> bytes:
        received = os.read(self._from.fileno(), 1 << 20)
        if not received:
            raise FaultError(self._how_it_ended())
        return received

    def _how_it_ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self.popen.wait(timeout=0.2)
            if status < 0:
                return f"it died with signal {-status} ({signal.strsignal(-status)})"
            return f"it ended with status {status}"
        return "it closed its pipe"


def _end(popen: subprocess.Popen[bytes]) -> None:
    """Kill, wait, close: no process and no descriptor is left."""
    popen.kill()
    popen.wait()
    for pipe in (popen.stdin, popen.stdout):
        if pipe is not None:
            pipe.close()
