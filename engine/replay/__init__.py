"""Recorded decisions decided again: by the program that decided them, or by another one.

It is handed records and programs; where they are kept is not its business.
"""

from engine.replay.difference import Difference, RuleAt
from engine.replay.program import semantics_of, stored_policy
from engine.replay.recorded import NotReplayable, NotReplayableError, Reason, Recorded
from engine.replay.replay import PolicyOf, Replayed, Result, Withheld, compare, replay
from engine.replay.tally import Change, Examples, RuleChange, Tally, Unreplayed

__all__ = [
    "Change",
    "Difference",
    "Examples",
    "NotReplayable",
    "NotReplayableError",
    "PolicyOf",
    "Reason",
    "Recorded",
    "Replayed",
    "Result",
    "RuleAt",
    "RuleChange",
    "Tally",
    "Unreplayed",
    "Withheld",
    "compare",
    "replay",
    "semantics_of",
    "stored_policy",
]
