"""The corpus of the matrix: small programs with facts and what must be found, in `corpus/*.yaml`.

An entry has `conditions` (an aggregate of an item each; `each` makes them rules over a list), `rules` (a block, whose
items get what they lack), `sets` (several rule sets), or `choices` (a match that long, `open` when it has no last
choice). `variables`, `definitions` and `orders` stand beside any.

Each case has `facts` and `finds`: `item`, or `item@pointer`, in order, with the name of its set before it where there
are several; null where no law is in force. `needs`, `outcome`, `restrictions` and `orders` are compared where they are
said. `never` are items that find something in every case or in none; of every other, `test_matrix` asks for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import attrs
import orjson
import yaml
from small_rules import DAY, HEAD, files

from bench.agreement.base import ATTRIBUTES
from bench.agreement.contenders import Answer
from engine import Policy, load_files
from engine.program.expressions import Expr
from engine.program.rule_set import Block, RuleSet

_FILES = sorted(Path(__file__).with_name("corpus").glob("*.yaml"))


@attrs.frozen(eq=False)
class Case:
    """A request, and what must come of it."""

    request: Mapping[str, Any]
    expected: Mapping[str, Any]

    def misses(self, answer: Answer) -> str | None:
        """What is wrong with an answer; None when nothing is."""
        if answer.failure:
            return answer.failure
        finds = self.expected["finds"]
        wanted = ["ostiary.law/not-in-force"] if finds is None else [_in_its_set(one) for one in finds]
        is_vague = answer.document is None
        if len(wanted) != len(answer.findings) or not all(
            _is_found(one, found, is_vague=is_vague) for one, found in zip(wanted, answer.findings, strict=True)
        ):
            return f"found {list(answer.findings)} instead of {wanted}"
        return None if answer.document is None else self._differs(orjson.loads(answer.document))

    def _differs(self, document: Mapping[str, Any]) -> str | None:
        said = {
            "needs": [need["at"] for need in document["needs"]],
            "outcome": document["outcome"],
            "restrictions": [restriction["term"] for restriction in document["restrictions"]],
            "orders": [finding["order"] for finding in document["findings"] if "order" in finding],
        }
        wrong = [key for key in said if key in self.expected and self.expected[key] != said[key]]
        return f"{wrong[0]} are {said[wrong[0]]} instead of {self.expected[wrong[0]]}" if wrong else None


def _in_its_set(name: str) -> str:
    return name if "/" in name.partition("@")[0] else f"small/{name}"


def _is_found(wanted: str, found: str, *, is_vague: bool) -> bool:
    """Whether it is the rule wanted, at the pointer wanted where one is.

    `is_vague` allows that none is found: what makes no decision does not always tell one.
    """
    rule, _, at = wanted.partition("@")
    rule_found, _, at_found = found.partition("@")
    return rule == rule_found and (at in {"", at_found} or (is_vague and not at_found))


@attrs.frozen(eq=False, slots=False)
class Entry:
    """A program and its cases."""

    name: str
    content: Mapping[str, Any]

    @property
    def policy(self) -> Policy:
        """The program, loaded once."""
        return _policies()[self.name]

    @cached_property
    def conditions(self) -> list[tuple[str, Expr, RuleSet]]:
        """Each of `conditions` by its id, and as a program of its own: what stands beside it may hide a mistake."""
        (rule_set, *_) = self.policy.program
        if "conditions" not in self.content:
            return []
        return [
            (id_, item.condition.expr, attrs.evolve(rule_set, block=Block(is_match=False, items=(item,))))
            for id_, item in zip(self.content["conditions"], rule_set.block.items, strict=True)
        ]

    @cached_property
    def cases(self) -> list[Case]:
        """The cases, in order."""
        return [
            Case(
                {"action": case.get("action", "account.open"), "as_of": case.get("as_of", DAY), "facts": case["facts"]},
                case,
            )
            for case in self.content["cases"]
        ]


@cache
def entries() -> list[Entry]:
    """All entries of the corpus."""
    return [Entry(content["name"], content) for content in _contents()]


@cache
def _contents() -> list[dict[str, Any]]:
    return [content for path in _FILES for content in yaml.safe_load(path.read_text("utf-8"))]


class _Policies(dict[str, Policy]):
    def __missing__(self, name: str) -> Policy:
        content = next(content for content in _contents() if content["name"] == name)
        self[name] = load_files(_files(content))
        return self[name]


@cache
def _policies() -> _Policies:
    return _Policies()


def _files(content: Mapping[str, Any]) -> dict[str, str]:
    others: dict[str, Any] = {"jurisdictions__attributes": ATTRIBUTES}
    uses = {}
    if "definitions" in content:
        others["definitions__d"] = content["definitions"]
        uses = {"uses": [content["definitions"]["name"]]}
    for order in content.get("orders", ()):
        others[f"jurisdictions__measures__{order['id']}"] = _plain(order)
    sets = {
        name: {**HEAD, "name": name, **_plain(one), **uses, "rule": _completed(one["rule"], name)}
        for name, one in content.get("sets", {}).items()
    }
    if sets:
        first, *more = sets
        return files(sets[first], **{f"x_{name}": sets[name] for name in more}, **others)
    actions = {"actions": content["actions"]} if "actions" in content else {}
    return files({**HEAD, **actions, **uses, "rule": _completed(_block(content), "small")}, **others)


def _block(content: Mapping[str, Any]) -> dict[str, Any]:
    variables = [{"name": name, "expression": text} for name, text in content.get("variables", {}).items()]
    named = {"variables": variables} if variables else {}
    if "rules" in content:
        return {**named, **content["rules"]}
    if "choices" in content:
        names = [
            {"id": f"c{n}", "condition": f"has(customer.name) && customer.name == '{n}'"}
            for n in range(content["choices"])
        ]
        last = [] if content.get("open") else [{"id": "none", "at": "customer"}]
        return {"match": [*names, {"id": "entity", "condition": "has(customer.kind)"}, *last]}
    each = {"for": content["each"]} if "each" in content else {}
    items = [{"id": id_, "condition": condition, **each} for id_, condition in content["conditions"].items()]
    return {**named, "aggregate": items}


def _completed(block: Mapping[str, Any], set_name: str) -> dict[str, Any]:
    """The block with the effect and the message that its items lack."""
    kind = "match" if "match" in block else "aggregate"
    return {**block, kind: [_item(item, set_name) for item in block[kind]]}


def _item(item: Mapping[str, Any], set_name: str) -> dict[str, Any]:
    if "rule" in item:
        return {**item, "rule": _completed(item["rule"], set_name)}
    return {"effect": "deny", "message": f"This is {item['id']} of {set_name}.", **item}


def _plain(value: Any) -> Any:
    """With days as texts: YAML reads them as days."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool) or value is None else value.isoformat()
