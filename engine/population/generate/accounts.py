"""The account itself, what is offered on it, and who offers it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from engine.population.generate import made_up
from engine.population.generate.arrays import Columns, days, flags, lists, numerals, texts, words
from engine.population.generate.draws import Bools, Draws, Ints
from engine.population.generate.setting import Setting

_RUNS = ("compute", "storage", "network")
"""Products on which customers run software of their own; on software it depends, on the others they do not."""
_YEAR = 365
_INVOLVED = 40
"""Persons who may be involved in an account."""


def account_columns(setting: Setting, draws: Draws, tags: pa.Array, malicious: Bools) -> Columns:
    """The action and the facts of the account. Prospective accounts have not been opened."""
    count = len(malicious)
    statuses = setting.table("accounts.statuses")
    status = setting.words(draws, "accounts.statuses", malicious)
    is_open = ~np.isin(status, statuses.index("prospective"))
    ages = setting.table("accounts.ages")
    years = np.array([int(word) for word in ages.words])[setting.words(draws, "accounts.ages", malicious)]
    age = years * _YEAR + draws.below("opened_on", _YEAR, count)
    accessed = np.minimum(age, draws.below("last_accessed_on", 90, count))
    resold = is_open & setting.happens(draws, "accounts.resold", count)
    told = resold & draws.happens("change_notified_on", 0.5, count)
    purposes = draws.below("purpose_of_use", len(made_up.PURPOSES), count)
    openings = setting.table("accounts.openings").words
    return {
        "action": words(("account.open", "account.maintain"), is_open.astype(np.int64)),
        "account.id": texts("acc-", tags),
        "account.status": words(statuses.words, status),
        "account.opened_on": days(setting.today - age, is_open),
        "account.last_accessed_on": days(setting.today - accessed, is_open),
        "account.opening_method": words(openings, setting.words(draws, "accounts.openings", malicious)),
        "account.purpose_of_use": words(made_up.PURPOSES, purposes, draws.happens("purpose_stated", 0.7, count)),
        "account.resold_to_foreign_person": flags(resold, resold | draws.happens("resale_stated", 0.3, count)),
        "account.change_notified_on": days(setting.today - accessed, told),
        "account.involves": _involves(setting, draws, count),
    }


def _involves(setting: Setting, draws: Draws, count: int) -> pa.Array:
    involved = setting.happens(draws, "accounts.involves", count)
    persons = 1 + draws.below("involves.who", _INVOLVED, int(involved.sum()))
    return lists(texts("listed-person-", numerals(persons)), involved.astype(np.int64))


def product_columns(setting: Setting, draws: Draws, malicious: Bools) -> Columns:
    """The product and the provider."""
    count = len(malicious)
    kinds = setting.table("products.kinds")
    kind = setting.words(draws, "products.kinds", malicious)
    is_software = np.isin(kind, kinds.index("software"))
    unstated = is_software & setting.happens(draws, "products.software_unstated", count)
    runs = np.isin(kind, kinds.index(*_RUNS)) | (is_software & draws.happens("software_runs", 0.5, count))
    foreign_provider = setting.happens(draws, "products.foreign_providers", count)
    certified: Ints = np.full(count, setting.today - _YEAR // 2)
    return {
        "provider.us_person": flags(~foreign_provider),
        "provider.certified_on": days(certified, ~foreign_provider),
        "product.kind": words(kinds.words, kind),
        "product.runs_customer_software": flags(runs, ~unstated),
        "product.owned_by_us_person": flags(~setting.happens(draws, "products.owned_abroad", count)),
        "product.operated_in_us": flags(~setting.happens(draws, "products.operated_abroad", count)),
        "product.trial": flags(setting.happens(draws, "products.trials", count)),
        "product.formal_relationship": flags(~setting.happens(draws, "products.without_relationship", count)),
    }
