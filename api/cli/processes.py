"""Several processes that serve one socket: begun together, ended together, and replaced when one dies."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeAlias

import click

_SOON = 5.0
"""Seconds within which a process that gives up is taken to have been unable to start."""
_PAUSE = 0.5
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


Serve: TypeAlias = Callable[[int, Callable[[], None]], int]
"""Serves as process number so-and-so, calls what it is given once it is ready, and returns its exit code."""


def supervise(count: int, serve: Serve, has_ended: Callable[[int], None]) -> int:
    """Run `serve` in so many processes, numbered from 0; the exit code of the first to give up.

    `has_ended` is told the id of each that has ended, however it did.

    The others begin when number 0 is ready, so that what it looks into at its start is in order for all.

    A process that gives up soon after its start, such as over mistakes in the rules, ends all. One that is killed, or
    gives up later, is started again. SIGTERM and SIGINT are passed on, and then nothing is started again. If this
    process is killed, the others end.
    """
    return _Supervisor(serve, has_ended).run(count)


class _Supervisor:
    def __init__(self, serve: Serve, has_ended: Callable[[int], None]) -> None:
        self._serve = serve
        self._has_ended = has_ended
        self._running: dict[int, tuple[int, float]] = {}
        self._is_stopping = False
        # Nobody writes to it: it ends when this process does, however it dies.
        self._life, self._held = os.pipe()
        self._heard, self._ready = os.pipe()

    def run(self, count: int) -> int:
        for name in _SIGNALS:
            signal.signal(name, self._stop)
        # Where the program that started this one ignores it, nobody would be told of a process that has ended.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._start(0)
        if self._is_ready():
            for number in range(1, count):
                self._start(number)
        code = 0
        while self._running:
            process, status = os.wait()
            if process not in self._running:
                # Left behind by one of these, and given to this one as the first process of a container.
                continue
            number, began = self._running.pop(process)
            self._has_ended(process)
            if self._is_stopping:
                continue
            ended = os.waitstatus_to_exitcode(status)
            if ended > 0 and time.monotonic() - began < _SOON:
                code = ended
                self._stop(signal.SIGTERM, None)
            else:
                click.echo(f"process {number} ended ({ended}) and is started again", err=True)
                time.sleep(_PAUSE)
                self._start(number)
        return code

    def _start(self, number: int) -> None:
        sys.stdout.flush()
        # Held back until the new process has handlers of its own, or a signal to it would be taken as one to this one.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        if self._is_stopping:
            # Told while this one waited to start it again: nobody would tell the new one.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return
        process = os.fork()
        if process == 0:
            code = 1
            for name in _SIGNALS:
                signal.signal(name, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._held)
            threading.Thread(target=_end_with, args=(self._life,), name="parent", daemon=True).start()
            try:
                code = self._serve(number, lambda: os.close(self._ready))
            except click.ClickException as error:
                error.show()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        self._running[process] = (number, time.monotonic())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _is_ready(self) -> bool:
        """Wait for the first process; false if it ended instead, or all are to end."""
        os.close(self._ready)
        os.read(self._heard, 1)
        self._ready = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        return (
            not self._is_stopping
            and os.waitid(os.P_PID, next(iter(self._running)), os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        )

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._is_stopping = True
        for process in self._running:
            # It may have been waited for already, and not been taken out yet.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)


def _end_with(life: int) -> None:
    os.read(life, 1)
    os.kill(os.getpid(), signal.SIGTERM)
