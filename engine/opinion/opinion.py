"""One evaluator's opinion of a decision that another one has made."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs
import orjson

from engine.decision.decider import Case, Decider
from engine.evaluators.evaluator import NoOpinionError
from engine.opinion.sound import is_sound


class Verdict(StrEnum):
    """What an opinion comes to."""

    SAME = "same"
    """It is the decision, byte for byte."""
    DIFFERENT = "different"
    """It is another decision."""
    NONE = "none"
    """There is no opinion."""


class NoneWhy(StrEnum):
    """Why there is no opinion."""

    UNABLE = "unable"
    """The evaluator says so itself: what it runs died, hung or answered nonsense."""
    DEFECT = "defect"
    """It failed in a way that nobody foresaw."""
    NONSENSE = "nonsense"
    """It answered with something that the rules cannot say."""
    LATE = "late"
    """It has not answered in time. The caller keeps the time: the engine has no clock."""


@attrs.frozen
class Opinion:
    """What an evaluator says.

    `document` is its decision, None where it has no opinion. Then `why` is the reason, and `error` what was raised: its
    text may quote facts.
    """

    verdict: Verdict
    document: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    why: NoneWhy | None = None
    error: BaseException | None = attrs.field(default=None, repr=False, eq=False)

    @classmethod
    def none(cls, why: NoneWhy, error: BaseException | None = None) -> Opinion:
        """That there is no opinion."""
        return cls(Verdict.NONE, None, why, error)


def opinion(decider: Decider, case: Case, mode: str, given: Mapping[str, Any]) -> Opinion:
    """What a decider with another evaluator says to a case on which the decision document `given` was made.

    Two decisions are the same when their documents have the same bytes. Whatever goes wrong is no opinion: it is about
    the evaluator, and the decision stands without it.
    """
    try:
        findings = decider.findings(case)
        document = decider.decision(case, findings, mode).document
        if orjson.dumps(document) == orjson.dumps(given):
            return Opinion(Verdict.SAME, document)
        is_opinion = is_sound(decider, findings)
    except NoOpinionError as error:
        return Opinion.none(NoneWhy.UNABLE, error)
    except Exception as error:  # noqa: BLE001 - an evaluator may fail in any way, and whoever asks goes on
        return Opinion.none(NoneWhy.DEFECT, error)
    return Opinion(Verdict.DIFFERENT, document) if is_opinion else Opinion.none(NoneWhy.NONSENSE)
