"""The second opinion as the service sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from api.second_opinion.afterwards import Afterwards, Given
from api.second_opinion.alarm import Alarm
from api.second_opinion.panel import Panel
from engine import Decider
from engine.decision.decider import Case
from engine.opinion import DISAGREEMENT, Opinion, objection_to, withheld


@attrs.frozen
class Checked:
    """The decision document to give, which is another than was made if there was an objection.

    `made` is the one that was made, and `opinions` are those on it, if evaluators differ.
    """

    document: dict[str, Any]
    made: Mapping[str, Any] | None = None
    opinions: Mapping[str, Opinion] = attrs.Factory(dict)


@attrs.frozen
class SecondOpinion:
    """Whom to ask, about which decisions, and when.

    `share` of all decisions, 0 to 1, are asked about after they were given; when it `is_strict`, every one is before.
    `random` gives numbers from 0 up to but not including 1.
    """

    panel: Panel
    alarm: Alarm
    afterwards: Afterwards
    share: float
    is_strict: bool
    random: Callable[[], float]

    def announcement(self) -> str | None:
        """Who decides and who is asked before each answer, for whoever starts the service; None where nobody is."""
        if not self.is_strict:
            return None
        *others, last = [f"`{name}`" for name in self.panel.names]
        asked = f"{', '.join(others)} and {last} are" if others else f"{last} is"
        return f"`{self.alarm.decided_by}` decides; {asked} asked before each answer"

    def check(self, decider: Decider, request: Mapping[str, Any], document: dict[str, Any]) -> Checked:
        """What to give in place of the decision document on a request: itself, unless strictness has an objection."""
        if not self.is_strict:
            return Checked(document)
        case = Case(request["action"], document["policy"]["as_of"], request["facts"])
        mode = document["policy"]["mode"]
        opinions = self.panel.ask(case, mode, document)
        objection = objection_to(opinions.values())
        if objection is None:
            return Checked(document)
        instead = withheld(decider, case, mode, objection).document
        return Checked(instead, document, opinions) if objection == DISAGREEMENT else Checked(instead)

    def is_chosen(self) -> bool:
        """Whether the next decision is one of those that are asked about after they were given."""
        return not self.is_strict and self.random() < self.share

    def offer(self, given: Given) -> None:
        """Ask about a decision that was given and chosen."""
        self.afterwards.offer(given)

    def obstacle(self) -> str | None:
        """Why a strict service should not be asked for decisions now, None if it may be. Raises LogUnavailable."""
        return self.alarm.standing() if self.is_strict else None

    def warnings(self) -> list[str]:
        """What should be known and keeps nothing from working. Raises LogUnavailable."""
        standing = None if self.is_strict else self.alarm.standing()
        silent = f"evaluator `{self.alarm.decided_by}`, which decides, had no answer when it was last asked"
        return [
            *([standing] if standing else []),
            *([silent] if self.panel.is_decider_silent else []),
            *self.panel.silent(),
        ]

    def close(self) -> None:
        """Finish what waits, in a short time, and ask no more."""
        self.afterwards.close()
        self.panel.close()
