"""What other evaluators say to a decision, and what becomes of it when they do not agree.

No evaluator is believed on its own. Here is neither thread nor clock nor chance: whom to ask, and when, is told.
"""

from engine.opinion.opinion import NoneWhy, Opinion, Verdict, opinion
from engine.opinion.withheld import DISAGREEMENT, NO_OPINION, OBJECTIONS, objection_to, withheld

__all__ = [
    "DISAGREEMENT",
    "NO_OPINION",
    "OBJECTIONS",
    "NoneWhy",
    "Opinion",
    "Verdict",
    "objection_to",
    "opinion",
    "withheld",
]
