"""The contender `written`: rule files by the book, read as text. `match` takes the first item that holds, `aggregate`
every one; conditions are evaluated by official CEL. No part of how a program is built or evaluated has a hand in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import yaml

from bench.agreement.expansion import Expansion, Form, replaced, type_named
from bench.agreement.official_cel import activation, element_name, message, official_cel
from bench.agreement.words import VOCABULARY
from engine.measures.match import Matcher
from engine.ownership import LOOK_THROUGH, SWITCH, resolve
from engine.policy.policy import Policy
from engine.program.expressions import Literal
from engine.program.scope import Constant, ListConstant
from engine.vocabulary import Type
from engine.vocabulary.derived import DerivedLists

Given = Mapping[str, Any]
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Makes texts of everything, as rule files have them."""
_DATA = frozenset(f"rules/{name}.yaml" for name in ("sources", "interpretations", "program", "law"))


class Written:
    """The rule files of a policy; what it takes from the policy is its places, its constants and its orders' clocks."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._cel = official_cel(policy.places.within, policy.world.attributes)
        files = {path: _read(text) for path, text in sorted(policy.files.items()) if path not in _DATA}
        self._constants = {name: _plain(value) for name, value in policy.world.constants.items()}
        self._definitions = {
            content["name"]: content for path, content in files.items() if path.startswith("rules/definitions/")
        }
        self._rule_sets = [
            content for path, content in files.items() if path.startswith("rules/") and "rule" in content
        ]
        self._uses: dict[tuple[str, ...], Expansion] = {}
        self._blocks: dict[int, Expansion] = {}
        self._conditions: dict[tuple[int, str], str] = {}
        orders = [content for path, content in files.items() if path.startswith("jurisdictions/measures/")]
        self._matcher = Matcher(policy.orders, self._by_text(orders))

    def findings(self, request: Mapping[str, Any]) -> list[str] | None:
        """The findings as `rule@pointer`, in file order; `rule@` alone where the file does not say where it points.

        None when no rule set for the action is in force that day.
        """
        action, as_of, facts = request["action"], request["as_of"], request["facts"]
        reading = self._policy.reading(SWITCH, LOOK_THROUGH)
        derived: dict[str, Any] = dict(resolve(facts.get("customer") or {}, reading))
        derived["measures"] = self._matcher.match(facts, as_of, action, derived)
        law = [one for one in self._rule_sets if action in one["actions"] and _in_force(one["effective"], as_of)]
        if not law:
            return None
        asked = _Asked(self, facts, derived, activation(facts, as_of, action, derived))
        return [
            f"{rule_set['name']}/{found}"
            for rule_set in law
            for found in asked.block(rule_set["rule"], self._used(rule_set.get("uses", ())))[0]
        ]

    def inside(self, block: Mapping[str, Any], around: Expansion) -> Expansion:
        """What names stand for inside a block."""
        if id(block) not in self._blocks:
            self._blocks[id(block)] = around.inside()
            self._blocks[id(block)].define(block.get("variables", ()))
        return self._blocks[id(block)]

    def holds(self, item: Mapping[str, Any], names: Expansion, given: Given, each: Mapping[str, Type]) -> bool:
        """Whether the condition of an item holds; always where it has none."""
        condition = item.get("condition", "true")
        key = (id(item), condition)
        if key not in self._conditions:
            stands = {name: element_name(type_.name) for name, type_ in each.items()}
            types = {element_name(type_.name): type_ for type_ in each.values()}
            self._conditions[key] = names.expanded(replaced(condition, stands), types)
        return self._cel.holds(self._conditions[key], given)

    def _used(self, uses: Sequence[str]) -> Expansion:
        """What the names of definitions files stand for, for a file that uses them."""
        key = tuple(uses)
        if key not in self._uses:
            made = Expansion(self._constants)
            for use in uses:
                content = self._definitions[use]
                own = self._used(content.get("uses", ())).inside()
                own.functions = {**own.functions}
                for function in content.get("functions", ()):
                    parameters = tuple((name, type_named(word)) for name, word in function["parameters"].items())
                    form = Form(parameters, own.expanded(function["expression"], dict(parameters)))
                    full = f"{use.rpartition('.')[2]}.{function['name']}"
                    own.functions[full] = [*own.functions.get(full, ()), form]
                    made.functions[full] = own.functions[full]
                own.define(content.get("variables", ()))
                made.variables |= {
                    variable["name"]: own.variables[variable["name"]] for variable in content.get("variables", ())
                }
            self._uses[key] = made
        return self._uses[key]

    def _by_text(self, orders: Sequence[Mapping[str, Any]]) -> Any:
        """Conditions of orders by their text, for a matcher that asks by the expression they became."""
        names = Expansion(self._constants)
        texts = {
            (order["id"], condition["id"]): names.expanded(condition["condition"], {})
            for order in orders
            for condition in order.get("conditions", ())
        }
        by_expression = {
            condition.expr: texts[order.id, condition.id]
            for order in self._policy.orders
            for condition in order.conditions
        }

        def holds_of(expr: Any) -> Any:
            text = by_expression[expr]
            return lambda facts, as_of, action, derived: self._cel.holds(
                text, activation(facts, as_of, action, derived)
            )

        return holds_of


@attrs.frozen
class _Element:
    """An element of a list: its pointer, what is in it, its type."""

    at: str
    content: Given
    type: Type


class _Asked:
    """One request, put to the blocks."""

    def __init__(self, written: Written, facts: Given, derived: DerivedLists, given: Given) -> None:
        self._written = written
        self._facts = facts
        self._derived = derived
        self._given = given

    def block(self, block: Mapping[str, Any], around: Expansion) -> tuple[list[str], bool]:
        """The findings, and whether a choice was made, as it always is in an aggregate."""
        names = self._written.inside(block, around)
        found: list[str] = []
        for item in block.get("match") or block["aggregate"]:
            inner, is_taken = self._item(item, names)
            found += inner
            if "match" in block and is_taken:
                return found, True
        return found, "aggregate" in block

    def _item(self, item: Mapping[str, Any], names: Expansion) -> tuple[list[str], bool]:
        if "for" in item:
            ((name, listed),) = item["for"].items()
            each = (self._each(item, names, name, element) for element in self._elements(listed))
            return [found for found in each if found is not None], True
        if not self._written.holds(item, names, self._given, {}):
            return [], False
        if "rule" in item:
            found, is_taken = self.block(item["rule"], names)
            return found, is_taken or "condition" in item
        return [f"{item['id']}@{_pointer(_points_at(item))}"], True

    def _each(self, item: Mapping[str, Any], names: Expansion, name: str, element: _Element) -> str | None:
        """The finding about one element, which the rule calls by that name."""
        type_ = element.type
        given = {**self._given, element_name(type_.name): message(type_.name, element.content)}
        if not self._written.holds(item, names, given, {name: type_}):
            return None
        head, _, rest = (_points_at(item) or name).partition(".")
        return f"{item['id']}@{element.at + _pointer(rest) if head == name else _pointer(_points_at(item))}"

    def _elements(self, listed: str) -> Iterator[_Element]:
        if listed in VOCABULARY.derived:
            type_ = VOCABULARY.derived[listed].type.element
            assert type_ is not None
            for element in self._derived[listed]:
                yield _Element(element.at, element, type_)
            return
        here: Any = self._facts
        type_ = None
        for n, name in enumerate(listed.split(".")):
            field = (VOCABULARY.records[type_.name].fields if n and type_ else VOCABULARY.facts)[name]
            here, type_ = (here or {}).get(name), field.type
        assert type_ is not None
        assert type_.element is not None
        for index, element in enumerate(here or ()):
            yield _Element(f"{_pointer(listed)}/{index}", element, type_.element)


def _read(text: str) -> Any:
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - builds only strings


def _points_at(item: Mapping[str, Any]) -> str:
    """The path that a finding points to; empty where the file leaves it to the engine."""
    return str(item.get("at") or next(iter(item.get("needs", ())), ""))


def _pointer(path: str) -> str:
    return "".join(f"/{name}" for name in path.split(".") if name)


def _in_force(effective: Mapping[str, str], as_of: str) -> bool:
    return effective["from"] <= as_of <= effective.get("until", "9999-12-31")


def _plain(constant: Constant) -> Any:
    """A switch or a value of the provider's program as plain data."""
    if isinstance(constant, ListConstant):
        return [item.value for item in constant.items]
    assert isinstance(constant, Literal)
    return constant.value
