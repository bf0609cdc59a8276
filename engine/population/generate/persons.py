"""The facts that are said alike of customers, of their owners and of holders."""

from __future__ import annotations

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.population.generate import made_up
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
from engine.population.generate.setting import Setting

_SESSIONS = 60
"""Days back from the day of the population in which an access is recorded."""
_YEAR = 365


@attrs.frozen(eq=False)
class Persons:
    """Persons of a chunk, one element of each array for each.

    `tags` tell them apart in all of the population, `places` are numbers of the table of places. `is_us` says whether
    they are U.S. persons on the facts; `citizens` and `residents` count for individuals. `complete` are those of whom
    everything was collected that had to be, `asked` those of whom anything was.
    """

    tags: pa.Array
    places: Ints
    entities: Bools
    citizens: Bools
    residents: Bools
    is_us: Bools
    malicious: Bools
    complete: Bools
    asked: Bools

    def __len__(self) -> int:
        return len(self.places)


def standing(setting: Setting, draws: Draws, places: Ints) -> tuple[Bools, Bools]:
    """Who would be a citizen and who a lawful permanent resident of the United States, as an individual."""
    count = len(places)
    in_us = setting.is_us[places]
    drawn = draws.uniform("standing", count)
    citizens_in_us = setting.distributions.chance("persons.citizens_in_us")
    residents_in_us = setting.distributions.chance("persons.residents_in_us")
    citizens_abroad = setting.distributions.chance("persons.citizens_abroad")
    citizens = np.where(in_us, drawn < citizens_in_us, drawn < citizens_abroad)
    return citizens, in_us & ~citizens & (drawn < citizens_in_us + residents_in_us)


def elsewhere(setting: Setting, draws: Draws, chance: str, homes: Ints, malicious: Bools) -> Ints:
    """Their places: those of `homes`, or with a chance of the distributions any of the table."""
    away = setting.happens(draws, chance, len(homes))
    return np.where(away, draws.words("elsewhere", setting.places, malicious), homes)


def person_columns(setting: Setting, draws: Draws, persons: Persons) -> Columns:
    """The columns of the record `person`."""
    return _Collected(setting, draws, persons).columns()


class _Collected:
    def __init__(self, setting: Setting, draws: Draws, persons: Persons) -> None:
        self._setting = setting
        self._draws = draws
        self._persons = persons
        self._count = len(persons)
        statuses = setting.table("persons.us_standing")
        self._status = setting.words(draws, "persons.us_standing", persons.malicious)
        self._verified_us = persons.is_us & np.isin(self._status, statuses.index("verified"))
        self._spared = self._verified_us & ~setting.happens(draws, "records.of_us_persons", self._count)

    def columns(self) -> Columns:
        persons, setting = self._persons, self._setting
        individuals = ~persons.entities
        return {
            "name": only(self._names(), self._is_there("name", for_all=True)),
            "us_person_status": words(setting.table("persons.us_standing").words, self._status, persons.is_us),
            "us_citizen": flags(persons.citizens, individuals),
            "us_permanent_resident": flags(persons.residents, individuals),
            "located_in": words(setting.places.words, persons.places),
            **self._address(),
            "locations_of_use": self._locations_of_use(),
            "payments": self._payments(),
            "emails": self._contacts("emails", texts("post.", persons.tags, "@mail.example")),
            "phones": self._contacts("phones", texts("+000 ", persons.tags)),
            "access_log": self._access_log(),
            **self._identity(),
        }

    def _is_there(self, fact: str, *, for_all: bool = False) -> Bools:
        """Of whom a fact was collected. The name of somebody of verified U.S. standing is known all the same."""
        present = self._persons.complete | self._happens(f"records.present.{fact}")
        return present if for_all else present & ~self._spared & self._persons.asked

    def _happens(self, name: str) -> Bools:
        return self._setting.happens(self._draws, name, self._count)

    def _counts(self, fact: str) -> Ints:
        """Of how many elements a list consists: of none, one or two."""
        seconds = self._draws.happens(f"seconds.{fact}", self._chance("persons.second_entries"), self._count)
        return np.where(self._is_there(fact), 1 + seconds, 0)

    def _chance(self, name: str) -> float:
        return self._setting.distributions.chance(name)

    def _names(self) -> pa.Array:
        first = self._draws.below("names.first", len(made_up.GIVEN), self._count)
        last = self._draws.below("names.last", len(made_up.FAMILY), self._count)
        of_firms = pa.array(made_up.FIRM).take(pa.array(first % len(made_up.FIRM)))
        given = pa.array(made_up.GIVEN).take(pa.array(first))
        begin = texts(pc.if_else(pa.array(self._persons.entities), of_firms, given), " ")
        return texts(begin, words(made_up.FAMILY, last), " ", self._persons.tags)

    def _address(self) -> Columns:
        persons, draws, count = self._persons, self._draws, self._count
        there = self._is_there("address")
        kinds = {
            name: words(self._setting.table(name).words, self._setting.words(draws, name, persons.malicious))
            for name in ("persons.addresses_of_individuals", "persons.addresses_of_entities")
        }
        kind = pc.if_else(pa.array(persons.entities), *reversed(kinds.values()))
        numbers = numerals(1 + draws.below("address.number", 199, count))
        streets = words(made_up.STREETS, draws.below("address.street", len(made_up.STREETS), count))
        return {
            "address.kind": only(kind, there),
            "address.street": only(texts(numbers, " ", streets), there),
            "address.city": words(made_up.CITIES, draws.below("address.city", len(made_up.CITIES), count), there),
            "address.postal_code": only(numerals(10_000 + draws.below("address.code", 90_000, count)), there),
            "address.country": words(self._setting.places.words, persons.places, there),
        }

    def _locations_of_use(self) -> pa.Array:
        counts = self._counts("locations_of_use")
        rows, nth = repeated(counts)
        others = self._draws.words("locations_of_use", self._setting.places, self._persons.malicious[rows])
        places = np.where(nth == 0, self._persons.places[rows], others)
        return lists(words(self._setting.places.words, places), counts)

    def _payments(self) -> pa.Array:
        counts = self._counts("payments")
        rows, nth = repeated(counts)
        kinds = self._setting.table("persons.payments")
        chosen = self._setting.words(self._draws, "persons.payments", self._persons.malicious[rows])
        kind = words(kinds.words, chosen)
        tags = self._persons.tags.take(pa.array(rows))
        fields = {"kind": kind, "identifier": texts(kind, "-", tags, "-", numerals(nth + 1))}
        return lists(records(fields, self._element("customer.payments"), len(rows)), counts)

    def _contacts(self, fact: str, values: pa.Array) -> pa.Array:
        """A list of one."""
        there = self._is_there(fact)
        return lists(values.filter(pa.array(there)), there.astype(np.int64))

    def _access_log(self) -> pa.Array:
        counts = self._counts("access_log")
        rows, _ = repeated(counts)
        hosts = self._draws.below("access_log.ip", len(made_up.HOSTS), len(rows))
        when = self._draws.below("access_log.at", _SESSIONS * 24, len(rows))
        dates = np.datetime_as_string(np.datetime64(self._setting.as_of) - np.arange(1, _SESSIONS + 1)).tolist()
        hours = [f"T{hour:02}:00:00Z" for hour in range(24)]
        fields = {
            "ip": words(made_up.HOSTS, hosts),
            "at": texts(words(dates, when // 24), words(hours, when % 24)),
        }
        return lists(records(fields, self._element("customer.access_log"), len(rows)), counts)

    def _identity(self) -> Columns:
        draws, count, persons = self._draws, self._count, self._persons
        statuses = self._setting.table("persons.identity")
        drawn = self._setting.words(draws, "persons.identity", persons.malicious)
        status = words(statuses.words, drawn)
        conflicts = self._happens("persons.standing_conflicts")
        of_us = words(("verified", "unverified"), conflicts.astype(np.int64))
        status = pc.if_else(pa.array(self._verified_us), of_us, status)
        there = persons.asked & (self._verified_us | persons.complete | self._happens("records.present.identity"))
        verified = there & _equal(status, "verified")
        pending = there & _equal(status, "pending")
        doubts = verified & self._happens("persons.doubts")
        long_ago = self._happens("persons.verified_long_ago")
        ago = self._draws.below("identity.verified_on", _YEAR, count) + np.where(long_ago, _YEAR + 1, 0)
        ends = self._setting.today - 10 + draws.below("identity.deprovision_by", 130, count)
        planned = pending & draws.happens("identity.plan", 0.6, count)
        return {
            "identity.status": only(status, there),
            "identity.methods": self._methods(verified),
            "identity.doubts": flags(doubts, doubts),
            "identity.signatories_examined": flags(
                doubts, doubts & persons.entities & draws.happens("examined", 0.5, count)
            ),
            "identity.verified_on": days(
                self._setting.today - ago, verified & self._happens("persons.verified_on_stated")
            ),
            "identity.plan": words(made_up.PLANS, draws.below("identity.plans", len(made_up.PLANS), count), planned),
            "identity.deprovision_by": days(ends, planned),
        }

    def _methods(self, verified: Bools) -> pa.Array:
        table = self._setting.table("persons.methods")
        chosen = self._setting.words(self._draws, "persons.methods", self._persons.malicious)
        both, second = np.isin(chosen, table.index("both")), np.isin(chosen, table.index("non_documentary"))
        counts = np.where(verified, 1 + both, 0)
        rows, nth = repeated(counts)
        return lists(words(("documentary", "non_documentary"), np.where(nth == 1, 1, second[rows])), counts)

    def _element(self, path: str) -> pa.StructType:
        return self._setting.layout.schema.field(path).type.value_type


def _equal(column: pa.Array, word: str) -> Bools:
    equal: Bools = pc.equal(column, word).to_numpy(zero_copy_only=False)
    return equal
