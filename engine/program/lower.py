"""Checked CEL to expressions, refusing on the way whatever could fail on some facts.

One walk does three things that need each other: it recognises operations, it follows which facts are known to be
present (`has()` to the left guards a read to the right, as in flow typing), and it reports what no program may contain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from engine.language.cel import Compiled
from engine.language.complaints import plain_type
from engine.language.diagnostic import Diagnostic, suggest
from engine.program.expressions import (
    FALSE,
    TRUE,
    Arithmetic,
    Choose,
    Compare,
    DaysBetween,
    Element,
    Expr,
    Has,
    Literal,
    Member,
    Quantify,
    Read,
    Size,
    TextTest,
    Within,
    conjunction,
    disjunction,
    negation,
    path,
)
from engine.program.scope import REFUSED_FUNCTIONS, ListConstant, Lowered, Paths, Scope
from engine.vocabulary.descriptors import cel_type
from engine.vocabulary.model import BOOL, DATE, INT, NUMBER, STRING, Type

_COMPARISONS = {"_==_": "==", "_!=_": "!=", "_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">="}
_ARITHMETIC = {"_+_": "+", "_-_": "-", "_*_": "*"}
_FOLD: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_PLACE_HELP = "use an ISO 3166-1 alpha-2 or 3166-2 code, such as `GB`, or one declared in jurisdictions/places.yaml"
_OPAQUE = {"instant": "an instant", "object": "a free-form object"}
_NUMERIC = {"number", "pct"}
_ORDERED = {"number", "pct", "int", "date", "string"}
_FAULT = Type("fault")
"""The type of what cannot be used and has been reported: whoever comes upon it says nothing more."""


def lower(compiled: Compiled, scope: Scope, present: Paths | None, diagnostics: list[Diagnostic]) -> Lowered | None:
    """The expression with what it tells about presence; None when at least one diagnostic was added.

    `present` holds the paths known to be present where the expression stands; None means nothing is to be said about
    presence, because what guards the expression is itself at fault.
    """
    before = len(diagnostics)
    walk = _Walk(compiled, scope, diagnostics, silent=present is None)
    result = walk.result(compiled.root, present or frozenset(), {})
    scope.world.places[compiled.text] = walk.places
    return None if walk.rests_on_a_fault or len(diagnostics) > before else result


Locals = Mapping[str, Element]


class _Walk:
    def __init__(self, compiled: Compiled, scope: Scope, diagnostics: list[Diagnostic], *, silent: bool) -> None:
        self._compiled = compiled
        self._scope = scope
        self._diagnostics = diagnostics
        self._silent = silent
        self._reported: set[tuple[str, ...]] = set()
        self.rests_on_a_fault = False
        self.places: dict[int, tuple[int, Expr]] = {}

    def result(self, node: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        """The whole expression, which is used as a value."""
        lowered = self.condition(node, present, local)
        if isinstance(lowered.expr, ListConstant) or lowered.expr.type.kind in _OPAQUE:
            return self._refuse(
                node, f"this is {_OPAQUE.get(lowered.expr.type.kind, 'a list')}, and no value of its own"
            )
        return lowered

    # -- dispatch

    def visit(self, node: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401 - a run-time message class
        lowered = self._visit(node, present, local)
        self.places.setdefault(id(lowered.expr), (self._compiled.offset(node.id), lowered.expr))
        return lowered

    def _visit(self, node: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        match node.WhichOneof("kind"):
            case "const_expr":
                return self._constant(node)
            case "ident_expr":
                return self._name(node, node.ident_expr.name, local)
            case "select_expr":
                return self._select(node, present, local)
            case "call_expr":
                return self._call(node, present, local)
            case "comprehension_expr":
                return self._comprehension(node, present, local)
            case "list_expr":
                return self._refuse(node, "a list can only stand to the right of `in`")
            case _:
                return self._refuse(node, "a map or message cannot be built in a rule")

    def _value(self, node: Any, present: Paths, local: Locals) -> Expr:  # noqa: ANN401
        """A node whose value is used, not only its place: an optional fact must be known to be present."""
        expr = self._value_or_list(node, present, local)
        if isinstance(expr, ListConstant):
            return self._refuse(node, "a list of the program can only stand to the right of `in`, or in `size()`").expr
        return expr

    def _value_or_list(self, node: Any, present: Paths, local: Locals) -> Expr | ListConstant:  # noqa: ANN401
        return self._used(node, self.visit(node, present, local).expr, present)

    def _used(self, node: Any, expr: Expr | ListConstant, present: Paths) -> Expr | ListConstant:  # noqa: ANN401
        if expr.type.kind in _OPAQUE:
            help_ = "test it with `has()`" if isinstance(expr, Read) else None
            return self._refuse(node, f"what is in {_OPAQUE[expr.type.kind]} cannot be used in a rule", help_).expr
        if isinstance(expr, Read) and expr.type.kind != "record":
            self._require_present(node, expr, present)
        return expr

    def _require_present(self, node: Any, read: Read, present: Paths) -> None:  # noqa: ANN401
        where = path(read)
        assert where is not None
        if self._silent or self.rests_on_a_fault or where in present or where in self._reported:
            return
        if not self._scope.is_optional(read):
            return
        self._reported.add(where)
        shown = ".".join(self._scope.shown(where))
        help_ = f"test it first: `has({shown}) && ...`, or `!has({shown}) || ...`"
        self._report(node, "R306", f"`{shown}` may be absent here", help_)

    # -- leaves

    def _constant(self, node: Any) -> Lowered:  # noqa: ANN401
        constant = node.const_expr
        match constant.WhichOneof("kind"):
            case "bool_value":
                return Lowered(TRUE if constant.bool_value else FALSE)
            case "int64_value":
                return Lowered(Literal(constant.int64_value, INT))
            case "double_value" if math.isfinite(constant.double_value):
                return Lowered(Literal(constant.double_value, NUMBER))
            case "string_value":
                return Lowered(Literal(constant.string_value, STRING))
            case _:
                return self._refuse(node, "this constant has no use in a rule", "use a text, number or truth value")

    def _name(self, node: Any, name: str, local: Locals) -> Lowered:  # noqa: ANN401
        name = self._compiled.references.get(node.id, name)
        if name in local:
            return Lowered(local[name])
        try:
            found = self._scope.name(name)
        except KeyError:
            return self._refuse(node, f"`{name[:60]}` is no value", "compare facts, not their types")
        return found if found is not None else self._fault()

    def _select(self, node: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        if node.id in self._compiled.references:
            return self._name(node, "", local)
        select = node.select_expr
        record = self.visit(select.operand, present, local).expr
        if record.type == _FAULT:
            return self._fault()
        if record.type.kind != "record" or path(record) is None:
            return self._refuse(node, "fields can only be read along a path of facts")
        field = self._scope.vocabulary.records[record.type.name].fields[select.field]
        read = Read(record, field.name, field.type)
        if not select.test_only:
            return Lowered(read)
        where = path(read)
        assert where is not None
        known = frozenset(where[: n + 1] for n in range(1, len(where)))
        return Lowered(Has(read), when_true=known)

    # -- calls

    def _call(self, node: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        call = node.call_expr
        name = call.function
        match name:
            case "_&&_":
                return self._and(call.args, present, local)
            case "_||_":
                return self._or(call.args, present, local)
            case "!_":
                item = self.condition(call.args[0], present, local)
                return Lowered(negation(item.expr), when_true=item.when_false, when_false=item.when_true)
            case "_?_:_":
                return self._choose(node, present, local)
            case "@in":
                return self._member(node, present, local)
            case "size":
                target = call.target if call.HasField("target") else call.args[0]
                listed = self._value_or_list(target, present, local)
                if isinstance(listed, ListConstant):
                    return Lowered(Literal(len(listed.items), INT))
                return self._unless_faulty(Size(listed), listed)
            case "startsWith" | "endsWith" | "contains":
                text, part = self._value(call.target, present, local), self._value(call.args[0], present, local)
                return self._unless_faulty(TextTest(name, text, part), text, part)
            case "within":
                return self._within(call, present, local)
            case "has_attribute":
                return self._has_attribute(call, present, local)
            case "date":
                return self._date(node)
            case "calendar.days_between":
                start, end = (self._value(arg, present, local) for arg in call.args)
                return self._unless_faulty(DaysBetween(start, end), start, end)
        if name in _COMPARISONS:
            return self._compare(node, _COMPARISONS[name], present, local)
        if name in _ARITHMETIC:
            return self._arithmetic(node, _ARITHMETIC[name], present, local)
        if self._scope.is_function(name):
            return self._apply(node, present, local)
        return self._refuse(node, *REFUSED_FUNCTIONS.get(name, (f"`{name}` is not part of the rule language", None)))

    def condition(self, node: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        """A node that is used as a value, with what it tells about presence."""
        lowered = self.visit(node, present, local)
        if isinstance(lowered.expr, Read):
            self._require_present(node, lowered.expr, present)
        return lowered

    def _and(self, args: Collection[Any], present: Paths, local: Locals) -> Lowered:
        left, right = args
        first = self.condition(left, present, local)
        second = self.condition(right, present | first.when_true, local)
        return Lowered(
            conjunction((first.expr, second.expr)),
            when_true=first.when_true | second.when_true,
            when_false=first.when_false & (first.when_true | second.when_false),
            parts=(first.parts or (first.expr,)) + (second.parts or (second.expr,)),
        )

    def _or(self, args: Collection[Any], present: Paths, local: Locals) -> Lowered:
        left, right = args
        first = self.condition(left, present, local)
        second = self.condition(right, present | first.when_false, local)
        return Lowered(
            disjunction((first.expr, second.expr)),
            when_true=first.when_true & (first.when_false | second.when_true),
            when_false=first.when_false | second.when_false,
        )

    def _choose(self, node: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        test, then, otherwise = node.call_expr.args
        condition = self.condition(test, present, local)
        yes = self._value(then, present | condition.when_true, local)
        no = self._value(otherwise, present | condition.when_false, local)
        if _FAULT in {condition.expr.type, yes.type, no.type}:
            return self._fault()
        if isinstance(condition.expr, Literal):
            return Lowered(yes if condition.expr.value else no)
        return Lowered(Choose(condition.expr, yes, no, _common(yes.type, no.type)))

    def _compare(self, node: Any, operator: str, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        args = node.call_expr.args
        left, right = (self._value(arg, present, local) for arg in args)
        if _FAULT in {left.type, right.type}:
            return self._fault()
        for expr in (left, right):
            if expr.type.kind in {"list", "record"}:
                return self._refuse(node, f"a {expr.type.kind} cannot be compared", "compare its fields or elements")
            if operator not in {"==", "!="} and expr.type.kind not in _ORDERED:
                return self._misfit(node, f"`{operator}` cannot order {_said(expr.type)}", "use `==` or `in`")
        for literal, other, arg in ((right, left, args[1]), (left, right, args[0])):
            if isinstance(literal, Literal):
                self._check_word(arg, literal, other.type)
        ours, theirs = self._scope.words(left.type), self._scope.words(right.type)
        if ours is not None and theirs is not None and not ours & theirs:
            message = f"{_said(left.type)} is never {_said(right.type)}"
            self._report(node, "R308", message, None, length=len(operator))
        if isinstance(left, Literal) and isinstance(right, Literal):
            return Lowered(TRUE if _FOLD[operator](left.value, right.value) else FALSE)
        return Lowered(Compare(operator, left, right))

    def _member(self, node: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        left, right = node.call_expr.args
        item = self._value(left, present, local)
        if item.type.kind in {"record", "list"}:
            return self._misfit(node, f"`in` does not take {_said(item.type)}", "compare dates, texts or numbers")
        if right.WhichOneof("kind") != "list_expr":
            values = self._value_or_list(right, present, local)
            if _FAULT in {item.type, values.type}:
                return self._fault()
            if isinstance(values, ListConstant):
                return self._among(item, [right] * len(values.items), values.items)
            if not isinstance(values, Read) or values.type.element is None or values.type.element.kind == "record":
                return self._refuse(node, "`in` takes a list of constants, or a fact that is a list of texts")
            if isinstance(item, Literal):
                self._check_word(left, item, values.type.element)
            return Lowered(Member(item, values))
        elements = right.list_expr.elements
        literals = [self._value(element, present, local) for element in elements]
        if _FAULT in {item.type, *(literal.type for literal in literals)}:
            return self._fault()
        if not literals:
            self._report(right, "R308", "nothing is in an empty list", "name at least one constant")
        for element, literal in zip(elements, literals, strict=True):
            if not isinstance(literal, Literal):
                return self._refuse(element, "the list to the right of `in` holds something that is no constant")
            if cel_type(literal.type) != cel_type(item.type):
                return self._misfit(element, f"{_said(item.type)} is never {_said(literal.type)}", None)
        return self._among(item, elements, tuple(literal for literal in literals if isinstance(literal, Literal)))

    def _among(self, item: Expr, nodes: Collection[Any], constants: tuple[Literal, ...]) -> Lowered:
        for node, constant in zip(nodes, constants, strict=True):
            self._check_word(node, constant, item.type)
        if isinstance(item, Literal) or not constants:
            among = isinstance(item, Literal) and item.value in {constant.value for constant in constants}
            return Lowered(TRUE if among else FALSE)
        return Lowered(Member(item, constants))

    def _within(self, call: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        place = self.visit(call.target, present, local).expr
        region: Expr | ListConstant = self.visit(call.args[0], present, local).expr
        if _FAULT in {place.type, region.type}:
            return self._fault()
        if place.type.kind != "place":
            message = f"`within` asks where a place lies, and this is {_said(place.type)}"
            return self._misfit(call.target, message, "name a fact that is a place")
        self._used(call.target, place, present)
        if not isinstance(region, Literal | ListConstant):
            return self._refuse(call.args[0], "`within` takes a place written out", "such as `within('US')`")
        regions = region.items if isinstance(region, ListConstant) else (region,)
        for one in regions:
            self._check_word(call.args[0], one, Type("place"))
        names = [str(one.value) for one in regions]
        codes = frozenset[str]().union(*(self._scope.places_within(name) for name in names))
        if isinstance(place, Literal) or not codes:
            return Lowered(TRUE if isinstance(place, Literal) and place.value in codes else FALSE)
        return Lowered(Within(place, " ".join(names), codes))

    def _has_attribute(self, call: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        """What is recorded of a place, as the set of places of which that is recorded."""
        place = self.visit(call.target, present, local).expr
        name, value = (self.visit(arg, present, local).expr for arg in call.args)
        if _FAULT in {place.type, name.type, value.type}:
            return self._fault()
        if place.type.kind != "place":
            message = f"`has_attribute` asks what is recorded of a place, and this is {_said(place.type)}"
            return self._misfit(call.target, message, "name a fact that is a place")
        self._used(call.target, place, present)
        if not isinstance(name, Literal) or not isinstance(value, Literal):
            help_ = "such as `has_attribute('mutual_legal_assistance_treaty', 'in_force')`"
            return self._refuse(call.args[0], "`has_attribute` takes an attribute and a value written out", help_)
        attributes = self._scope.world.attributes
        if "attribute" in self._scope.world.excused:
            return self._fault()
        for word, known, arg in (
            (str(name.value), attributes.keys(), call.args[0]),
            (str(value.value), attributes.get(str(name.value), {}).keys(), call.args[1]),
        ):
            if word not in known:
                message = f"`{word[:60]}` is not recorded in jurisdictions/attributes.yaml"
                self._report(arg, "R309", message, suggest(word, known, "known") or "record it there, with its source")
                return _NOTHING
        codes = attributes[str(name.value)][str(value.value)]
        if isinstance(place, Literal):
            return Lowered(TRUE if place.value in codes else FALSE)
        return Lowered(Within(place, f"{name.value} {value.value}", codes))

    def _date(self, node: Any) -> Lowered:  # noqa: ANN401
        argument = node.call_expr.args[0]
        constant = argument.const_expr.string_value if argument.WhichOneof("kind") == "const_expr" else ""
        if not self._scope.is_date(constant):
            return self._refuse(argument, "`date` takes a day written out", "such as `date('2026-01-31')`")
        return Lowered(Literal(constant, DATE))

    def _arithmetic(self, node: Any, operator: str, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        left, right = (self._value(arg, present, local) for arg in node.call_expr.args)
        if _FAULT in {left.type, right.type}:
            return self._fault()
        if left.type.kind not in _NUMERIC or right.type.kind not in _NUMERIC:
            if left.type == INT:
                return self._refuse(node, f"`{operator}` of whole numbers can overflow", "use decimals, such as `2.0`")
            what = _said(left.type if left.type.kind not in _NUMERIC else right.type)
            return self._refuse(node, f"`{operator}` of {what} has no place in a rule", "compare, do not compute")
        return Lowered(Arithmetic(operator, left, right))

    def _apply(self, node: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        call = node.call_expr
        arguments = []
        for arg in call.args:
            expr = self._value(arg, present, local)
            if expr.type.kind == "record" and path(expr) is None:
                return self._refuse(arg, "a function takes a record by its path")
            arguments.append(expr)
        if any(expr.type == _FAULT for expr in arguments):
            return self._fault()
        try:
            applied = self._scope.apply(call.function, arguments)
        except KeyError:
            given = " and ".join(_said(expr.type) for expr in arguments)
            return self._misfit(node, f"`{call.function}` does not take {given}", "an instant is not a date")
        return applied if applied is not None else self._fault()

    # -- quantifiers

    def _comprehension(self, node: Any, present: Paths, local: Locals) -> Lowered:  # noqa: ANN401
        loop = node.comprehension_expr
        kind = _quantifier(loop)
        if kind is None:
            return self._refuse(node, "`map` and `filter` build lists", "say it with `exists`, `all` or `exists_one`")
        if self._scope.hides(loop.iter_var):
            self._hidden(node, loop.iter_var)
        over = self._value(loop.iter_range, present, local)
        if over.type == _FAULT:
            element = Element(self._scope.world.new_element(loop.iter_var), _FAULT)
            self.condition(_body(loop, kind), present, {**local, loop.iter_var: element})
            return self._fault()
        if over.type.element is None or path(over) is None:
            return self._refuse(node, f"`{kind}` runs over a fact that is a list")
        element = Element(self._scope.world.new_element(loop.iter_var), over.type.element)
        body = self.condition(_body(loop, kind), present, {**local, loop.iter_var: element})
        return Lowered(Quantify(kind, element, over, body.expr))

    # -- reports

    def _hidden(self, node: Any, name: str) -> None:  # noqa: ANN401
        typed = self._compiled.layout.name_after(self._compiled.offset(node.id))
        span = self._compiled.text.span_at(0 if typed is None else typed.start, len(name))
        self._diagnostics.append(Diagnostic("R205", f"`{name}` is the name of something else", span, "rename it"))

    def _check_word(self, node: Any, literal: Literal, type_: Type) -> None:  # noqa: ANN401
        words = self._scope.words(type_)
        if words is None or literal.type != STRING or literal.value in words:
            return
        if type_.kind == "place" and "place" in self._scope.world.excused:
            return
        code, what = ("R309", "place") if type_.kind == "place" else ("R308", f"value of `{type_.name}`")
        message = f"`{str(literal.value)[:60]}` is not a known {what}"
        help_ = _PLACE_HELP if type_.kind == "place" else suggest(str(literal.value), words, "known")
        self._report(node, code, message, help_)

    def _refuse(self, node: Any, message: str, help_: str | None = None) -> Lowered:  # noqa: ANN401
        self._report(node, "R305", message, help_)
        return _NOTHING

    def _misfit(self, node: Any, message: str, help_: str | None) -> Lowered:  # noqa: ANN401
        self._report(node, "R304", message, help_)
        return _NOTHING

    def _fault(self) -> Lowered:
        """Something that is itself at fault, which has been reported there."""
        self.rests_on_a_fault = True
        return _NOTHING

    def _unless_faulty(self, expr: Expr, *operands: Expr) -> Lowered:
        return self._fault() if any(operand.type == _FAULT for operand in operands) else Lowered(expr)

    def _report(self, node: Any, code: str, message: str, help_: str | None, *, length: int = 0) -> None:  # noqa: ANN401
        offset = self._compiled.offset(node.id)
        word = self._compiled.layout.word_at(offset, node.call_expr.function)
        span = self._compiled.text.span_at(word.start, length or word.end - word.start)
        self._diagnostics.append(Diagnostic(code, message, span, help_))


_NOTHING = Lowered(Literal(value=False, type=_FAULT))


def _said(type_: Type) -> str:
    """A type in plain words, with its article."""
    if type_.kind in {"place", "instant"}:
        return {"place": "a place", "instant": "an instant"}[type_.kind]
    if type_.kind == "enum":
        return plain_type(type_.name)
    return plain_type(cel_type(type_))


def _common(one: Type, other: Type) -> Type:
    """The type of what is one or the other, both of which CEL takes for the same."""
    if one == other:
        return one
    return {"double": NUMBER, "int": INT, "bool": BOOL}.get(cel_type(one), DATE if one.kind == "date" else STRING)


def _quantifier(loop: Any) -> str | None:  # noqa: ANN401
    """Which macro a comprehension came from: the library expands each to a fixed shape."""
    init = loop.accu_init.WhichOneof("kind")
    step = loop.loop_step.call_expr.function
    if init == "const_expr" and loop.accu_init.const_expr.WhichOneof("kind") == "bool_value":
        return {"_||_": "exists", "_&&_": "all"}.get(step)
    if init == "const_expr" and loop.accu_init.const_expr.WhichOneof("kind") == "int64_value":
        return "exists_one"
    return None


def _body(loop: Any, kind: str) -> Any:  # noqa: ANN401
    return loop.loop_step.call_expr.args[0 if kind == "exists_one" else 1]
