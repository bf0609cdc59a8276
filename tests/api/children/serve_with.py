"""`ostiary` with other evaluators beside the compiled one: their names, joined by commas, come before its arguments."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.evaluators.registry import EVALUATORS

sys.path.insert(0, str(Path(__file__).parents[2]))
for name in EVALUATORS.keys() - {"compiled"}:
    del EVALUATORS[name]
EVALUATORS.update({name: f"{name}_evaluator" for name in sys.argv[1].split(",")})

from api.cli import main  # noqa: E402 - the command as it is when these are in the table

main(sys.argv[2:])
