"""What a replay came to, as text for a person and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from api.cli.decision_text import printable
from api.cli.options import count
from engine import Policy
from engine.opinion import OBJECTIONS
from engine.policy.load import SEMANTICS
from engine.replay import Examples, Replayed, RuleChange, Tally
from engine.replay.difference import NO_OUTCOME, OUTCOMES

Semantics = Mapping[str, str | None]
"""The version of the language of each program in the log by its digest; None where that cannot be said."""

_CHANGES = {
    "fires": "Rules that fire newly",
    "silent": "Rules that no longer fire",
    "altered": "Rules that fire with another effect, section, message or place",
}
_TOLD = {"fires": "fires now", "silent": "no longer", "altered": "otherwise"}


def replay_text(tally: Tally, policy: Policy | None, semantics: Semantics) -> str:
    """A summary, and below it what is not the same: outcomes, rules, and why decisions could not be replayed.

    `policy` is the other program that was asked, if one was. Colour is in the text.
    """
    blocks = [_summary(tally, policy)]
    blocks += [_warning(text) for text in statements(tally, policy, semantics)]
    if tally.differ:
        blocks.append(_matrix(tally))
        blocks += _outcomes(tally)
        blocks += _rules(tally)
        blocks += _parts(tally)
        if policy is None:
            blocks += _decisions(tally)
    blocks += _withheld(tally)
    blocks += _unreplayed(tally)
    return "\n\n".join(blocks)


def replay_document(tally: Tally, policy: Policy | None, semantics: Semantics) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "program": None if policy is None else policy.digest,
        "semantics": SEMANTICS,
        "decisions": tally.total,
        "same": tally.same,
        "differ": tally.differ,
        "withheld": {objection: _examples(seen) for objection, seen in sorted(tally.withheld.items())},
        "not_replayable": tally.not_replayable,
        "statements": list(statements(tally, policy, semantics)),
        "programs": [
            {"digest": digest, "semantics": semantics.get(digest), "decisions": number}
            for digest, number in tally.programs.items()
        ],
        "outcomes": [
            {"before": before, "after": after, "decisions": number}
            for (before, after), number in sorted(tally.outcomes.items(), key=lambda one: _by_severity(*one[0]))
        ],
        "outcome_changes": [
            {"before": change.before, "after": change.after, **_examples(change.decisions)} for change in tally.changes
        ],
        "rule_changes": [
            {"change": one.change, "rule": one.rule.rule, "section": one.rule.section, **_examples(one.decisions)}
            for one in tally.rules
        ],
        "other_changes": [{"part": part, **_examples(seen)} for part, seen in tally.parts.items()],
        "reasons_not_replayable": [
            {"reason": one.reason, "detail": one.detail, **_examples(one.decisions)} for one in tally.unreplayed
        ],
    }


def statements(tally: Tally, policy: Policy | None, semantics: Semantics) -> Iterator[str]:
    """What must be known to read the figures: decisions made when the language meant something else."""
    if policy is None:
        return
    for digest, number in tally.programs.items():
        version = semantics.get(digest)
        if version is not None and version != SEMANTICS:
            yield (
                f"{count(number, 'decision')} on policy {digest} followed semantics `{version}` and this engine reads "
                f"`{SEMANTICS}`: a change may come from the engine and not from the program"
            )


def _summary(tally: Tally, policy: Policy | None) -> str:
    if not tally.total:
        return "no decisions to replay"
    differ = "differ" if policy is None else "would change"
    apart = sum(seen.count for seen in tally.withheld.values())
    figures = f"{tally.same:,} the same, {tally.differ:,} {differ}, {tally.not_replayable:,} not replayable"
    figures += f", {apart:,} withheld" if apart else ""
    colour = "green" if tally.same == tally.total else "red" if tally.differ and policy is None else "yellow"
    line = click.style(f"{count(tally.total, 'decision')} decided again: {figures}", fg=colour)
    return line if policy is None else f"{line}\n" + click.style(f"on policy {policy.digest}", dim=True)


def _warning(text: str) -> str:
    return click.style(text, fg="yellow")


def _title(text: str) -> str:
    return click.style(text, bold=True)


def _by_severity(before: str, after: str) -> tuple[int, int]:
    return OUTCOMES.index(before), OUTCOMES.index(after)


def _matrix(tally: Tally) -> str:
    """Recorded outcomes down, new ones across, with the number of decisions; what cannot occur here is left out."""
    rows = [one for one in OUTCOMES if any(before == one for before, _ in tally.outcomes)]
    columns = [one for one in OUTCOMES if any(after == one for _, after in tally.outcomes)]
    cells = [["recorded \\ now", *columns]]
    for before in rows:
        numbers = [tally.outcomes[before, after] for after in columns]
        cells.append([before, *(f"{number:,}" if number else "." for number in numbers)])
    head, *body = _aligned(cells, is_matrix=True)
    note = "none: not accepted as a request, as when it names a place that the program does not know"
    return "\n".join([_title(head), *body, *([note] if NO_OUTCOME in columns else [])])


def _outcomes(tally: Tally) -> Iterator[str]:
    """Each change of outcome, with the first decisions below it: these are what one looks at."""
    if not tally.changes:
        return
    heads = _aligned([[f"{one.before} -> {one.after}", f"{one.decisions.count:,}"] for one in tally.changes])
    lines = [_title("Outcomes that change, the worst first")]
    for head, one in zip(heads, tally.changes, strict=True):
        lines += [f"  {head}", *(f"      #{index}  {id_}" for index, id_ in one.decisions.first)]
        lines += ["      …"] if one.decisions.first and one.decisions.count > len(one.decisions.first) else []
    yield "\n".join(lines)


def _rules(tally: Tally) -> Iterator[str]:
    for change, title in _CHANGES.items():
        rows = [_rule(one) for one in tally.rules if one.change == change]
        if rows:
            yield _section(title, rows)


def _rule(one: RuleChange) -> list[str]:
    return [printable(one.rule.rule), f"{one.decisions.count:,}", printable(one.rule.section), _places(one.decisions)]


def _parts(tally: Tally) -> Iterator[str]:
    rows = [[printable(part), f"{seen.count:,}", _places(seen)] for part, seen in tally.parts.items()]
    if rows:
        yield _section("Other parts that change", rows)


def _decisions(tally: Tally) -> Iterator[str]:
    """The first decisions that differ, each with what differs about it."""
    for result in tally.differing:
        yield "\n".join(_decision(result))


def _decision(result: Replayed) -> Iterator[str]:
    found = result.difference
    outcome = found.before if found.before == found.after else f"{found.before} -> {found.after}"
    yield _title(f"#{result.index} {result.id}") + f"  {outcome}"
    for change, told in _TOLD.items():
        for rule in getattr(found, change):
            yield f"  {told}  {printable(rule.rule)}  {printable(rule.section)}"
    if found.parts == ("bytes",):
        yield "  it says the same in other bytes"
    elif found.parts:
        yield "  otherwise  " + ", ".join(map(printable, found.parts))


def _withheld(tally: Tally) -> Iterator[str]:
    rows = [
        [objection, f"{seen.count:,}", OBJECTIONS[objection], _places(seen)]
        for objection, seen in sorted(tally.withheld.items())
    ]
    if rows:
        yield _section("Withheld when they were made, for want of a second opinion", rows)


def _unreplayed(tally: Tally) -> Iterator[str]:
    rows = [[printable(one.detail), f"{one.decisions.count:,}", _places(one.decisions)] for one in tally.unreplayed]
    if rows:
        yield _section("Not replayable", rows)


def _places(seen: Examples) -> str:
    """Where in the log the decisions are that are known."""
    named = " ".join(f"#{index}" for index, _ in seen.first)
    return f"{named} …" if named and seen.count > len(seen.first) else named


def _examples(seen: Examples) -> dict[str, Any]:
    return {"decisions": seen.count, "examples": [{"index": index, "id": id_} for index, id_ in seen.first]}


def _section(title: str, rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([_title(title), *(f"  {line}" for line in _aligned(rows))])


def _aligned(rows: Sequence[Sequence[str]], *, is_matrix: bool = False) -> list[str]:
    """Rows as lines with their columns under each other, numbers to the right: the second column, in a matrix all."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if number == 1 or (number and is_matrix) else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
