"""The customers of a chunk of accounts."""

from __future__ import annotations

import attrs
import numpy as np
import pyarrow as pa

from engine.population.generate.arrays import (
    Columns,
    days,
    flags,
    lists,
    numerals,
    only,
    records,
    repeated,
    texts,
    words,
)
from engine.population.generate.draws import Bools, Draws, Ints
from engine.population.generate.persons import Persons, person_columns, standing
from engine.population.generate.setting import Setting

_BIRTHS = 50 * 365
_COMING_OF_AGE = 18 * 365


@attrs.frozen(eq=False)
class Customers:
    """Customers, one element of each array for each account: what other facts rest on, and the columns."""

    tags: pa.Array
    places: Ints
    entities: Bools
    malicious: Bools
    complete: Bools
    columns: Columns


def customers(setting: Setting, draws: Draws, numbers: Ints, malicious: Bools) -> Customers:
    """The customers of the accounts with these numbers."""
    count = len(numbers)
    tags = numerals(numbers)
    places = setting.words(draws, "places", malicious)
    entities = np.isin(
        setting.words(draws, "customers.kinds", malicious), setting.table("customers.kinds").index("entity")
    )
    complete = setting.happens(draws, "records.complete", count)
    organized = np.where(
        setting.happens(draws, "customers.organized_elsewhere", count),
        draws.words("organized", setting.places, malicious),
        places,
    )
    branches = entities & setting.happens(draws, "customers.branches", count)
    branch_of = draws.words("branch_of", setting.places, malicious)
    organized_stated = entities & (complete | setting.happens(draws, "records.present.organized_in", count))
    citizens, residents = standing(setting, draws, places)
    us_entity = np.where(branches, setting.is_us[branch_of], organized_stated & setting.is_us[organized])
    persons = Persons(
        tags=tags,
        places=places,
        entities=entities,
        citizens=citizens,
        residents=residents,
        is_us=np.where(entities, us_entity, citizens | residents | setting.is_us[places]),
        malicious=malicious,
        complete=complete,
        asked=np.ones(count, dtype=bool),
    )
    own = {
        "id": texts("cust-", tags),
        "kind": words(("individual", "entity"), entities.astype(np.int64)),
        "organized_in": words(setting.places.words, organized, organized_stated),
        "branch_of_organized_in": words(setting.places.words, branch_of, branches),
        **_trade(setting, draws, entities, tags),
        **_further(setting, draws, persons),
        "discrepancies": _discrepancies(setting, draws, count),
        "removed_as_unverified": _removed(setting, draws, count),
        **person_columns(setting, draws, persons),
    }
    return Customers(tags, places, entities, malicious, complete, {f"customer.{path}": own[path] for path in own})


def _trade(setting: Setting, draws: Draws, entities: Bools, tags: pa.Array) -> Columns:
    count = len(entities)
    others = entities & setting.happens(draws, "customers.other_names", count)
    listed = others & ~draws.happens("trading_names.missing", 0.03, count)
    names = texts("Trading Name ", tags).filter(pa.array(listed))
    return {
        "trades_under_other_names": flags(others, entities),
        "trading_names": lists(names, listed.astype(np.int64)),
        "is_business": flags(setting.happens(draws, "customers.businesses", count), entities),
    }


def _further(setting: Setting, draws: Draws, persons: Persons) -> Columns:
    """What the law does not ask for, and a provider's program may."""
    count = len(persons)
    individuals = ~persons.entities
    asked = setting.happens(draws, "customers.further_facts", count)
    births = setting.today - _COMING_OF_AGE - draws.below("date_of_birth", _BIRTHS, count)
    of_people = asked & individuals
    nationalities = words(setting.places.words, persons.places[of_people])
    return {
        "date_of_birth": days(births, of_people),
        "nationalities": lists(nationalities, of_people.astype(np.int64)),
        "identification_number": only(texts("ID-", persons.tags), asked),
    }


def _discrepancies(setting: Setting, draws: Draws, count: int) -> pa.Array:
    """One that was found, in most cases resolved, with a note on how in most of those."""
    counts = setting.happens(draws, "customers.discrepancies", count).astype(np.int64)
    rows, _ = repeated(counts)
    found = setting.today - 400 + draws.below("discrepancies.found", 380, len(rows))
    resolved = draws.happens("discrepancies.resolved", 0.8, len(rows))
    noted = resolved & draws.happens("discrepancies.noted", 0.9, len(rows))
    note = ("A second document settled it.",)
    fields = {
        "found_on": days(found),
        "resolved_on": days(found + 14, resolved),
        "note": words(note, np.zeros(len(rows), dtype=np.int64), noted),
    }
    type_ = setting.layout.schema.field("customer.discrepancies").type.value_type
    return lists(records(fields, type_, len(rows)), counts)


def _removed(setting: Setting, draws: Draws, count: int) -> pa.Array:
    removed = setting.happens(draws, "customers.removed_before", count)
    return flags(removed, removed)
