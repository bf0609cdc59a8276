"""Live decisions decided again by the other evaluators, after the answer has gone out or, strictly, before it."""

from api.second_opinion.afterwards import Given
from api.second_opinion.alarm import Alarm
from api.second_opinion.second_opinion import Checked, SecondOpinion
from api.second_opinion.starting import panel_of, second_opinion_of

__all__ = ["Alarm", "Checked", "Given", "SecondOpinion", "panel_of", "second_opinion_of"]
