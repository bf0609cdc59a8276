"""Where each shared value is computed: once, at the head of the innermost suite that encloses all its uses.

So a guard that fails skips the values that only its group needs, and nothing is computed twice. Facts and named values
are shared: reading an absent fact is harmless anywhere, and so is a named value that tests what it reads. One that
leaves this to a guard around it (a variable of a nested rule, a function of a text) is evaluated where it is used. What
runs over a list for each element of another is shared only where it is needed in any case, so that a guard can spare
its cost.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count

import attrs

from engine.evaluators.compiled.statements import Suite, expressions
from engine.program.expressions import And, Choose, Element, Expr, Has, Named, Or, Quantify, Read, Root, children
from engine.program.presence import Presence, is_total
from engine.program.scope import weight

_SELDOM = frozenset({"measures", "ownership_problems"})
"""Lists that most cases leave empty."""


def place_shared(body: Suite) -> None:
    """Fill `shared` of the suites, operands before what is made of them."""
    placing = _Placing()
    for suite, expr, is_certain in expressions(body):
        placing.use(expr, suite, frozenset(), is_certain=is_certain)
    placing.place()


@attrs.define(eq=False)
class _Uses:
    expr: Expr
    loop: Suite | None
    suites: list[Suite]
    certain: list[Suite]


class _Placing:
    def __init__(self) -> None:
        self._uses: dict[tuple[Expr, int], _Uses] = {}
        self._waiting: list[tuple[int, int, _Uses]] = []
        self._weights: dict[Expr, tuple[int, int]] = {}
        self._free: dict[Expr, frozenset[str]] = {}
        self._presence: dict[Expr, Presence] = {}
        self._serial = count()

    def use(self, expr: Expr, suite: Suite, bound: frozenset[str], *, is_certain: bool) -> None:
        """Note that a suite evaluates the expression, in any case or only when something else holds first.

        `bound` are the elements of the quantifiers around it.
        """
        free = self._free_elements(expr)
        if self._is_value(expr) and not free & bound:
            # Two loops over one list are two loops: what depends on an element is shared inside one of them only.
            # What only such lists ask for is computed where one has an element, which is seldom.
            loops = [above for above in _outwards(suite) if above.loop is not None]
            seldom = next((above for above in loops if above.loop and above.loop.names[0] in _SELDOM), None)
            loop = seldom or (loops[0] if loops and free else None)
            uses = self._uses.get((expr, id(loop)))
            if uses is None:
                uses = self._uses[expr, id(loop)] = _Uses(expr, loop, [], [])
                size, _ = weight(expr, self._weights)
                heapq.heappush(self._waiting, (-size, next(self._serial), uses))
            uses.suites.append(suite)
            if is_certain:
                uses.certain.append(suite)
            return
        self._use_operands(expr, suite, bound, is_certain=is_certain)

    def _use_operands(self, expr: Expr, suite: Suite, bound: frozenset[str], *, is_certain: bool) -> None:
        """What `&&`, `||`, `?:` and quantifiers do not evaluate first, they may not evaluate at all."""
        inside = bound | {expr.element.key} if isinstance(expr, Quantify) else bound
        for n, child in enumerate(children(expr)):
            first = n == 0 or not isinstance(expr, And | Or | Choose | Quantify)
            self.use(child, suite, inside, is_certain=is_certain and first)

    def place(self) -> None:
        """Largest first: once everything that may contain a value has been placed, all uses of the value are known."""
        placed: list[tuple[Expr, Suite]] = []
        while self._waiting:
            _, _, uses = heapq.heappop(self._waiting)
            home = _common(uses.suites)
            if uses.loop is None:
                home = _out_of_loops(home)
            is_certain = home in uses.certain
            spared = bool(self._free_elements(uses.expr)) and not is_certain and _is_costly(uses.expr)
            if (len(uses.suites) > 1 or home is not uses.suites[0]) and not spared:
                placed.append((uses.expr, home))
                self._use_operands(uses.expr, home, frozenset(), is_certain=is_certain)
            else:
                for suite in uses.suites:
                    self._use_operands(uses.expr, suite, frozenset(), is_certain=suite in uses.certain)
        for expr, home in reversed(placed):
            home.shared.append(expr)

    def _is_value(self, expr: Expr) -> bool:
        """Whether the expression means the same wherever it is computed."""
        if isinstance(expr, Has):
            # Whether a record says anything takes a look at each of its fields; whether a fact is there takes none.
            return expr.read.type.kind == "record"
        return isinstance(expr, Root | Read) or (isinstance(expr, Named) and is_total(expr, self._presence))

    def _free_elements(self, expr: Expr) -> frozenset[str]:
        if expr not in self._free:
            if isinstance(expr, Element):
                free = frozenset({expr.key})
            else:
                free = frozenset().union(*(self._free_elements(child) for child in children(expr)))
                free -= {expr.element.key} if isinstance(expr, Quantify) else set()
            self._free[expr] = free
        return self._free[expr]


def _is_costly(expr: Expr) -> bool:
    """Whether evaluating it runs over a list."""
    return isinstance(expr, Quantify) or any(_is_costly(child) for child in children(expr))


def _outwards(suite: Suite) -> Iterator[Suite]:
    while True:
        yield suite
        if suite.parent is None:
            return
        suite = suite.parent


def _common(suites: list[Suite]) -> Suite:
    """The innermost suite that encloses all of them."""
    first, *others = suites
    enclosing = list(_outwards(first))
    for other in others:
        theirs = {id(suite) for suite in _outwards(other)}
        enclosing = [suite for suite in enclosing if id(suite) in theirs]
    return enclosing[0]


def _out_of_loops(suite: Suite) -> Suite:
    """What does not depend on an element is computed before the loop."""
    outermost = [above for above in _outwards(suite) if above.loop is not None]
    if not outermost:
        return suite
    parent = outermost[-1].parent
    assert parent is not None
    return parent
