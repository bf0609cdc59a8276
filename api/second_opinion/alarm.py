"""What is done when evaluators do not agree: it goes on record, it is said, and a strict service is not ready."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import attrs
import orjson

from api.recorder import Recorder
from api.service_log import LOGGER
from engine.audit import DecisionLog, Entry, Receipt, StoredEntry
from engine.audit.entry import Kind
from engine.opinion import Opinion

RELEASE: Final = version("ostiary")
_KINDS: Final[tuple[Kind, ...]] = ("opinions_differ", "opinions_settled", "policy_activated")


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
        own = {"evaluator": self.decided_by, "verdict": "decided", "reason": None, "decision": document}
        others = [
            {"evaluator": name, "verdict": one.verdict, "reason": one.why, "decision": one.document}
            for name, one in opinions.items()
        ]
        fields = {
            "decision": {"id": decision.id, "leaf": f"sha256:{decision.leaf.hex()}", "withheld": is_withheld},
            "release": RELEASE,
            "opinions": [own, *others],
        }
        as_of = document["policy"]["as_of"]
        return self.recorder.entry("opinions_differ", fields, as_of=as_of, goes_with=decision.id)

    def sound(self, decision: str) -> None:
        """Say it where whoever watches over the service hears it."""
        LOGGER.error(
            "evaluators differ on decision %s: see the entry `opinions_differ` in the log, and do not trust what this "
            "program decides before you know which is right",
            decision,
        )

    def standing(self) -> str | None:
        """A sentence about the last disagreement of this release since this program was activated, None without one.

        One that was settled does not count. That another evaluator of the same program took over changes nothing.
        Services with other programs or of other releases may share the log: what they say of themselves is passed over.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        last, settled = self.log.last_of(*_KINDS), -1
        while last is not None and last.index > settled:
            record = orjson.loads(last.body)
            is_own = record["policy"] == self.recorder.policy
            match last.kind:
                case "opinions_settled":
                    settled = max(settled, record["entry"])
                case "policy_activated" if is_own and self._follows_another(last):
                    return None
                case "opinions_differ" if is_own and record["release"] == RELEASE:
                    return (
                        f"evaluators differ on decision {record['decision']['id']} (entry {last.index}); look into it, "
                        "then `ostiary log settle` it, or activate another program or release"
                    )
            last = self.log.last_of(*_KINDS, before=last.index)
        return None

    def _follows_another(self, activation: StoredEntry) -> bool:
        """Whether no activation, or that of another program, came before; and not the same under another evaluator."""
        before = self.log.last_of("policy_activated", before=activation.index)
        return before is None or orjson.loads(before.body)["policy"] != self.recorder.policy
