"""Special-measure orders: what a file says, and the clocks that follow from it (7.307(a))."""

from __future__ import annotations

import datetime

import attrs

from engine.language.diagnostic import Diagnostic, has_errors, suggest
from engine.language.document import Document
from engine.measures.places import Places
from engine.program.definitions import check_expression
from engine.program.expressions import Expr, Has, Read, Root, children, path
from engine.program.finding import Need, pointer
from engine.program.rule_set import FactPath
from engine.program.scope import Scope

DAYS_TO_BIND = 180
"""No provider can be required to apply a measure before this many days after its issue: 7.307(a)(6)."""
LAST_DAY = 364
"""Days after issue of the last of the 365 days that begin on the day of issue: 7.307(a)(5)."""


@attrs.frozen(eq=False)
class OrderCondition:
    """A condition of an order: met when the expression is true; `reads` are the facts it rests on."""

    id: str
    message: str
    expr: Expr
    reads: tuple[Need, ...]


@attrs.frozen(eq=False)
class Order:
    """A special measure. Days are ISO text; it binds from `binding_on` to `last_day`, both inclusive.

    `target_kind` is "jurisdiction" (then `places` are the place and all in it) or "person".
    """

    id: str
    kind: str
    target_kind: str
    target: str
    places: frozenset[str]
    issued_on: str
    binding_on: str
    last_day: str
    conditions: tuple[OrderCondition, ...]
    file: str

    def state(self, as_of: str) -> str:
        """`not_issued`, `issued_not_binding`, `binding` or `lapsed` on a day."""
        if as_of < self.issued_on:
            return "not_issued"
        if as_of > self.last_day:
            return "lapsed"
        return "binding" if as_of >= self.binding_on else "issued_not_binding"


def check_order(document: Document, places: Places, scope: Scope, diagnostics: list[Diagnostic]) -> Order | None:
    """The order of a file that has the right shape, or None with the reason, and the section it breaks."""
    before = len(diagnostics)
    content = document.plain
    target_kind, target = next(iter(content["target"].items()))
    if target_kind == "jurisdiction" and target not in places.within:
        help_ = suggest(target, places.within.keys(), "such as")
        span = document.span("target", "jurisdiction")
        diagnostics.append(Diagnostic("R403", f"`{target[:40]}` is not a known place", span, help_))
    if (content["kind"] == "conditions") != ("conditions" in content):
        help_ = "a `prohibition` has none, an order of kind `conditions` at least one"
        message = "the order's kind and its list of conditions do not go together (7.307(b))"
        diagnostics.append(Diagnostic("R403", message, document.span("kind"), help_))
    issued = datetime.date.fromisoformat(content["issued_on"])
    if issued > datetime.date.max - datetime.timedelta(days=LAST_DAY):
        message = f"an order of {issued} lapses on a day that no calendar here has"
        diagnostics.append(Diagnostic("R403", message, document.span("issued_on"), "write the day of issue"))
        return None
    _refuse_repeated_ids(document, diagnostics)
    conditions = [
        _condition(document, index, scope, diagnostics) for index in range(len(content.get("conditions", ())))
    ]
    last_day = _last_day(document, issued, diagnostics)
    if has_errors(diagnostics[before:]):
        return None
    return Order(
        id=content["id"],
        kind=content["kind"],
        target_kind=target_kind,
        target=target,
        places=places.within.get(target, frozenset()) if target_kind == "jurisdiction" else frozenset(),
        issued_on=issued.isoformat(),
        binding_on=(issued + datetime.timedelta(days=DAYS_TO_BIND)).isoformat(),
        last_day=last_day.isoformat(),
        conditions=tuple(condition for condition in conditions if condition is not None),
        file=document.source.name,
    )


def _last_day(document: Document, issued: datetime.date, diagnostics: list[Diagnostic]) -> datetime.date:
    """The last day of force: the 365th, or the end of the last extension published in time (7.307(a)(5))."""
    last = issued + datetime.timedelta(days=LAST_DAY)
    for index, extension in enumerate(document.plain.get("extensions", ())):
        published = datetime.date.fromisoformat(extension["published_on"])
        until = datetime.date.fromisoformat(extension["until"])
        span = document.span("extensions", index, "published_on")
        if published < issued:
            message = f"the extension was published on {published}, before the order was issued on {issued}"
            diagnostics.append(Diagnostic("R403", message, span, None))
        elif published > last:
            message = f"the extension of {published} has no effect: the order lapsed after {last} (7.307(a)(5))"
            help_ = "an order that has lapsed needs a new determination"
            diagnostics.append(Diagnostic("R403", message, span, help_, "warning"))
        elif until <= last:
            message = f"the extension ends on {until}, no later than the order it extends ({last})"
            diagnostics.append(Diagnostic("R403", message, document.span("extensions", index, "until"), None))
        else:
            last = until
    return last


def _condition(document: Document, index: int, scope: Scope, diagnostics: list[Diagnostic]) -> OrderCondition | None:
    text = document.text("conditions", index, "condition")
    lowered, _ = check_expression(text, scope, frozenset(), diagnostics, expected="bool")
    if lowered is None:
        return None
    if _mentions_measures(lowered.expr):
        message = "the condition of an order cannot depend on which orders touch the case"
        diagnostics.append(Diagnostic("R403", message, text.span, "say it of the facts"))
        return None
    content = document.plain["conditions"][index]
    reads = {need.at: need for need in _reads(lowered.expr)}
    return OrderCondition(content["id"], " ".join(content["message"].split()), lowered.expr, tuple(reads.values()))


def _refuse_repeated_ids(document: Document, diagnostics: list[Diagnostic]) -> None:
    seen: set[str] = set()
    for index, condition in enumerate(document.plain.get("conditions", ())):
        if condition["id"] in seen:
            span = document.span("conditions", index, "id")
            message = f"condition `{condition['id']}` stands twice in this order"
            diagnostics.append(Diagnostic("R205", message, span, "rename one of the two"))
        seen.add(condition["id"])


def _mentions_measures(expr: Expr) -> bool:
    return (isinstance(expr, Root) and expr.name == "measures") or any(map(_mentions_measures, children(expr)))


def _reads(expr: Expr) -> list[Need]:
    """The facts whose absence an expression asks about."""
    if isinstance(expr, Has):
        where = path(expr.read)
        if where is not None and "#" not in where[0]:
            return [Need(pointer(FactPath(where, expr.read.type)), expr.read.type)]
    found: list[Need] = []
    for child in children(expr):
        if not isinstance(expr, Read):
            found.extend(_reads(child))
    return found
