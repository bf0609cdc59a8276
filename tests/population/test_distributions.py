"""Distributions of one's own: parts in the place of those that come with Ostiary, and what is wrong with a file."""

from __future__ import annotations

import pytest
from made_accounts import FICTION, shipped, stated

from engine.language.source import Source
from engine.population.generate import DistributionsError, distributions
from engine.population.generate.distributions import SHIPPED

OWNERS = """
owners:
  numbers: {"0": 1, "1": 1}
  elsewhere: 0
  without_share: 0
  in_control: 1
  reason_recorded: 0
"""


def test_a_part_takes_the_place_of_the_whole_part() -> None:
    own = stated(OWNERS)
    assert own.weights("owners.numbers") == {"0": 1, "1": 1}
    assert own.weights("places") == stated().weights("places")


def test_what_they_say_has_a_digest_however_it_is_written() -> None:
    assert stated(OWNERS).digest == stated("# my owners\n" + OWNERS.replace("0\n", "0.0\n")).digest
    assert stated(OWNERS).digest != stated().digest
    assert stated(SHIPPED.read_text("utf-8")).digest == stated().digest


def test_a_share_of_malicious_accounts_counts_before_that_of_the_file() -> None:
    assert stated("malicious: {share: 0.5, times: {}}", share=0.25).malicious_share == 0.25
    assert stated("malicious: {share: 0.5, times: {}}").malicious_share == 0.5


def test_weights_of_malicious_accounts_are_so_many_times_those_of_others() -> None:
    own = stated("malicious: {share: 0.1, times: {places: {SE: 4}}}")
    assert own.malicious_weights("places")["SE"] == 4 * own.weights("places")["SE"]
    assert own.malicious_weights("places")["DE"] == own.weights("places")["DE"]


@pytest.mark.parametrize(
    ("text", "line", "message", "help_"),
    [
        ("plases: {US: 1}", 1, "`plases` is not a known key", "did you mean `places`?"),
        ("places: {US: -1}", 1, "`US` is less than 0", None),
        ("places: {US: a lot}", 1, "`US` is text, not a number", None),
        ("places: {}", 1, "`places` is too short: the limit is 1", None),
        ("places: [US]", 1, "`places` is a list, not an object", None),
        ("places:\n  X-FREEDOM: 1", 2, "`X-FREEDOM` is not a known place", None),
        ("places:\n  US: 0\n  DE: 0.0\n", 1, "no weight in `places` is more than 0", "give a word a weight"),
        ("places: {US: 1}\nplaces: {DE: 1}", 2, "`places` already stands on line 1", "keep one of the two"),
        (
            "places: {US: 1}",
            1,
            "`IS` is said to be more frequent with malicious accounts, and is not in `places`",
            "state `malicious:` too",
        ),
        (
            "malicious: {share: 0.1, times: {places: {X-OZ: 2}}}",
            1,
            "`X-OZ` is said to be more frequent with malicious accounts, and is not in `places`",
            None,
        ),
        (
            "places: {US: 1, DE: 0}\nmalicious: {share: 0.1, times: {places: {US: 0}}}",
            2,
            "no weight in `places` is more than 0 for malicious accounts",
            None,
        ),
        ("malicious: {share: 1.5, times: {}}", 1, "`share` is more than 1", None),
        ("malicious: {share: 0.1, times: {payments: {}}}", 1, "`payments` is not a known key", None),
        (OWNERS.replace("in_control: 1", ""), 3, "`in_control` is missing", None),
        (OWNERS.replace('"0": 1', '"7": 1'), 3, "`7` is not a known key", None),
        ("", 1, "the file is empty", None),
        ("places: {US: 1", 1, "while parsing a flow mapping", None),
    ],
)
def test_a_mistake_is_told_where_it_stands(text: str, line: int, message: str, help_: str | None) -> None:
    with pytest.raises(DistributionsError) as refused:
        distributions(shipped().places, Source("mine.yaml", text))
    found = next(mistake for mistake in refused.value.diagnostics if mistake.message.startswith(message))
    assert (found.span.file, found.span.line) == ("mine.yaml", line)
    assert help_ is None or found.help == help_


def test_fiction_is_unknown_without_its_places() -> None:
    with pytest.raises(DistributionsError, match="`X-FREEDONIA` is not a known place"):
        distributions(shipped().places, Source("fiction.yaml", FICTION.read_text("utf-8")))
