"""Settings to the second opinion: which evaluators there are beside the deciding one, and which of them work here."""

from __future__ import annotations

from collections.abc import Callable

from api.metrics import Metrics
from api.second_opinion.afterwards import Afterwards
from api.second_opinion.alarm import Alarm
from api.second_opinion.asked import AskedEvaluator
from api.second_opinion.panel import Panel
from api.second_opinion.second_opinion import SecondOpinion
from api.settings import Settings, SettingsError
from engine import Decider, Policy
from engine.evaluators.registry import evaluator_kind, for_services, make_evaluator


def panel_of(settings: Settings, policy: Policy, decided_by: str, metrics: Metrics) -> Panel:
    """The evaluators to ask: all that services ask but the one that decides. None of them is made before it is asked.

    Raises:
        SettingsError: every decision is to be checked, and none works on this machine.
    """
    wanted = settings.strict_second_opinion or settings.second_opinion > 0
    absence = {name: evaluator_kind(name).absence() for name in for_services() if wanted and name != decided_by}
    absent = {name: why for name, why in absence.items() if why is not None}
    if settings.strict_second_opinion and not absence.keys() - absent.keys():
        reasons = "".join(f"; `{name}`: {why}" for name, why in absent.items())
        raise SettingsError(
            f"OSTIARY_STRICT_SECOND_OPINION asks another evaluator than `{decided_by}` before every answer, and none "
            f"works here{reasons}. Make one work, or leave the setting out"
        )

    def maker(name: str) -> Callable[[], Decider]:
        return lambda: Decider(policy, evaluator=make_evaluator(name, policy.program))

    return Panel([AskedEvaluator(name, maker(name)) for name in absence if name not in absent], absent, metrics)


def second_opinion_of(
    settings: Settings, panel: Panel, alarm: Alarm, metrics: Metrics, random: Callable[[], float]
) -> SecondOpinion:
    """The second opinion that the settings ask for, by the evaluators of the panel."""
    return SecondOpinion(
        panel=panel,
        alarm=alarm,
        afterwards=Afterwards(panel, alarm, metrics),
        share=settings.second_opinion / 100 if panel.names else 0.0,
        is_strict=settings.strict_second_opinion,
        random=random,
    )
