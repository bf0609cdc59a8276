"""What is done when evaluators do not agree: it goes on record, it is said, and a strict service is not ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import islice
from typing import Any, Final

import attrs
import orjson

from api.recorder import Recorder
from api.second_opinion.differences import Told, on_which, unsettled, who_says_what
from api.service_log import LOGGER
from engine.audit import DecisionLog, Entry, Receipt
from engine.opinion import Opinion

RELEASE: Final = version("ostiary")
MOST_COUNTED: Final = 100
"""Disagreements, when whoever asks waits for the answer."""


@attrs.frozen
class Alarm:
    """Tells of disagreements in the log, where every process and machine that shares it sees them.

    `decided_by` is the evaluator that decides.
    """

    log: DecisionLog
    recorder: Recorder
    decided_by: str

    def entry(
        self,
        decision: Entry | Receipt,
        document: Mapping[str, Any],
        opinions: Mapping[str, Opinion],
        *,
        is_withheld: bool,
    ) -> Entry:
        """The entry about a decision: the deciding evaluator's `document`, and the whole of every other opinion.

        Documents hold nothing of the facts: the engine has seen to it that others' say only what the policy can say.
        """
        fields = {
            "decision": {"id": decision.id, "leaf": f"sha256:{decision.leaf.hex()}", "withheld": is_withheld},
            "release": RELEASE,
            "opinions": self._shown(document, opinions),
        }
        as_of = document["policy"]["as_of"]
        return self.recorder.entry("opinions_differ", fields, as_of=as_of, goes_with=decision.id)

    def sound(self, decision: str, document: Mapping[str, Any], opinions: Mapping[str, Opinion]) -> None:
        """Say it where whoever watches over the service hears it: the decision's id, and who says what."""
        LOGGER.error(
            "evaluators differ on decision %s: %s; see the entry `opinions_differ` in the log, and do not trust what "
            "this program decides before you know which is right",
            decision,
            who_says_what(self._shown(document, opinions)),
        )

    def standing(self) -> str | None:
        """A sentence about the disagreements of this release since this program was activated, None without one.

        One that was settled does not count. That another evaluator of the same program took over changes nothing.
        Services with other programs or of other releases may share the log: what they say of themselves is passed over.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        own = list(islice(self._own_unsettled(), MOST_COUNTED))
        if not own:
            return None
        more = f" (the last {MOST_COUNTED} are counted)" if len(own) == MOST_COUNTED else ""
        return (
            f"evaluators differ {on_which(own)}{more}: {who_says_what(own[0].record['opinions'])}; look into it, then "
            "`ostiary log settle` it, or activate another program or release"
        )

    def _own_unsettled(self) -> Iterator[Told]:
        """The newest first."""
        for entry in unsettled(self.log, "policy_activated"):
            if entry.record["policy"] != self.recorder.policy:
                continue
            if entry.kind == "policy_activated":
                if self._follows_another(entry):
                    return
            elif entry.record["release"] == RELEASE:
                yield entry

    def _follows_another(self, activation: Told) -> bool:
        """Whether no activation, or that of another program, came before; and not the same under another evaluator."""
        before = self.log.last_of("policy_activated", before=activation.index)
        return before is None or orjson.loads(before.body)["policy"] != self.recorder.policy

    def _shown(self, document: Mapping[str, Any], opinions: Mapping[str, Opinion]) -> list[dict[str, Any]]:
        """All opinions as the entry has them, that of the deciding evaluator first."""
        own = {"evaluator": self.decided_by, "verdict": "decided", "reason": None, "decision": document}
        others = [
            {"evaluator": name, "verdict": one.verdict, "reason": one.why, "decision": one.document}
            for name, one in opinions.items()
        ]
        return [own, *others]
