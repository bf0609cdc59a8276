"""What the process says about a question, believed only where it fits the question in every part."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import attrs

from engine.evaluators.rete.net import ALWAYS, Nets, Shape

Question = Sequence[Sequence[Sequence[int]]]
"""What is asserted: for each net, for each session of it, the atoms as they are. The first net has one session."""


class NonsenseError(ValueError):
    """The answer is none to what was asked."""


@attrs.frozen
class Settled:
    """How the nodes of one session came out: a letter for each, `t`, `f`, or `-` when it is not settled."""

    letters: str

    def holds(self, node: int) -> bool:
        """Whether the node holds; for a negative number, whether it does not."""
        return self.letters[abs(node) - 1] == ("t" if node > 0 else "f")

    def is_settled(self, node: int) -> bool:
        """Whether it is known of the node that it holds or that it does not."""
        return self.letters[abs(node) - 1] in {"t", "f"}


Answer = Sequence[Sequence[Settled]]
"""For each net, for each session of it, how its nodes came out."""


def read_answer(content: object, nets: Nets, question: Question) -> Answer:
    """The answer, when it has the shape of the question and repeats what was asserted; otherwise NonsenseError."""
    shapes = (nets.case, *nets.loops)
    if not isinstance(content, list) or len(content) != len(shapes):
        raise NonsenseError("not one part for each net")
    answer: list[list[Settled]] = []
    for shape, sessions, said in zip(shapes, question, content, strict=True):
        if not isinstance(said, list) or len(said) != len(sessions):
            raise NonsenseError("not one part for each session")
        answer.append([_settled(shape, asserted, letters) for asserted, letters in zip(sessions, said, strict=True)])
    for shape, settled in zip(nets.loops, answer[1:], strict=True):
        for session in settled:
            _check_imports(shape, answer[0][0], session)
    return answer


def check_settled(answer: Answer, must: Sequence[AbstractSet[int]]) -> None:
    """Raises NonsenseError unless all these nodes are settled, by net."""
    for sessions, nodes in zip(answer, must, strict=True):
        for session in sessions:
            if not all(session.is_settled(node) for node in nodes):
                raise NonsenseError("a condition came out neither true nor false")


def _settled(shape: Shape, asserted: Sequence[int], letters: object) -> Settled:
    if not isinstance(letters, str) or len(letters) != shape.size or not set(letters) <= {"t", "f", "-"}:
        raise NonsenseError("a condition came out neither true nor false, or both")
    session = Settled(letters)
    if not all(session.holds(node) for node in (ALWAYS, *asserted)):
        raise NonsenseError("it was not asked this")
    return session


def _check_imports(shape: Shape, case: Settled, session: Settled) -> None:
    """What a list's net takes from the case it takes as it is."""
    for node, settled in shape.imports:
        if session.letters[node - 1] != case.letters[settled - 1]:
            raise NonsenseError("an element was told otherwise than the case came out")
