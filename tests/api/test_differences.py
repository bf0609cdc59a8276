"""In words, what evaluators differed on."""

from __future__ import annotations

from api.second_opinion.differences import who_says_what


def said(evaluator: str, verdict: str, outcome: str | None) -> dict:
    return {"evaluator": evaluator, "verdict": verdict, "decision": outcome and {"outcome": outcome}}


def test_who_says_what_is_names_and_outcomes() -> None:
    own = said("compiled", "decided", "hold")
    silent = said("mute", "none", None)
    assert who_says_what([own, silent, said("reference", "same", "hold"), said("rete", "different", "allow")]) == (
        "`compiled` says hold, `reference` hold, `rete` allow"
    )


def test_one_outcome_for_other_reasons_is_told_apart() -> None:
    own, other = said("compiled", "decided", "hold"), said("rete", "different", "hold")
    assert who_says_what([own, said("reference", "same", "hold"), other]) == (
        "`compiled` says hold, `reference` hold, `rete` hold by other findings"
    )
