"""The few words that random programs and random facts share, so that conditions come out either way."""

from __future__ import annotations

import attrs

from engine.vocabulary import Type, read_vocabulary

VOCABULARY = read_vocabulary()
PLACES = ("US", "US-CA", "DE", "DE-BY", "FR", "PR", "GB")
REGIONS = ("US", "DE", "FR", "US-CA")
WORDS = ("Ada", "Grace", "ada@example.org", "x", "Ä\U0001f600 \"quoted\" 'text' \\")
DAYS = ("2024-01-29", "2026-05-26", "2026-11-21", "2026-11-22", "2027-02-28", "1999-12-31")
NUMBERS = (0, 24.999999, 25, 25.0, 50.5, 100, 1e26, 9007199254740993, 10**26)
WHOLE = (-(2**63), -1, 0, 1, 2, 3, 2**63 - 1)
MEASURES = (
    {
        "id": "a",
        "kind": "prohibition",
        "target": "jurisdiction",
        "state": "binding",
        "ground": "residence",
        "conditions": "met",
    },
    {
        "id": "b",
        "kind": "conditions",
        "target": "person",
        "state": "issued_not_binding",
        "ground": "involved",
        "conditions": "unmet",
    },
)
PATHS = (
    *("customer.name", "customer.kind", "customer.us_citizen", "customer.located_in", "customer.emails"),
    *("customer.is_business", "customer.address", "customer.address.country", "customer.address.kind"),
    *("customer.identity.status", "customer.identity.methods", "customer.identity.verified_on"),
    *("customer.beneficial_owners", "customer.holders", "customer.locations_of_use", "customer.payments"),
    *("account.opened_on", "account.status", "account.involves", "reseller.tier", "reseller.located_in"),
    *("training.ops", "training.dual_use", "training.report", "product.kind"),
)
PERSON = ("name", "us_citizen", "located_in", "emails", "address.country", "identity.status", "identity.verified_on")
OWNER = (*PERSON, "ownership_pct", "substantial_control", "control_by")
BELOW = {
    "person": PERSON,
    "beneficial_owner": OWNER,
    "owner": (*OWNER, "listed", "reaches_quarter", "resolved_pct"),
    "holder": (*PERSON, "id", "kind", "owner_of", "pct", "control_by"),
    "payment": ("kind", "identifier"),
}
Known = frozenset[str]


def field(path: str, record: str) -> Type:
    """The type of the fact at a path below a record."""
    type_ = Type("record", record)
    for name in path.split("."):
        type_ = VOCABULARY.records[type_.name].fields[name].type
    return type_


@attrs.frozen
class Place:
    """Where an expression stands: the list elements and parameters in reach, each with its type."""

    elements: tuple[tuple[str, Type], ...] = ()

    def paths(self) -> list[tuple[str, Type]]:
        """Every fact in reach, with its type."""
        found = [(path, field(path.partition(".")[2], path.partition(".")[0])) for path in PATHS]
        for name, type_ in self.elements:
            below = [(f"{name}.{path}", field(path, type_.name)) for path in BELOW[type_.name]]
            found += below * 3  # what a loop is about is spoken of more often
        return found

    def within(self, name: str, type_: Type) -> Place:
        """The place inside a loop."""
        return Place((*self.elements, (name, type_)))


def cel_text(text: str) -> str:
    """A text as a CEL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
