"""Talking to a child that answers each line with a line of JSON."""

from __future__ import annotations

import json
import subprocess


def tell(child: subprocess.Popen, line: str) -> dict:
    child.stdin.write(line + "\n")
    child.stdin.flush()
    return json.loads(child.stdout.readline())
