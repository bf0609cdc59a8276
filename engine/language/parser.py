"""YAML nodes to rule files and definitions: CEL Policy with the legal tags, and nothing else."""

from __future__ import annotations

from collections.abc import Collection

from engine.language.diagnostic import Diagnostic
from engine.language.fields import Fields
from engine.language.rule_file import (
    EFFECTS,
    DefinitionsFile,
    EffectNode,
    FunctionNode,
    ItemNode,
    RuleFile,
    RuleNode,
    VariableNode,
)
from engine.language.source import Source, Text
from engine.language.yaml_nodes import Mapping, Node

_RULE_KEYS = ("id", "description", "variables", "match", "aggregate")
_NESTED = ("condition", "rule")
_EFFECT = ("id", "effect", "message", "condition", "section", "for", "needs", "at", "terms")
_NOT_HERE = {
    "output": "give `effect` and `message` instead",
    "explanation": "it belongs to `output`; give `message` instead",
    "imports": "the types of the vocabulary are always known",
    "verification": "invariants are not verified by this version, so they must not stand here as if they were",
}


def parse_rule_file(
    source: Source, node: Node, actions: Collection[str], diagnostics: list[Diagnostic]
) -> RuleFile | None:
    """One rule set, or None when too little is left to check; either way every mistake is reported."""
    top = _top(node, "a rule set", diagnostics)
    return None if top is None else _rule_file(top, source, actions)


def parse_definitions(source: Source, node: Node, diagnostics: list[Diagnostic]) -> DefinitionsFile | None:
    """One file of shared variables and functions, or None when it has no usable name."""
    top = _top(node, "a definitions file", diagnostics)
    if top is None:
        return None
    top.require(["name"], ["description", "uses", "variables", "functions"])
    name = top.name("name")
    if name is None:
        return None
    functions = [_function(fields) for fields in top.children("functions", "a function")]
    return DefinitionsFile(
        source=source,
        name=name,
        uses=top.texts("uses"),
        variables=_variables(top),
        functions=tuple(function for function in functions if function is not None),
    )


def _top(node: Node, what: str, diagnostics: list[Diagnostic]) -> Fields | None:
    if isinstance(node, Mapping):
        return Fields(node, what, diagnostics)
    diagnostics.append(Diagnostic("R203", f"{what} is not a mapping", node.span, "begin with `name: ...`"))
    return None


def _rule_file(top: Fields, source: Source, actions: Collection[str]) -> RuleFile | None:
    _refuse_plain_policy(top)
    required = ["name", "source", "section", "effective", "actions", "rule"]
    top.require(required, ["description", "uses", *_NOT_HERE])
    effective = top.child("effective", "`effective`")
    since: str | None = None
    until: str | None = None
    if effective is not None:
        effective.require(["from"], ["until"])
        since, until = effective.date("from"), effective.date("until")
        if since and until and until < since:
            text = effective.text("until")
            assert text is not None
            effective.report("R206", f"`until` is {until}, before `from`", text.span, "both days are inclusive")
    chosen = [top.as_word(word, "actions", actions) for word in top.texts("actions", one_is_list=True)]
    description = top.text("description")
    rule = top.child("rule", "`rule`")
    block = None if rule is None else _block(rule, inside_aggregate=False)
    if block is None:
        return None
    placeholder = Text("unnamed", source, 0, 1)
    return RuleFile(
        source=source,
        name=top.name("name") or placeholder,
        description="" if description is None else description.value.strip(),
        authority=top.text("source") or Text("", source, 0, 1),
        section=top.section("section") or Text("", source, 0, 1),
        effective_from=since or "0001-01-01",
        effective_until=until or "",
        actions=tuple(word.value for word in chosen if word is not None),
        uses=top.texts("uses", one_is_list=True),
        rule=block,
    )


def _refuse_plain_policy(fields: Fields) -> None:
    """Keys of CEL Policy that would be read over in silence in a rule set are refused."""
    for key, _ in fields.node.entries:
        if key.value in _NOT_HERE:
            fields.report("R209", f"`{key.value}` has no meaning in a rule set", key.span, _NOT_HERE[key.value])


def _variables(fields: Fields) -> tuple[VariableNode, ...]:
    found: dict[str, VariableNode] = {}
    for child in fields.children("variables", "a variable"):
        child.require(["name", "expression"], ["description"])
        name, expression = child.identifier(child.text("name")), child.text("expression")
        if name is None or expression is None:
            continue
        if name.value in found:
            child.report("R205", f"variable `{name.value}` is defined twice", name.span, "rename one of the two")
            continue
        found[name.value] = VariableNode(name, expression)
    return tuple(found.values())


def _function(fields: Fields) -> FunctionNode | None:
    fields.require(["name", "parameters", "expression"], ["description"])
    name, expression = fields.identifier(fields.text("name")), fields.text("expression")
    parameters = fields.child("parameters", "`parameters`")
    if name is None or expression is None or parameters is None:
        return None
    pairs = [
        (fields.identifier(parameter), fields.as_text(type_, "a parameter's type"))
        for parameter, type_ in parameters.node.entries
    ]
    if not pairs:
        fields.report("R203", "`parameters` is empty", parameters.node.span, "a function of nothing is a variable")
        return None
    usable = tuple((parameter, type_) for parameter, type_ in pairs if parameter is not None and type_ is not None)
    return FunctionNode(name, usable, expression) if len(usable) == len(pairs) else None


def _block(fields: Fields, *, inside_aggregate: bool) -> RuleNode | None:
    has_match, has_aggregate = fields.node.get("match") is not None, fields.node.get("aggregate") is not None
    fields.require([], _RULE_KEYS)
    if has_match == has_aggregate:
        found = "both `match` and `aggregate`" if has_match else "neither `match` nor `aggregate`"
        help_ = "`match` takes the first item that holds, `aggregate` every item that holds"
        if has_match or not any(key.value not in _RULE_KEYS for key, _ in fields.node.entries):
            fields.report("R203", f"a rule has {found}", fields.node.span, help_)
        return None
    if has_aggregate and inside_aggregate:
        help_ = "CEL Policy has no aggregate in an aggregate: put the outer condition into a `match` around both"
        fields.report("R210", "an `aggregate` stands inside an `aggregate`", fields.node.span, help_)
        return None
    key = "match" if has_match else "aggregate"
    inside = inside_aggregate or has_aggregate
    items = [_item(child, inside_aggregate=inside) for child in fields.children(key, f"an item of `{key}`")]
    return RuleNode(has_match, _variables(fields), tuple(item for item in items if item is not None))


def _item(fields: Fields, *, inside_aggregate: bool) -> ItemNode | None:
    _refuse_plain_policy(fields)
    condition = fields.text("condition")
    if fields.node.get("rule") is not None:
        fields.require(["rule"], ["condition", "description", *_NOT_HERE])
        child = fields.child("rule", "`rule`")
        block = None if child is None else _block(child, inside_aggregate=inside_aggregate)
        return None if block is None else ItemNode(condition, block, fields.node.span)
    is_plain = any(key.value in _NOT_HERE for key, _ in fields.node.entries)
    required = () if is_plain else ("id", "effect", "message")
    fields.require(required, [*_EFFECT, *_NESTED, "description", *_NOT_HERE])
    identifier, effect, message = fields.name("id"), fields.word("effect", EFFECTS), fields.text("message")
    item = EffectNode(
        id=identifier or _NOWHERE,
        effect=effect or _NOWHERE,
        message=message or _NOWHERE,
        section=fields.section("section"),
        each=fields.pair("for"),
        needs=fields.texts("needs", one_is_list=True),
        at=fields.text("at"),
        terms=fields.text("terms"),
    )
    return ItemNode(condition, item, fields.node.span)


_NOWHERE = Text("", Source("", ""), 0, 0)
