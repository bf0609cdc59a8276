"""Figures of results: what comes first, and how much is named."""

from __future__ import annotations

from engine.replay import Difference, NotReplayable, Reason, Replayed, Result, RuleAt, Tally

A, B, C = RuleAt("r/a", "1.1"), RuleAt("r/b", "1.2"), RuleAt("r/c", "1.3")


def results(*differences: Difference) -> list[Result]:
    return [Replayed(index, f"id-{index}", "sha256:p", one) for index, one in enumerate(differences)]


def tally(given: list[Result], most: int = 2) -> Tally:
    made = Tally(most)
    made.add_all(given)
    return made


def test_what_loses_permission_comes_first() -> None:
    pairs = ["hold allow", "hold deny", "allow hold", "allow deny", "deny none", "restrict none", "allow restrict"]
    made = tally(results(*(Difference(*pair.split()) for pair in pairs)))
    assert [f"{one.before} {one.after}" for one in made.changes] == [
        "allow deny",
        "restrict none",
        "allow hold",
        "hold deny",
        "allow restrict",
        "deny none",
        "hold allow",
    ]


def test_rules_are_grouped_and_the_frequent_come_first() -> None:
    made = tally(
        results(
            Difference("hold", "hold", fires=(A,), silent=(C,)),
            Difference("hold", "hold", fires=(B, A), altered=(C,)),
            Difference("hold", "hold", fires=(A,), parts=("needs",)),
        )
    )
    assert [(one.change, one.rule, one.decisions.count, one.decisions.first) for one in made.rules] == [
        ("fires", A, 3, [(0, "id-0"), (1, "id-1")]),
        ("fires", B, 1, [(1, "id-1")]),
        ("silent", C, 1, [(0, "id-0")]),
        ("altered", C, 1, [(1, "id-1")]),
    ]
    assert {part: seen.count for part, seen in made.parts.items()} == {"needs": 1}
    assert made.changes == []
    assert (made.same, made.differ, dict(made.outcomes)) == (0, 3, {("hold", "hold"): 3})
    assert [result.index for result in made.differing] == [0, 1]


def test_every_decision_is_counted_once() -> None:
    same = Difference("allow", "allow")
    gone = [NotReplayable(index, f"id-{index}", Reason.FACTS_DESTROYED, "destroyed") for index in (7, 8, 9)]
    unread = NotReplayable(10, "id-10", Reason.OTHER_SEMANTICS, "semantics")
    made = tally([*results(same, Difference("allow", "deny"), same), unread, *gone])
    assert (made.total, made.same, made.differ, made.not_replayable) == (7, 2, 1, 4)
    assert [(one.reason, one.decisions.count, one.decisions.first) for one in made.unreplayed] == [
        (Reason.FACTS_DESTROYED, 3, [(7, "id-7"), (8, "id-8")]),
        (Reason.OTHER_SEMANTICS, 1, [(10, "id-10")]),
    ]
    assert dict(made.programs) == {"sha256:p": 3}


def test_nothing_is_named_when_nothing_is_to_be() -> None:
    made = tally(results(Difference("allow", "deny", fires=(A,))), most=0)
    assert (made.differing, made.changes[0].decisions.first, made.rules[0].decisions.count) == ([], [], 1)
