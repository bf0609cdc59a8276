"""Signs and rotates in a process of its own what each line of input says, and answers in JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from signed_log import decision, signatory_of

from engine.audit import DecisionLog, LogUnavailable

directory = Path(sys.argv[1])
with DecisionLog.open(directory) as log:
    signatory = signatory_of(log, directory)
    commands = {
        "append": lambda: log.append(decision()).index,
        "sign": signatory.sign,
        "rotate": lambda: [verifier.text for verifier in signatory.rotate()],
    }
    for line in sys.stdin:
        try:
            answer = {"ok": commands[line.strip()]()}
        except LogUnavailable as unavailable:
            answer = {"unavailable": unavailable.reason}
        print(json.dumps(answer), flush=True)
