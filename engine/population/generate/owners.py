"""The beneficial owners that entities have listed."""

from __future__ import annotations

import attrs
import numpy as np
import pyarrow as pa

from engine.population.generate.arrays import Columns, amounts, flags, numerals, repeated, texts
from engine.population.generate.customers import Customers
from engine.population.generate.draws import Bools, Draws, Floats, Ints
from engine.population.generate.persons import Persons, elsewhere, person_columns, standing
from engine.population.generate.setting import Setting


@attrs.frozen(eq=False)
class Owners:
    """Listed owners: `counts` for each account; `rows`, `shares` (in percent, NaN where not stated) and `columns` for
    each owner."""

    counts: Ints
    rows: Ints
    shares: Floats
    columns: Columns


def owners(setting: Setting, draws: Draws, customers: Customers, counts: Ints) -> Owners:
    """So many owners of each customer."""
    rows, nth = repeated(counts)
    count = len(rows)
    malicious = customers.malicious[rows]
    homes = customers.places[rows]
    places = elsewhere(setting, draws, "owners.elsewhere", homes, malicious)
    citizens, residents = standing(setting, draws, places)
    persons = Persons(
        tags=texts(customers.tags.take(pa.array(rows)), "-", numerals(nth + 1)),
        places=places,
        entities=np.zeros(count, dtype=bool),
        citizens=citizens,
        residents=residents,
        is_us=citizens | residents | setting.is_us[places],
        malicious=malicious,
        complete=customers.complete[rows],
        asked=np.ones(count, dtype=bool),
    )
    stated = ~setting.happens(draws, "owners.without_share", count)
    shares = np.where(stated, _shares(draws, counts, rows, nth), np.nan)
    in_control = (nth == 0) & setting.happens(draws, "owners.in_control", count)
    columns = {
        "id": texts("owner-", persons.tags),
        **person_columns(setting, draws, persons),
        "ownership_pct": amounts(shares, stated),
        "substantial_control": flags(in_control, nth == 0),
    }
    return Owners(counts, rows, shares, columns)


def _shares(draws: Draws, counts: Ints, rows: Ints, nth: Ints) -> Floats:
    """Whole percents that come to at most 100 for each account; the first owner tends to have more than the others."""
    weights = draws.uniform("weights", len(rows)) + np.where(nth == 0, 1.0, 0.3)
    totals = np.bincount(rows, weights=weights, minlength=len(counts))
    parts: Floats = np.floor(100 * weights / totals[rows])
    return parts


def numbers_of_owners(setting: Setting, draws: Draws, customers: Customers, unlisted: Bools) -> Ints:
    """How many owners each customer has listed: none where it is an individual, or has told the graph alone."""
    table = setting.table("owners.numbers")
    drawn = setting.words(draws, "owners.numbers", customers.malicious)
    numbers = np.array([int(word) for word in table.words])[drawn]
    return np.where(customers.entities & ~unlisted, numbers, 0)
