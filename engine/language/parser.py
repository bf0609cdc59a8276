"""YAML nodes to rule files and definitions: CEL Policy with the legal tags, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sized

from engine.language.diagnostic import Diagnostic
from engine.language.fields import Fields, is_identifier
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
from engine.language.yaml_nodes import Mapping, Node, Sequence, Unread

_RULE_KEYS = ("id", "description", "variables", "match", "aggregate")
_NESTED = ("condition", "rule", "description")
_ITEM = ("id", "effect", "message")
_OPTIONAL = ("condition", "section", "for", "needs", "at", "terms", "description", "rule")
_NOT_HERE = {
    "output": "give `effect` and `message` instead",
    "explanation": "it belongs to `output`; give `message` instead",
    "imports": "the types of the vocabulary are always known",
    "verification": "invariants are not verified by this version, so they must not stand here as if they were",
}


def parse_rule_file(
    source: Source, node: Node, actions: Collection[str], diagnostics: list[Diagnostic]
) -> RuleFile | None:
    """One rule set, or None when the file holds none; either way every mistake is reported."""
    top = _top(node, "a rule set", diagnostics)
    return None if top is None else _rule_file(top, source, actions)


def parse_definitions(source: Source, node: Node, diagnostics: list[Diagnostic]) -> DefinitionsFile | None:
    """One file of shared variables and functions, or None when the file holds none."""
    top = _top(node, "a definitions file", diagnostics)
    if top is None:
        return None
    top.require(["name"], ["description", "uses", "variables", "functions"])
    functions = [_function(fields) for fields in top.children("functions", "a function")]
    variables = _variables(top)
    return DefinitionsFile(
        source=source,
        name=top.name("name"),
        uses=top.texts("uses", one_is_list=True),
        variables=variables,
        functions=tuple(function for function in functions if function is not None),
        hides_names=_hides(top, "variables", variables) or _hides(top, "functions", functions),
    )


def _top(node: Node, what: str, diagnostics: list[Diagnostic]) -> Fields | None:
    if isinstance(node, Mapping):
        return Fields(node, what, diagnostics)
    if not isinstance(node, Unread):
        diagnostics.append(Diagnostic("R203", f"{what} is not a mapping", node.span, "begin with `name: ...`"))
    return None


def _rule_file(top: Fields, source: Source, actions: Collection[str]) -> RuleFile:
    _refuse_plain_policy(top)
    top.require(["name", "source", "section", "effective", "actions", "rule"], ["description", "uses"], _NOT_HERE)
    since, until = _effective(top)
    chosen = [top.as_word(word, "actions", actions) for word in top.texts("actions", one_is_list=True)]
    description = top.text("description")
    section = top.section("section")
    if section is not None and section.value.startswith("("):
        help_ = "begin with the number, such as `7.302(d)`: there is no section above to add to"
        top.report("R207", f"the rule set's section `{section.value[:60]}` is not complete", section.span, help_)
    rule = top.child("rule", "`rule`")
    block = None if rule is None else _block(rule, inside_aggregate=False)
    return RuleFile(
        source=source,
        name=top.name("name") or Text("unnamed", source, 0, 1),
        description="" if description is None else description.value.strip(),
        authority=top.text("source") or Text("", source, 0, 1),
        section=section or Text("", source, 0, 1),
        effective_from=since or "0001-01-01",
        effective_until=until or "",
        actions=tuple(word.value for word in chosen if word is not None),
        uses=top.texts("uses", one_is_list=True),
        rule=block or RuleNode(is_match=False, variables=(), hides_names=True, items=()),
    )


def _effective(top: Fields) -> tuple[str | None, str | None]:
    effective = top.child("effective", "`effective`")
    if effective is None:
        return None, None
    effective.require(["from"], ["until"])
    since, until = effective.date("from"), effective.date("until")
    if since and until and until < since:
        text = effective.text("until")
        assert text is not None
        effective.report("R206", f"`until` is {until}, before `from`", text.span, "both days are inclusive")
    return since, until


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
        if name is None:
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
    pairs: list[tuple[Text | None, Text | None]] = []
    if parameters is not None:
        pairs = [
            (fields.identifier(parameter), fields.as_text(type_, "a parameter's type"))
            for parameter, type_ in parameters.node.entries
        ]
        if not pairs:
            span = parameters.node.span
            fields.report("R203", "`parameters` is empty", span, "a function of nothing is a variable")
    usable = tuple((parameter, type_) for parameter, type_ in pairs if parameter is not None and type_ is not None)
    if name is None:
        return None
    is_whole = len(usable) == len(pairs)
    return FunctionNode(name, usable if is_whole else (), expression if is_whole else None)


def _hides(fields: Fields, key: str, found: Sized) -> bool:
    """Whether more was written under a key than could be read, so that names may be unknown for that reason."""
    node = fields.get(key)
    if isinstance(node, Sequence):
        return any(not isinstance(item, Mapping) for item in node.items)
    return node is not None and not found


def _block(fields: Fields, *, inside_aggregate: bool) -> RuleNode | None:
    fields.require([], _RULE_KEYS)
    written = [key for key in ("match", "aggregate") if fields.get(key) is not None]
    help_ = "`match` takes the first item that holds, `aggregate` every item that holds"
    if not written:
        if all(key.value in _RULE_KEYS for key, _ in fields.node.entries):
            fields.report("R203", "a rule has neither `match` nor `aggregate`", fields.node.span, help_)
        return None
    if len(written) > 1:
        key_span = fields.key_span(written[1]) or fields.node.span
        fields.report("R203", "a rule has both `match` and `aggregate`", key_span, help_)
    if "aggregate" in written and inside_aggregate:
        help_ = "CEL Policy has no aggregate in an aggregate: put the outer condition into a `match` around both"
        key_span = fields.key_span("aggregate") or fields.node.span
        fields.report("R210", "an `aggregate` stands inside an `aggregate`", key_span, help_)
    inside = inside_aggregate or "aggregate" in written
    items = [
        _item(child, inside_aggregate=inside)
        for key in written
        for child in fields.children(key, f"an item of `{key}`")
    ]
    variables = _variables(fields)
    return RuleNode(written == ["match"], variables, _hides(fields, "variables", variables), tuple(items))


def _item(fields: Fields, *, inside_aggregate: bool) -> ItemNode:
    _refuse_plain_policy(fields)
    is_finding = any(fields.node.get(key) is not None for key in _ITEM)
    is_nested = fields.node.get("rule") is not None or (not is_finding and fields.means("rule", [*_ITEM, *_OPTIONAL]))
    if is_nested and is_finding:
        span = fields.key_span("rule") or fields.node.span
        help_ = "an item is a nested rule or a finding: put what is common into its `condition`"
        fields.report("R203", "an item has both a nested `rule` and a finding of its own", span, help_)
        fields.require([], [*_ITEM, *_OPTIONAL], _NOT_HERE)
    elif is_nested:
        fields.require(["rule"], _NESTED, _NOT_HERE)
    else:
        is_plain = any(key.value in _NOT_HERE for key, _ in fields.node.entries)
        fields.require(() if is_plain else _ITEM, [*_ITEM, *_OPTIONAL], _NOT_HERE)
    condition = fields.text("condition")
    is_broken = condition is None and fields.get("condition") is not None
    if is_nested:
        child = None if is_finding else fields.child("rule", "`rule`")
        block = None if child is None else _block(child, inside_aggregate=inside_aggregate)
        nothing = RuleNode(is_match=False, variables=(), hides_names=True, items=())
        return ItemNode(condition, is_broken, block or nothing, fields.node.span)
    return ItemNode(condition, is_broken, _effect(fields), fields.node.span)


def _effect(fields: Fields) -> EffectNode:
    identifier, effect, message = fields.name("id"), fields.word("effect", EFFECTS), fields.text("message")
    return EffectNode(
        id=identifier or _NOWHERE,
        effect=effect or _NOWHERE,
        message=message or _NOWHERE,
        section=fields.section("section"),
        each=fields.pair("for"),
        for_names=_introduced(fields.get("for")),
        needs=fields.texts("needs", one_is_list=True),
        asks=fields.get("needs") is not None,
        at=fields.text("at"),
        terms=fields.text("terms"),
    )


def _introduced(node: Node | None) -> tuple[str, ...] | None:
    """The names that a `for` introduces."""
    if node is None:
        return ()
    names = tuple(key.value for key, _ in node.entries) if isinstance(node, Mapping) else ()
    return names if names and all(is_identifier(name) for name in names) else None


_NOWHERE = Text("", Source("", ""), 0, 0)
