"""Days, places and the ways in which an order touches an account, as sentences of a result say them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from engine.measures.order import Order
from engine.measures.places import iso_codes
from engine.policy.files import JURISDICTIONS
from engine.policy.policy import Policy

STATES = {
    "issued_not_binding": "is issued and does not bind yet",
    "binding": "binds",
    "extended": "binds, as extended",
    "extension_open": "binds, as extended without an end",
    "lapsed": "has lapsed",
}
"""What an order is, by the state of a measure."""
GROUNDS = {
    "residence": "the customer is located in the place that the order is on",
    "address": "the customer has an address in the place that the order is on",
    "use": "the service is used in the place that the order is on",
    "organization": "the customer, or the company it is a branch of, is organized in the place that the order is on",
    "owner": "an owner is located or has an address in the place that the order is on",
    "reseller": "the reseller is located in the place that the order is on",
    "involved": "the person that the order is on has a part in it",
    "stake": "the person that the order is on holds a share of the customer",
}
"""Why an order touches an account, by the ground of a measure."""


def day_in_words(text: str) -> str:
    """An ISO day as people write it: "July 14, 2027". What is no whole day, such as a year, stays as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day:%B} {day.day}, {day.year}"


def place_name(code: str, policy: Policy) -> str:
    """The name of a place: that of ISO 3166, or as the policy declares it; the code where nobody names it."""
    files: Mapping[str, Any] = policy.identity["files"]
    declared: Mapping[str, Mapping[str, str]] = files.get(JURISDICTIONS + "places.yaml", {}).get("places", {})
    return iso_codes().get(code) or declared.get(code, {}).get("name", code)


def target_in_words(order: Order, policy: Policy) -> str:
    """Whom or what an order is on: a person as it is written, a place with its code, "Freedonia (X-FRED)"."""
    name = place_name(order.target, policy) if order.target_kind == "jurisdiction" else order.target
    return name if name == order.target else f"{name} ({order.target})"
