"""Small policies for tests: one rule set, beside it a source, two switches and a provider's program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from engine import Decider, Policy, PolicyError, load_files
from engine.language.diagnostic import Diagnostic

SOURCES = "SRC: {title: A source, status: in_force}\nOLD: {title: An older source, status: superseded}\n"
INTERPRETATIONS = """
Q1: {question: Which?, section: "1.1", options: {narrow: less, wide: more}, chosen: narrow, reason: R,
     date: 2026-01-01, procedural: in tests}
Q2: {question: When?, section: "1.2", options: {early: before, late: after}, chosen: late, reason: R,
     date: 2026-01-01, procedural: in tests}
"""
PROGRAM = """
verification: {methods: [documentary]}
unverified: {pending: restrict, failed: deny, terms: [no training runs, one instance], redress: call us}
review: {interval_days: 365}
risk:
  elevated: {services: [], openings: [], information: [], customers: [], places: []}
  high: {services: [], openings: [], information: [], customers: [], places: [FR, DE]}
extra:
  date_of_birth: {products: [], from_tier: none}
  identification_number: {products: [], from_tier: none}
  nationalities: {products: [], from_tier: none}
  payment_source: {products: [], from_tier: none}
  purpose_of_use: {products: [compute], from_tier: high}
  second_method: {products: [], from_tier: none}
resellers: {closing: [no new accounts]}
training: {custom: {ops_over: 1.0e+26, gbit_s_over: 100, ops_s: 1.0e+20}}
"""
HEAD = {
    "name": "small",
    "source": "SRC",
    "section": "7.302(d)",
    "effective": {"from": "2024-01-29"},
    "actions": ["account.open"],
}
DAY = "2026-11-22"


def files(rules: str | Mapping[str, Any], **others: str | Mapping[str, Any]) -> dict[str, str]:
    """Texts by path: `rules` is the rule set; `definitions__d=...` adds `rules/definitions/d.yaml`."""
    texts = {
        "rules/sources.yaml": SOURCES,
        "rules/interpretations.yaml": INTERPRETATIONS,
        "rules/program.yaml": PROGRAM,
        "rules/small.yaml": _text(rules),
    }
    for name, content in others.items():
        path = name.replace("__", "/")
        texts[f"{path if path.startswith('jurisdictions/') else f'rules/{path}'}.yaml"] = _text(content)
    return texts


def rule_set(*items: Mapping[str, Any], kind: str = "aggregate", **keys: Any) -> dict[str, Any]:
    """A rule set of these items; other keys replace those of its head, or stand beside the items."""
    in_rule = {key: keys.pop(key) for key in ("variables",) if key in keys}
    return {**HEAD, **keys, "rule": {**in_rule, kind: list(items)}}


def item(id_: str = "a", condition: str | None = None, **keys: Any) -> dict[str, Any]:
    """An item that denies, unless it is said otherwise."""
    guard = {} if condition is None else {"condition": condition}
    return {"id": id_, **guard, "effect": "deny", "message": f"No, says {id_}.", **keys}


def variables(**expressions: str) -> list[dict[str, str]]:
    """The list under `variables`."""
    return [{"name": name, "expression": expression} for name, expression in expressions.items()]


def definitions(name: str = "definitions.d", functions: tuple[tuple[str, str, str], ...] = (), **keys: Any) -> dict:
    """A definitions file; each function is (name, "p: person, q: place", expression)."""
    made = [
        {"name": function, "parameters": dict(pair.split(": ") for pair in given.split(", ")), "expression": text}
        for function, given, text in functions
    ]
    return {"name": name, **({"functions": made} if made else {}), **keys}


def mistakes(rules: str | Mapping[str, Any], **others: str | Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with a policy; nothing when it loads."""
    try:
        load_files(files(rules, **others))
    except PolicyError as error:
        return error.diagnostics
    return ()


def mistakes_of(condition: str, **others: Any) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with one condition."""
    return mistakes(rule_set(item(condition=condition), **others))


def policy(rules: str | Mapping[str, Any], **others: str | Mapping[str, Any]) -> Policy:
    """A policy that loads."""
    return load_files(files(rules, **others))


def fired(made: Policy, facts: Mapping[str, Any], as_of: str = DAY, action: str = "account.open") -> list[str]:
    """The findings on a request, as `item` or `item@pointer`, in order."""
    decision = Decider(made).decide({"action": action, "as_of": as_of, "facts": facts}, "dry_run")
    return [f"{finding.rule.id.partition('/')[2]}@{finding.at}" for finding in decision.findings]


@cache
def plain_policy() -> Policy:
    """A policy with nothing of its own: for its world of names, places and switches."""
    return policy(rule_set(item()))


def _text(content: str | Mapping[str, Any]) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def as_yaml(content: Mapping[str, Any]) -> str:
    """The same as an author would lay it out."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
