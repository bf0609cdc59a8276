"""Which facts an account is asked for: `engine.decision.needs`, told for many accounts at once.

A fact is told by its pointer with `*` for the index of a list's element. Those of whoever counts as an owner stand
below `/owners/*`, whether that person is listed as an owner or found among the holders.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import attrs

from engine.decision.severity import is_allowed
from engine.evaluators.columnar.firings import Firing, Lack, Law
from engine.evaluators.columnar.folding import rewritten
from engine.evaluators.columnar.separating import Separating
from engine.program.expressions import Element, Expr, Quantify, conjunction, negation
from engine.program.finding import Need, pointer
from engine.program.rule_set import FactPath, Rule
from engine.simulation.result import OWNERS
from engine.vocabulary.model import Vocabulary

_LISTS = {"owners": OWNERS, "ownership_problems": "/customer/holders"}
"""Where the elements of derived lists stand; others are where their names say."""


@attrs.frozen(eq=False)
class OfElement(Lack):
    """A fact of an element that one firing asks for, of some element of which no other asks for more: that of firing
    `place`. What is part of something that is asked for as a whole is not told by itself."""

    place: int

    @property
    def said(self) -> Hashable:
        """See `Law.said`."""
        return super().said, self.place


def with_elements(law: Law, separating: Separating) -> Law:
    """The law, asking further what cannot be told from which rules apply: see `OfElement`."""
    return attrs.evolve(law, needs=(*law.needs, *_of_elements(law, separating)))


def demanded(law: Law, fired: Sequence[int], lacking: Sequence[int]) -> frozenset[str]:
    """The facts asked for where these firings apply and these facts are lacking, by places in the law.

    None when a finding stands against the account that no fact could remove.
    """
    lacks = [law.needs[place] for place in lacking]
    open_ = {(lack.place, lack.need.at) for lack in lacks if isinstance(lack, OfElement)}
    unsure = {(lack.place, lack.need.at) for lack in law.needs if isinstance(lack, OfElement)}
    wanted: set[str] = set()
    of_elements: set[str] = set()
    for place in fired:
        firing = law.firings[place]
        if not _stands_against(firing):
            continue
        of_order = {lack.need.at for lack in lacks if lack.order and lack.order == order_of(firing)}
        if not of_order and not firing.rule.needs:
            return frozenset()
        wanted |= of_order
        for need in firing.rule.needs:
            at = _pattern(firing.rule, need)
            if not _is_of_element(firing, need):
                wanted.add(at)
            elif (place, at) not in unsure or (place, at) in open_:
                of_elements.add(at)
    smallest = {at for at in wanted if not any(at.startswith(f"{one}/") for one in wanted)}
    return frozenset(smallest | of_elements)


def order_of(firing: Firing) -> str:
    """The order that a firing rests on, or nothing."""
    return "" if firing.touch is None else firing.touch.order.id


def fact_words(vocabulary: Vocabulary) -> dict[str, str]:
    """What each fact is, in the vocabulary's words, by its pointer without the index of lists."""
    words: dict[str, str] = {}
    waiting = [(f"/{name}", field) for name, field in (*vocabulary.roots.items(), *vocabulary.derived.items())]
    while waiting:
        at, field = waiting.pop()
        words[at] = field.about
        type_ = field.type.element or field.type
        # Records that hold each other would never end.
        if type_.kind == "record" and at.count("/") < len(vocabulary.records):
            waiting += [(f"{at}/{name}", inner) for name, inner in vocabulary.records[type_.name].fields.items()]
    return words


def _of_elements(law: Law, separating: Separating) -> Iterator[OfElement]:
    asking = [
        (place, firing, need)
        for place, firing in enumerate(law.firings)
        if _stands_against(firing)
        for need in firing.rule.needs
        if _is_of_element(firing, need)
    ]
    for place, firing, need in asking:
        at = _pattern(firing.rule, need)
        wider = [other for _, other, more in asking if at.startswith(f"{_pattern(other.rule, more)}/")]
        if wider:
            yield OfElement("", Need(at, need.type), separating.separated(_without(firing, wider)), place)


def _without(firing: Firing, wider: Sequence[Firing]) -> Expr:
    """Whether a firing applies to an element to which none of the wider ones does."""
    each = firing.rule.each
    assert each is not None
    others = [conjunction((other.guard, _at_element(other, each.element))) for other in wider]
    body = conjunction((firing.condition, *(negation(other) for other in others)))
    return conjunction((firing.guard, Quantify("exists", each.element, each.over, body)))


def _at_element(firing: Firing, element: Element) -> Expr:
    """The condition of a firing, of the element of another loop over the same list."""
    each = firing.rule.each
    assert each is not None
    own = each.element
    return rewritten(firing.condition, lambda part: element if part == own else None, {})


def _stands_against(firing: Firing) -> bool:
    return not is_allowed(firing.rule.effect)


def _is_of_element(firing: Firing, need: FactPath) -> bool:
    return firing.loops and need.below_element


def _pattern(rule: Rule, need: FactPath) -> str:
    if rule.each is None or not need.below_element:
        return pointer(need)
    name = "/".join(rule.each.names)
    return f"{_LISTS.get(name, f'/{name}')}/*{pointer(need)}"
