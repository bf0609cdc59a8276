"""Numbers, shares, days and outcomes as people read them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

import attrs

from engine.simulation.in_words import day_in_words
from engine.simulation.result import Cell, Count, Day

MEANINGS = {
    "allow": "nothing stands against it",
    "restrict": "allowed under conditions",
    "hold": "not yet: something is missing",
    "review": "a person must decide",
    "deny": "refused",
}
ASKS = {
    "account.open": "to open an account",
    "account.maintain": "to keep an account",
    "reseller.onboard": "to take on a reseller",
    "reseller.maintain": "to keep a reseller",
    "training.start": "to start a training run",
}
"""What each action asks for."""
DOES = {
    "allow": "allows",
    "restrict": "allows under conditions",
    "hold": "holds until something is supplied",
    "review": "asks a person to decide",
    "deny": "refuses",
}
"""What a rule of each effect does."""
MADE_UP = "These accounts are made up: what is counted of them says nothing of real customers."
"""Said wherever figures of a generated population could be taken for those of customers."""
SMALLEST_SHOWN = 0.001
"""A share of less than this is said to be less, so that something never reads as nothing."""

_LONGEST = 100
"""Letters of a value that are shown: ids of resellers are as long as whoever named them liked."""


@attrs.frozen
class Wording:
    """How counts of one result read; `suppressed_below` is its threshold of small cells."""

    suppressed_below: int

    def count(self, count: Count) -> str:
        """The number: "12,345", or "not shown" for one that is suppressed; what nobody counted is not known."""
        if count is not None:
            return f"{count:,}"
        return "not shown" if self.suppressed_below else "not known"

    def total(self, counts: Iterable[Count]) -> str:
        """The sum, which is known from below only where a part of it is suppressed."""
        listed = list(counts)
        known = sum(count or 0 for count in listed)
        if None not in listed:
            return f"{known:,}"
        return f"at least {known:,}" if known else "not shown"

    def accounts(self, count: Count) -> str:
        """A number with its unit."""
        return f"{self.count(count)} {'account' if count == 1 else 'accounts'}"

    def share(self, part: Count, whole: Count) -> str:
        """A part in per cent of a whole, empty where one of them is not known or there is no whole."""
        if part is None or not whole:
            return ""
        share = part / whole
        if 0 < share < SMALLEST_SHOWN:
            return "less than 0.1%"
        return "more than 99.9%" if 1 - SMALLEST_SHOWN < share < 1 else f"{share * 100:.1f}%".replace(".0%", "%")

    def shared(self, part: Count, whole: Count) -> str:
        """A part with its share of a whole that is told elsewhere: "30 (15%)"."""
        share = self.share(part, whole)
        return self.count(part) + (f" ({share})" if share and part else "")

    def of(self, part: Count, whole: Count) -> str:
        """A part of a whole with its share: "30 of 200 (15%)"."""
        share = self.share(part, whole)
        return f"{self.count(part)} of {self.count(whole)}" + (f" ({share})" if share else "")

    def caught(self, day: Day, so_told: str = " that were allowed before") -> str:
        """Those caught, of those whom a candidate can catch: "30 of 200 that were allowed before (15%)".

        `so_told` says what the whole is; it is empty where a head of a column says it.
        """
        whole = day.allowed_before
        if day.caught is None or whole is None:
            return self.count(day.caught)
        share = self.share(day.caught, whole) if day.caught else ""
        return f"{day.caught:,} of {whole:,}{so_told}" + (f" ({share})" if share else "")

    def difference(self, before: Count, after: Count) -> str:
        """By how much a count grew or shrank, with its sign; "not shown" where one of them is suppressed."""
        if before is None or after is None:
            return "not shown"
        return f"{after - before:+,}".replace("-", "\N{MINUS SIGN}") if after != before else "0"


def way_in_words(id_: str) -> str:
    """The id of a way around as a short name: "Another place of use"."""
    return id_.replace("-", " ").replace("_", " ").capitalize()


def weight(count: Count) -> float:
    """What a count is sorted by: a suppressed one comes between nothing and everything that is shown."""
    return 0.5 if count is None else float(count)


def value_of(cell: Cell) -> str:
    """What a cell is about."""
    said = cell.label or cell.value or "not stated"
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


def day(text: str) -> str:
    """An ISO day as people write it: "July 14, 2027". What is no day stays as it is."""
    return day_in_words(text)


def standing(status: str) -> str:
    """The standing of the law in words, `proposed_not_in_force`: "proposed, not in force"; of several sources each."""
    return "; ".join(one.replace("_not_", ", not ").replace("_", " ") for one in status.split(", "))


def date_of(text: str) -> datetime.date | None:
    """The day, None where the text is none."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def listing(parts: Sequence[str]) -> str:
    """Words in a row: "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
