"""What rule tests prove, for people: how much, and each change to the rules that no test notices."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from api.cli.options import count
from engine.testing import Proof, Survivor

_WIDTH = 100


def proof_text(proof: Proof) -> list[str]:
    """The lines: two sums, then the survivors clause by clause."""
    share = 100.0 if not proof.mutants else 100.0 * proof.killed / proof.mutants
    lines = [
        f"{count(proof.conditions, 'condition')}: {proof.covered} made a difference both by holding and by failing",
        f"{count(proof.mutants, 'change')} to the rules: {proof.killed:,} noticed by a test ({_percent(share)})",
    ]
    if proof.survivors:
        lines.append(f"{count(len(proof.survivors), 'change')} that no test notices:")
        for (file, line, owner), there in groupby(proof.survivors, key=_where):
            lines.append(f"  {file}:{line}  {owner}")
            for clause, survivors in groupby(there, key=lambda survivor: survivor.mutant.clause.text):
                lines += _clause(clause, list(survivors))
        if any(survivor.is_decided for survivor in proof.survivors):
            lines.append("  * a test decides otherwise, but does not say so: let it list its findings")
    return lines


def _where(survivor: Survivor) -> tuple[str, int, str]:
    """File, line and owner; the file from here when it lies below."""
    clause = survivor.mutant.clause
    file = Path(clause.file)
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file), clause.line, clause.owner


def _clause(clause: str, survivors: list[Survivor]) -> list[str]:
    lines = [] if all(survivor.mutant.before == clause for survivor in survivors) else [_cut(f"    {clause}")]
    for before, changes in groupby(survivors, key=lambda survivor: survivor.mutant.before):
        after = " | ".join(
            ("not" if c.mutant.kind == "negated" else c.mutant.after) + ("*" if c.is_decided else "") for c in changes
        )
        lines.append(f"      {_cut(before, _WIDTH - 10 - len(after))} -> {after}"[:_WIDTH])
    return lines


def _cut(text: str, width: int = _WIDTH) -> str:
    width = max(width, 30)
    return text if len(text) <= width else text[: width - 3] + "..."


def _percent(share: float) -> str:
    """Never rounded up to 100: that is said only when nothing is left."""
    return "100 %" if share == 100.0 else f"{min(share, 99.9):.1f} %"
