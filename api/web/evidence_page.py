"""The page of an evidence pack that people read: the record of a decision in words, beside the rules that made it.

It is made of the files of the pack alone, so it says the same whenever and wherever it is made. It loads nothing and
runs nothing: it is read from a disk, years later, by people whose machines do not let it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.audit.evidence import Evidence
from engine.audit.note import encode_base64, open_note
from engine.decision.decider import NO_LAW
from engine.opinion import DISAGREEMENT, NO_OPINION
from engine.policy.quote import Quotations, Quote, RuleQuote

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
MEANINGS = {
    "allow": "Nothing stood against it.",
    "restrict": "It was allowed under the conditions below.",
    "hold": "Not yet: something was missing, and supplying it could have changed the answer.",
    "review": "The rules did not settle it, or the facts conflicted: a person was to decide.",
    "deny": "It was refused.",
}


@attrs.frozen
class OfItself:
    """What is told of a finding that no rule made: what it means for the outcome, and how it came about.

    In `how`, `{next}` is the index of the entry that follows the decision's.
    """

    meaning: str
    how: str


OF_ITSELF = {
    NO_LAW: OfItself(
        "The rules say nothing of this action on that day: a person was to decide.",
        "No rule made this finding. It stands where the program has no rule set for the action that was in force on "
        "the day, so that silence is not taken for consent.",
    ),
    DISAGREEMENT: OfItself(
        "Evaluators of the rules came to different decisions, and none of these was given: a person was to decide.",
        "No rule made this finding. It stands in place of all that were found, because evaluators that were asked the "
        "same under the same rules did not come to the same decision. What each of them came to is in entry {next} of "
        "the log (opinions_differ), which was recorded together with this one and is not in this pack.",
    ),
    NO_OPINION: OfItself(
        "No other evaluator of the rules could check the decision, which was withheld: a person was to decide.",
        "No rule made this finding. It stands in place of all that were found, because no other evaluator that was "
        "asked had an opinion. What was found is not on record.",
    ),
}
"""By the id of the finding. Such a finding is the only one of its decision."""


@attrs.frozen
class Finding:
    """One reason: the rule as it answered, where the law says so, and the rule as it was written.

    `says` is the paragraph in the words of the rule files, `order` the file of the special measure it rests on; each is
    None where the files do not have it. `how` is how it came about where no rule made it, and None where one did.
    """

    rule: str
    effect: str
    section: str
    message: str
    at: str
    says: str | None
    quote: RuleQuote | None
    order_id: str
    order: Quote | None
    how: str | None

    @property
    def source(self) -> str:
        """The key of the source that the section is one of."""
        return self.section.partition("/")[0]

    @property
    def number(self) -> str:
        """The section in its source."""
        return self.section.partition("/")[2]


@attrs.frozen
class Need:
    """A fact that was missing: its JSON Pointer, and the JSON Schema of what to supply."""

    at: str
    schema: str


@attrs.frozen
class Source:
    """What the rules rest on: the key by which they cite it, and what `sources.yaml` says of it."""

    key: str
    title: str
    status: str
    url: str


@attrs.frozen
class Page:
    """Everything the template reads.

    `decision` is the decision as logged. `caller`, `places`, `subject` and `sealed_facts` are None where the entry has
    none, as those of before version 2; `time` is as logged, `decided` and `activated` in words.
    """

    id: str
    action: str
    time: str
    decided: str
    caller: str | None
    request_id: str | None
    places: tuple[str, ...] | None
    subject: str | None
    sealed_facts: str | None
    decision: Mapping[str, Any]
    meaning: str
    findings: tuple[Finding, ...]
    needs: tuple[Need, ...]
    duties: tuple[str, ...]
    sources: tuple[Source, ...]
    activated: str
    activation_index: int
    index: int
    leaf: str
    digest: str
    origin: str
    size: int
    root: str
    signers: tuple[str, ...]
    files: tuple[str, ...]
    is_bound: bool


def render_page(evidence: Evidence) -> bytes:
    """The page as UTF-8 HTML."""
    return _TEMPLATES.get_template("evidence.html").render(page=page_of(evidence)).encode()


def page_of(evidence: Evidence) -> Page:
    """What the page says of a decision."""
    record: dict[str, Any] = json.loads(evidence.entry.body)
    decision = record["decision"]
    quotations = Quotations(evidence.policy.files)
    # What led to the outcome first, and otherwise in the order of the decision.
    found = sorted(decision["findings"], key=lambda finding: finding["effect"] != decision["outcome"])
    findings = tuple(_findings(found, quotations, evidence.entry.index))
    _, signers = open_note(evidence.note, evidence.keys)
    return Page(
        id=record["id"],
        action=record["action"],
        time=record["time"],
        decided=_in_words(record["time"]),
        caller=record.get("caller"),
        request_id=record.get("request_id"),
        places=tuple(record["places"]) if "places" in record else None,
        subject=record.get("subject"),
        sealed_facts=record.get("sealed_facts"),
        decision=decision,
        meaning=_meaning(decision["outcome"], findings),
        findings=findings,
        needs=tuple(Need(need["at"], json.dumps(need["schema"], ensure_ascii=False)) for need in decision["needs"]),
        duties=tuple(json.dumps(duty, ensure_ascii=False, indent=2) for duty in decision["duties"]),
        sources=tuple(_sources(findings, quotations)),
        activated=_in_words(json.loads(evidence.activation.body)["time"]),
        activation_index=evidence.activation.index,
        index=evidence.entry.index,
        leaf=evidence.entry.leaf.hex(),
        digest=evidence.policy.digest.removeprefix("sha256:"),
        origin=evidence.note.partition("\n")[0],
        size=evidence.proof.size,
        root=encode_base64(evidence.proof.root),
        signers=tuple(verifier.text for verifier in signers),
        files=tuple(evidence.files()),
        is_bound=len(evidence.bound_files()) == len(evidence.policy.files),
    )


def _meaning(outcome: str, findings: tuple[Finding, ...]) -> str:
    of_itself = next((OF_ITSELF[finding.rule].meaning for finding in findings if finding.how is not None), None)
    return of_itself or MEANINGS[outcome]


def _findings(findings: list[dict[str, str]], quotations: Quotations, index: int) -> Iterator[Finding]:
    for finding in findings:
        order = finding.get("order", "")
        of_itself = OF_ITSELF.get(finding["rule"])
        yield Finding(
            rule=finding["rule"],
            effect=finding["effect"],
            section=finding["section"],
            message=finding["message"],
            at=finding["at"],
            says=quotations.paragraph(finding["section"]),
            quote=quotations.rule(finding["rule"]),
            order_id=order,
            order=quotations.order(order) if order else None,
            # One transaction: what tells of a disagreement follows the decision that was withheld for it.
            how=None if of_itself is None else of_itself.how.format(next=index + 1),
        )


def _sources(findings: tuple[Finding, ...], quotations: Quotations) -> Iterator[Source]:
    for key in sorted({finding.source for finding in findings}):
        told = quotations.source(key)
        # An overlay may name any address; only one that can do nothing but be visited becomes a link.
        url = told.get("url", "")
        yield Source(key, told.get("title", key), told.get("status", ""), url if url.startswith("https://") else "")


def _in_words(time: str) -> str:
    """An instant in UTC for people, to the second; the record has it to the microsecond."""
    instant = datetime.fromisoformat(time)
    return f"{instant.day} {instant:%B %Y, %H:%M:%S} UTC"
