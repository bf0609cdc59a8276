"""The statutory factors of 7.307(b)(3) and (4), each with what the data shows of it, where it shows anything."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import yaml

from engine.measures.attributes import UNKNOWN, attributes_of
from engine.measures.order import Order
from engine.policy.files import JURISDICTIONS
from engine.policy.policy import Policy
from engine.simulation.dates import days_between
from engine.simulation.in_words import day_in_words, target_in_words
from engine.simulation.result import Count, Factor

TREATY = "mutual_legal_assistance_treaty"
"""What is recorded of a jurisdiction for 7.307(b)(3)(i)(C)."""
CHOICE = "choice"
"""The factors in choosing a measure, whatever it is on: 7.307(b)(4). Others are of a kind of target."""
_NAMED = re.compile(r"\{(\w+)(?: / (\w+)|(\(\)))?\}")
_LISTED = 5
"""Products of a sentence; the others are in the report's tables."""


@attrs.frozen
class FactorCounts:
    """What is counted for the factors, in accounts; None where it is not known, for want of labels, or suppressed.

    `there` are those located in the jurisdictions of the orders added, or had through a reseller located there, and
    `resold_there` the latter alone. `own` are accounts of the persons of the orders added, as customer or owner,
    `offered` those had through one of them as reseller. `asked` are accounts of which facts are asked under the
    candidate and not under the baseline. `days_binding` counts days. `caught_by_product` has words for products, and
    `caught_by_others` the title of each other candidate, with the malicious and the legitimate accounts it catches.
    `recorded` is what is recorded of the jurisdictions, as sentences (see `recorded_of`).
    """

    accounts: Count = None
    malicious: Count = None
    legitimate: Count = None
    there: Count = None
    there_malicious: Count = None
    resold_there: Count = None
    resold_there_malicious: Count = None
    own: Count = None
    own_malicious: Count = None
    offered: Count = None
    offered_malicious: Count = None
    offered_legitimate: Count = None
    caught: Count = None
    caught_legitimate: Count = None
    asked: Count = None
    days_binding: Count = None
    caught_by_product: Mapping[str, Count] = attrs.Factory(dict)
    caught_by_others: Mapping[str, tuple[Count, Count]] = attrs.Factory(dict)
    recorded: Sequence[str] = ()


def factors_of(kinds: Collection[str], counts: FactorCounts) -> list[Factor]:
    """The factors of orders on these kinds of target (`jurisdiction`, `person`), and those of choosing a measure."""
    return [
        Factor(section=said["section"], about=said["about"], shown=_shown(said["shown"], counts))
        for said in _said()
        if said["of"] in {*kinds, CHOICE}
    ]


def recorded_of(policy: Policy, orders: Collection[Order]) -> list[str]:
    """What `attributes.yaml` of a policy records of the jurisdictions that orders are on, for their factors.

    One sentence for each, with its source; none of a jurisdiction of which nothing is recorded.
    """
    files: Mapping[str, Any] = policy.identity["files"]
    spec = files.get(JURISDICTIONS + "attributes.yaml", {}).get(TREATY)
    found = []
    on = {order.target: target_in_words(order, policy) for order in orders if order.target_kind == "jurisdiction"}
    for target, name in on.items():
        value = attributes_of(target, policy.world.attributes).get(TREATY, UNKNOWN)
        if spec is None or value == UNKNOWN:
            continue
        sources = {
            f"{record['source']}, {day_in_words(str(record['as_of']))}": None
            for record in spec["recorded"]
            if record["value"] == value
        }
        found.append(f"{name}: {spec['values'][value].rstrip('.')} ({'; '.join(sources)})")
    return found


def days_binding(orders: Collection[Order]) -> int | None:
    """The days on which orders bind, the last one among them; None where they differ or have no end."""
    spans = {days_between(order.binding_on, order.last_day) + 1 if order.last_day else None for order in orders}
    return spans.pop() if len(spans) == 1 else None


@cache
def _said() -> Sequence[Mapping[str, Any]]:
    text = Path(__file__).with_name("factors.yaml").read_text("utf-8")
    loaded: Sequence[Mapping[str, Any]] = yaml.load(text, Loader=yaml.SafeLoader)
    return loaded


def _shown(sentences: Sequence[str], counts: FactorCounts) -> str | None:
    """The sentences of which everything is known, None when there is none."""
    told = [told for sentence in sentences if (told := _told(sentence, counts)) is not None]
    return " ".join(told) or None


def _told(sentence: str, counts: FactorCounts) -> str | None:
    values = [_value(named, counts) for named in _NAMED.finditer(sentence)]
    if None in values:
        return None
    rest = iter(values)
    return _NAMED.sub(lambda _: str(next(rest)), sentence)


def _value(named: re.Match[str], counts: FactorCounts) -> str | None:
    """What stands for a name, a share or a list; None when it is not known, or a share of nothing."""
    name, whole, is_list = named.groups()
    if is_list:
        return _LISTS[name](counts)
    count = getattr(counts, name)
    if whole is None or count is None:
        return None if count is None else f"{count:,}"
    return _share(count, getattr(counts, whole))


def _share(part: int, whole: Count) -> str | None:
    if not whole:
        return None
    percent = 100 * part / whole
    return "less than 0.1 percent" if 0 < percent < 0.05 else f"{percent:.1f} percent"


def _recorded(counts: FactorCounts) -> str | None:
    return " ".join(f"{sentence}." for sentence in counts.recorded) or None


def _products(counts: FactorCounts) -> str | None:
    known = {product: count for product, count in counts.caught_by_product.items() if count}
    most = sorted(known, key=lambda product: (-known[product], product))
    listed = [f"{product} {known[product]:,}" for product in most[:_LISTED]]
    listed += [f"others {sum(known[product] for product in most[_LISTED:]):,}"] if len(most) > _LISTED else []
    return ", ".join(listed) or None


def _others(counts: FactorCounts) -> str | None:
    told = [
        f"{title}, labelled malicious {malicious:,}, labelled legitimate {legitimate:,}"
        for title, (malicious, legitimate) in counts.caught_by_others.items()
        if malicious is not None and legitimate is not None
    ]
    return "; ".join(told) or None


_LISTS = {"recorded": _recorded, "products": _products, "others": _others}
