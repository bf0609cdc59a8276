"""Forks an `ostiary serve` on the data directory of each line it reads: a start without the second that imports cost.

Before a service is ready it writes the child's process id on a line, and one more when the child is gone.
"""

from __future__ import annotations

import os
import sys

import api.cli.serve  # noqa: F401 - imported here, so that no child has to
from api.cli import main

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        print(os.getpid(), flush=True)
        main(["serve", "--port", "0", "--data", line.strip()])
    os.waitpid(child, 0)
    print(child, "is gone", flush=True)
