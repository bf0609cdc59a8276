"""A decision as text for a person at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import click

from api.problems import Problem
from engine.language.rendering import harmless

_WIDTH = 96
_COLOURS = {"allow": "green", "restrict": "yellow", "hold": "yellow", "review": "magenta", "deny": "red"}
_VERDICTS = {
    "allow": "allowed",
    "restrict": "allowed, with restrictions",
    "hold": "not yet: something is missing",
    "review": "not allowed: a person must decide",
    "deny": "refused",
}


def decision_text(action: str, document: Mapping[str, Any]) -> str:
    """Outcome, findings with their sections, what is needed, restrictions, and the policy that says so.

    Colour is in the text; `click.echo` takes it out where it is not wanted.
    """
    outcome, policy = document["outcome"], document["policy"]
    head = click.style(outcome.upper(), fg=_COLOURS[outcome], bold=True)
    blocks = [f"{head}  {action} on {policy['as_of']}: {_VERDICTS[outcome]}"]
    blocks += ["\n".join(_finding(finding)) for finding in document["findings"]]
    blocks += _list("Needed", (f"{need['at']}  {form(need['schema'])}" for need in document["needs"]))
    blocks += _list("Restrictions", (restriction["term"] for restriction in document["restrictions"]))
    status = policy["legal_status"].replace("_", " ")
    blocks.append(click.style(f"{policy['digest']}\n{status}; {policy['mode'].replace('_', ' ')}", dim=True))
    return "\n\n".join(blocks)


def problem_text(problem: Problem) -> str:
    """What is wrong with a request, and where."""
    lines = [printable(problem.detail)]
    for error in problem.errors:
        where = printable(error.pointer) or "the request"
        lines.append(f"  {where} {printable(error.detail)}" + (f"; {printable(error.help)}" if error.help else ""))
    return "\n".join(lines)


def printable(text: str) -> str:
    """The text as a terminal may show it within a line."""
    return harmless(text[:512]).translate({9: "\ufffd", 10: "\ufffd"})


def form(schema: Mapping[str, Any]) -> str:
    """A JSON Schema of a fact in a few words: `list of email`, `one of individual, entity`, `date`."""
    if schema.get("type") == "array":
        return f"list of {form(schema['items'])}"
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "object":
        names = ", ".join(schema.get("properties", ()))
        return f"object with {names}" if names else "object"
    words = {"boolean": "true or false", "string": "text", "integer": "whole number"}
    kind = str(schema.get("format") or schema.get("type") or "any value")
    return words.get(kind, kind)


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    effect = finding["effect"]
    margin = " " * 10
    first, *rest = textwrap.wrap(printable(finding["message"]), _WIDTH - len(margin)) or [""]
    yield "  " + click.style(f"{effect:<8}", fg=_COLOURS[effect], bold=True) + first
    yield from (margin + line for line in rest)
    yield margin + click.style(f"{finding['section']}  {finding['rule']}  at {finding['at'] or '/'}", dim=True)


def _list(title: str, items: Iterator[str]) -> list[str]:
    lines = [textwrap.fill(printable(item), _WIDTH, initial_indent="  ", subsequent_indent="    ") for item in items]
    return ["\n".join([click.style(title, bold=True), *lines])] if lines else []
