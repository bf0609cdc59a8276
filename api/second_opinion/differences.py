"""What the log says evaluators differed on, and what of it nobody has looked into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import orjson

from engine.audit import DecisionLog
from engine.audit.entry import Kind
from engine.opinion import Verdict


@attrs.frozen
class Told:
    """An entry of the log and what it tells."""

    index: int
    kind: str
    record: Mapping[str, Any] = attrs.field(repr=False)

    @property
    def decision(self) -> str:
        """Id of the decision that an entry `opinions_differ` is about."""
        name: str = self.record["decision"]["id"]
        return name


def told(log: DecisionLog, *kinds: Kind) -> Iterator[Told]:
    """The entries of these kinds, the newest first. Raises LogUnavailable."""
    before: int | None = None
    while (entry := log.last_of(*kinds, before=before)) is not None:
        yield Told(entry.index, entry.kind, orjson.loads(entry.body))
        before = entry.index


def unsettled(log: DecisionLog, *also: Kind) -> Iterator[Told]:
    """The entries `opinions_differ` that nobody has settled, the newest first, and those of other kinds among them.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    settled = -1
    for entry in told(log, "opinions_differ", "opinions_settled", *also):
        if entry.index <= settled:
            return
        if entry.kind == "opinions_settled":
            settled = max(settled, entry.record["entry"])
        else:
            yield entry


def on_which(entries: Sequence[Told]) -> str:
    """Which decisions they are on, of entries `opinions_differ`, the newest first: how many, and the last of them.

    "on decision 0198… (entry 97)" or "on 6 decisions since entry 41, the last decision 0198… (entry 97)".
    """
    last = f"decision {entries[0].decision} (entry {entries[0].index})"
    if len(entries) == 1:
        return f"on {last}"
    return f"on {len(entries):,} decisions since entry {entries[-1].index}, the last {last}"


def who_says_what(opinions: Iterable[Mapping[str, Any]]) -> str:
    """The outcomes of the `opinions` of an entry: "`compiled` says hold, `rete` allow".

    Whoever has no opinion is left out. Decisions with one outcome may differ in their findings.
    """
    own, *others = [opinion for opinion in opinions if opinion["decision"] is not None]
    outcome = own["decision"]["outcome"]
    said = [f"`{own['evaluator']}` says {outcome}"]
    for other in others:
        is_alike = other["verdict"] == Verdict.DIFFERENT and other["decision"]["outcome"] == outcome
        said.append(f"`{other['evaluator']}` {other['decision']['outcome']}{' by other findings' if is_alike else ''}")
    return ", ".join(said)
