"""Special-measure orders: what a file says, and the clocks that follow from it (7.307(a))."""

from __future__ import annotations

import datetime

import attrs

from engine.language.diagnostic import Diagnostic, has_errors
from engine.language.document import Document
from engine.measures.places import Places, place_help
from engine.program.definitions import check_expression
from engine.program.expressions import Expr, Has, Read, Root, children, path
from engine.program.finding import Need, pointer
from engine.program.rule_set import FactPath
from engine.program.scope import Scope

DAYS_TO_BIND = 180
"""No provider can be required to apply a measure before this many days after its issue: 7.307(a)(6)."""
DAYS_IN_FORCE = 365
"""Length of the period for which a measure is issued: 7.307(a)(5)."""


@attrs.frozen(eq=False)
class OrderCondition:
    """A condition of an order: met when the expression is true; `reads` are the facts it rests on."""

    id: str
    message: str
    expr: Expr
    reads: tuple[Need, ...]


@attrs.frozen
class Period:
    """Days in one state, up to `until` (ISO text, inclusive), from the end of the period before it."""

    until: str
    state: str


@attrs.frozen(eq=False)
class Order:
    """A special measure and the periods of its life; days are ISO text.

    `target_kind` is "jurisdiction" (then `places` are the place and all in it) or "person". `binding_on` is the first
    day on which it binds, `last_day` the last in force, empty when the end of an extension is not stated.
    """

    id: str
    kind: str
    target_kind: str
    target: str
    places: frozenset[str]
    issued_on: str
    binding_on: str
    last_day: str
    periods: tuple[Period, ...]
    conditions: tuple[OrderCondition, ...]
    file: str

    def state(self, as_of: str) -> str:
        """`not_issued`, a `measure_state` of the vocabulary while it is in force, or `lapsed`."""
        if as_of < self.issued_on:
            return "not_issued"
        return next((period.state for period in self.periods if as_of <= period.until), "lapsed")

    def binds(self, as_of: str) -> bool:
        """Whether providers have to apply it on a day."""
        return self.state(as_of) in {"binding", "extended", "extension_open"}


def check_order(document: Document, places: Places, scope: Scope, diagnostics: list[Diagnostic]) -> Order | None:
    """The order of a file that has the right shape, or None with the reason, and the section it breaks."""
    before = len(diagnostics)
    content = document.plain
    target_kind, target = next(iter(content["target"].items()))
    _check_content(document, places, diagnostics)
    periods = _periods(document, scope, diagnostics)
    conditions = [
        _condition(document, index, scope, diagnostics) for index in range(len(content.get("conditions", ())))
    ]
    if has_errors(diagnostics[before:]) or not periods:
        return None
    return Order(
        id=content["id"],
        kind=content["kind"],
        target_kind=target_kind,
        target=target,
        places=places.within.get(target, frozenset()) if target_kind == "jurisdiction" else frozenset(),
        issued_on=content["issued_on"],
        binding_on=_after(periods[0].until, 1),
        last_day="" if periods[-1].state == "extension_open" else periods[-1].until,
        periods=periods,
        conditions=tuple(condition for condition in conditions if condition is not None),
        file=document.source.name,
    )


def _check_content(document: Document, places: Places, diagnostics: list[Diagnostic]) -> None:
    content = document.plain
    target = content["target"].get("jurisdiction")
    if target is not None and target not in places.within:
        help_ = place_help(target, places.within.keys())
        span = document.span("target", "jurisdiction")
        diagnostics.append(Diagnostic("R403", f"`{target[:40]}` is not a known place", span, help_))
    elif target is not None and target in places.within.get("US", ()):
        message = f"`{target}` lies in the United States, and a measure is on a foreign jurisdiction (7.307(b)(1))"
        diagnostics.append(Diagnostic("R403", message, document.span("target", "jurisdiction"), None))
    if not str(content.get("finding", "")).strip():
        message = "the order states no finding, on which every measure rests (7.307(a)(3))"
        help_ = "write under `finding:` what was found about the jurisdiction or the person"
        diagnostics.append(Diagnostic("R403", message, document.span("finding"), help_))
    if (content["kind"] == "conditions") != ("conditions" in content):
        help_ = "a `prohibition` has none, an order of kind `conditions` at least one"
        message = "the order's kind and its list of conditions do not go together (7.307(b))"
        diagnostics.append(Diagnostic("R403", message, document.span("kind"), help_))
    _refuse_repeated_ids(document, diagnostics)


def _periods(document: Document, scope: Scope, diagnostics: list[Diagnostic]) -> tuple[Period, ...]:
    """The life of an order: issued, binding, and each extension published while it was in force (7.307(a)(5))."""
    issued = document.plain["issued_on"]
    # Q27: whether the day of issue is the first of the 365 days or the day before it.
    days = DAYS_IN_FORCE - (1 if scope.world.reading("Q27", "included") == "included" else 0)
    last = _after(issued, days)
    if last == _LAST_OF_ALL:
        message = f"an order of {issued} lapses on a day that no calendar here has"
        diagnostics.append(Diagnostic("R403", message, document.span("issued_on"), "write the day of issue"))
        return ()
    periods = [Period(_after(issued, DAYS_TO_BIND - 1), "issued_not_binding"), Period(last, "binding")]
    binds_anew = scope.world.reading("Q28", "not_for_extension") == "anew"
    for index, extension in enumerate(document.plain.get("extensions", ())):
        published, until = extension["published_on"], extension.get("until", _LAST_OF_ALL)
        wrong = _wrong_extension(issued, last, published, until)
        if wrong is not None:
            key, message, help_ = wrong
            diagnostics.append(Diagnostic("R403", message, document.span("extensions", index, key), help_))
            continue
        if binds_anew:
            periods.append(Period(min(_after(published, DAYS_TO_BIND - 1), until), "issued_not_binding"))
        periods.append(Period(until, "extended" if "until" in extension else "extension_open"))
        last = until
    return tuple(periods)


def _wrong_extension(issued: str, last: str, published: str, until: str) -> tuple[str, str, str | None] | None:
    """What is wrong with an extension: the key, the message and the help."""
    if published < issued:
        message = f"the extension was published on {published}, before the order was issued on {issued} (7.307(a)(5))"
        return "published_on", message, None
    if published > last:
        message = f"the extension was published on {published}, and the order lapsed after {last} (7.307(a)(5))"
        return "published_on", message, "an order that has lapsed needs a new determination"
    if until <= last:
        message = f"the extension ends on {until}, no later than what it extends, which ends on {last} (7.307(a)(5))"
        return "until", message, None
    return None


_LAST_OF_ALL = datetime.date.max.isoformat()


def _after(day: str, days: int) -> str:
    """So many days after a day, or the last day of all."""
    ordinal = datetime.date.fromisoformat(day).toordinal() + days
    return datetime.date.fromordinal(min(ordinal, datetime.date.max.toordinal())).isoformat()


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
