"""What is decided when the opinions on a decision do not bear it out: no finding of it stands, a person decides."""

from __future__ import annotations

from collections.abc import Iterable

from engine.decision.decider import Case, Decider
from engine.decision.decision import Decision
from engine.decision.of_itself import finding_of_itself
from engine.opinion.opinion import Opinion, Verdict

DISAGREEMENT = "ostiary.opinion/disagreement"
"""Id of the finding that stands when an evaluator has decided otherwise."""
NO_OPINION = "ostiary.opinion/none"
"""Id of the finding that stands when no other evaluator had an opinion."""

OBJECTIONS = {
    DISAGREEMENT: "Two readings of the rules came to different answers; a person has to decide.",
    NO_OPINION: "The answer could not be checked by a second reading of the rules; a person has to decide.",
}
"""Why a decision is withheld: what each of these findings says, by its id."""


def objection_to(opinions: Iterable[Opinion]) -> str | None:
    """The id of the finding that takes the place of all others; None if the decision stands.

    It stands when an opinion is the same and none differs; that others have none does no harm then.
    """
    verdicts = {opinion.verdict for opinion in opinions}
    if Verdict.DIFFERENT in verdicts:
        return DISAGREEMENT
    return None if Verdict.SAME in verdicts else NO_OPINION


def withheld(decider: Decider, case: Case, mode: str, objection: str) -> Decision:
    """The decision on the case in place of the one that met with an objection, one of OBJECTIONS."""
    return decider.decision(case, [finding_of_itself(decider.policy, objection, OBJECTIONS[objection])], mode)
