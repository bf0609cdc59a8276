"""The resellers of a population, and who of them an account comes from."""

from __future__ import annotations

import attrs
import numpy as np
import pyarrow as pa

from engine.population.generate import made_up
from engine.population.generate.arrays import Columns, days, flags, lists, numerals, records, texts, words
from engine.population.generate.draws import Bools, Draws, Ints, Table
from engine.population.generate.setting import Setting

_SECTIONS = ("b", "c", "d", "e", "f")
_EVIDENCE = ("not_implemented", "no_good_faith", "training_report_breach")


@attrs.frozen(eq=False)
class Resellers:
    """All resellers: a column of each fact, and the resellers of each tier, first those of the United States."""

    columns: Columns
    us: tuple[Ints, ...]
    foreign: tuple[Ints, ...]


def resellers(setting: Setting) -> Resellers:
    """The resellers of a population, the same for all of its chunks."""
    draws = Draws(setting.seed, 0, "resellers/")
    us, foreign = (int(setting.distributions.chance(f"resellers.{kind}")) for kind in ("us", "foreign"))
    count = us + foreign
    is_us = np.arange(count) < us
    nobody = np.zeros(count, dtype=bool)
    tier = setting.words(draws, "resellers.tiers", nobody)
    tiers = setting.table("resellers.tiers").words
    columns = {
        "id": texts("reseller-", numerals(np.arange(1, count + 1))),
        "name": texts(
            words(made_up.FAMILY, draws.below("name", len(made_up.FAMILY), count)),
            " Hosting ",
            numerals(np.arange(1, count + 1)),
        ),
        "us_person": flags(is_us),
        "located_in": words(setting.places.words, _places(setting, draws, is_us)),
        "tier": pa.array(np.array([int(word) for word in tiers])[tier]),
        **_program(setting, draws, ~is_us),
        "evidence": _evidence(setting, draws, ~is_us),
        **_ended(setting, draws, ~is_us),
    }
    of_tiers = tuple(np.flatnonzero(tier == index) for index in range(len(tiers)))
    return Resellers(
        {f"reseller.{path}": column for path, column in columns.items()},
        us=tuple(_or_all(chosen[is_us[chosen]], np.flatnonzero(is_us)) for chosen in of_tiers),
        foreign=tuple(_or_all(chosen[~is_us[chosen]], np.flatnonzero(~is_us)) for chosen in of_tiers),
    )


def _or_all(chosen: Ints, all_: Ints) -> Ints:
    return chosen if len(chosen) else all_


def reseller_columns(setting: Setting, draws: Draws, pool: Resellers, malicious: Bools) -> Columns:
    """The reseller of each account: nobody, where the provider supplies it directly."""
    count = len(malicious)
    supply = setting.table("resellers.supply")
    chosen = setting.words(draws, "resellers.supply", malicious)
    by_us, by_foreign = (np.isin(chosen, supply.index(word)) for word in ("us_reseller", "foreign_reseller"))
    tier = setting.words(draws, "resellers.tiers", malicious)
    drawn = draws.uniform("reseller", count)
    # Some resellers have more accounts than others. Roots and products come out alike on every machine, powers may not.
    rank = drawn * np.sqrt(drawn)
    index = np.zeros(count, dtype=np.int64)
    for kind, groups in ((by_us, pool.us), (by_foreign, pool.foreign)):
        for number, group in enumerate(groups):
            rows = kind & (tier == number)
            index[rows] = group[(rank[rows] * len(group)).astype(np.int64)]
    taken = pa.array(index, mask=~(by_us | by_foreign))
    return {path: column.take(taken) for path, column in pool.columns.items()}


def _places(setting: Setting, draws: Draws, is_us: Bools) -> Ints:
    """Resellers of the United States are there and foreign ones are not, as far as the table of places has any such."""
    places: Ints = np.zeros(len(is_us), dtype=np.int64)
    weights = setting.distributions.weights("places")
    for name, kind, wanted in (("us", is_us, setting.is_us), ("foreign", ~is_us, ~setting.is_us)):
        allowed = {code: weight * there for (code, weight), there in zip(weights.items(), wanted, strict=True)}
        table = Table.of(allowed, allowed) if any(allowed.values()) else setting.places
        drawn = draws.words(f"places.{name}", table, np.zeros(len(is_us), dtype=bool))
        places[kind] = drawn[kind]
    return places


def _program(setting: Setting, draws: Draws, foreign: Bools) -> Columns:
    count = len(foreign)
    written = foreign & ~setting.happens(draws, "resellers.without_program", count)
    collected = setting.today - 30 - draws.below("collected", 500, count)
    sections = np.where(written, len(_SECTIONS), 0)
    return {
        "program.written": flags(written, foreign),
        "program.collected_on": days(collected, written),
        "program.reviewed_on": days(collected + 5, written),
        "program.meets": lists(pa.array(_SECTIONS * int(written.sum()), pa.string()), sections),
        "department_notified_on": days(collected + 20, written),
    }


def _evidence(setting: Setting, draws: Draws, foreign: Bools) -> pa.Array:
    """Evidence against some of the foreign resellers, put right by half of them."""
    counts = (foreign & setting.happens(draws, "resellers.evidence", len(foreign))).astype(np.int64)
    count = int(counts.sum())
    received = setting.today - 5 - draws.below("evidence.received", 90, count)
    remediated = draws.happens("evidence.remediated", 0.5, count)
    known = ~remediated & draws.happens("evidence.known", 0.3, count)
    fields = {
        "kind": words(_EVIDENCE, draws.below("evidence.kind", len(_EVIDENCE), count)),
        "received_on": days(received),
        "identified_on": days(received),
        "remediated_on": days(received + 4, remediated),
        "non_remediation_known_on": days(received + 4, known),
        "raises_risk": flags(known & draws.happens("evidence.raises_risk", 0.3, count), known),
    }
    type_ = setting.layout.schema.field("reseller.evidence").type.value_type
    return lists(records(fields, type_, count), counts)


def _ended(setting: Setting, draws: Draws, foreign: Bools) -> Columns:
    """Suspended resellers, half of them taken back on assurances, and those with whom it is over."""
    count = len(foreign)
    suspended = foreign & setting.happens(draws, "resellers.suspended", count)
    since = setting.today - 60 - draws.below("suspended", 100, count)
    terminated = foreign & setting.happens(draws, "resellers.terminated", count)
    return {
        "suspended_on": days(since, suspended),
        "assurances_on": days(since + 30, suspended & draws.happens("assurances", 0.5, count)),
        "terminated_on": days(setting.today - draws.below("terminated", 200, count), terminated),
    }
