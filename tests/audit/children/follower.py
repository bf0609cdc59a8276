"""Does with one open log what each line of input says and answers in JSON; between them the test changes the world."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

from engine.audit import DecisionLog, Entry, LogUnavailable


class Follower:
    """A log and what can be asked of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = DecisionLog.open(directory)

    def append(self, name: str, kilobytes: str = "1", deadline: str = "5") -> int:
        entry = Entry(kind="decision", id=name, body=b"x" * (1024 * int(kilobytes)))
        return self.log.append(entry, deadline=float(deadline)).index

    def ready(self) -> str | None:
        return self.log.is_ready()

    def ids(self) -> list[tuple[int, str]]:
        return [(entry.index, entry.id) for entry in self.log.entries()]

    def reopen(self) -> None:
        self.log.close()
        self.log = DecisionLog.open(self.directory)

    def limit(self, size: str) -> None:
        most = resource.RLIM_INFINITY if size == "none" else int(size)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def become(self, user: str) -> None:
        os.setresuid(int(user), int(user), 0)


follower = Follower(Path(sys.argv[1]))
for line in sys.stdin:
    command, *arguments = line.split()
    try:
        answer = {"ok": getattr(follower, command)(*arguments)}
    except LogUnavailable as unavailable:
        answer = {"unavailable": unavailable.reason, "may_be_logged": unavailable.may_be_logged}
    print(json.dumps(answer), flush=True)
follower.log.close()
