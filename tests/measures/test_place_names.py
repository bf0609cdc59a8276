"""What is said of a place that is not known: the code that was meant, whether it was written small or by its name."""

from __future__ import annotations

import pytest
from small_rules import files, item, rule_set

from engine import PolicyError, load_files
from engine.measures.places import place_help, read_places

KNOWN = read_places(None, []).within.keys()
FORM = "use an ISO 3166-1 alpha-2 or 3166-2 code, such as `GB`, or declare the place in places.yaml"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("uy", "UY"),
        (" Ad-02", "AD-02"),
        ("Uruguay", "UY"),
        ("URUGUAY", "UY"),
        ("Urugay", "UY"),
        ("Georgia", "GE"),
        ("Iran", "IR"),
        ("Bavaria", None),
        ("Bayern", "DE-BY"),
        ("Korea", None),
        ("ZZ", None),
        ("", None),
        ("x" * 1_000_000, None),
    ],
)
def test_the_code_that_was_meant(said: str, code: str | None) -> None:
    assert place_help(said, KNOWN) == (FORM if code is None else f"did you mean `{code}`?")


def test_only_known_codes_are_named() -> None:
    assert place_help("uruguay", ["AR"]) == FORM
    assert place_help("x-ruritani", [*KNOWN, "X-RURITANIA"]) == "did you mean `X-RURITANIA`?"


def test_an_order_on_a_place_by_its_name_is_told_the_code() -> None:
    order = {
        "id": "draft",
        "kind": "prohibition",
        "target": {"jurisdiction": "Uruguay"},
        "issued_on": "2027-01-02",
        "finding": "F.",
    }
    with pytest.raises(PolicyError) as caught:
        load_files(files(rule_set(item()), jurisdictions__measures__draft=order))
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.message, diagnostic.help) == ("`Uruguay` is not a known place", "did you mean `UY`?")
