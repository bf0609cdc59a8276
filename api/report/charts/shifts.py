"""Which outcome becomes which: a matrix with the number of accounts in each cell."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
from markupsafe import Markup

from api.report.charts.drawing import Colour, data, drawn
from api.report.wording import Wording
from engine.language.rule_file import EFFECTS
from engine.simulation.result import Shift

_LEGEND = {
    "same": ("as before", Colour.TINT_SAME),
    "caught": ("caught: allowed before, not after", Colour.TINT_CAUGHT),
    "released": ("released: not allowed before, allowed after", Colour.TINT_RELEASED),
    "other": ("another outcome, allowed or not as before", Colour.TINT_OTHER),
    "none": ("no account", Colour.PAPER),
}


def draw_shifts(shifts: Sequence[Shift], wording: Wording, name: str, title: str) -> Markup:
    """The matrix: outcomes before down, after across. A cell with accounts is coloured by what the change means."""
    found = {(shift.before, shift.after): shift for shift in shifts}
    rows, told = [], []
    for before in EFFECTS:
        for after in EFFECTS:
            shift = found.get((before, after), Shift(before, after, 0))
            kind = "none" if shift.accounts == 0 else shift.kind
            text = wording.count(shift.accounts)
            rows.append({"before": before, "after": after, "kind": _LEGEND[kind][0], "text": text})
            if kind != "none":
                told.append(f"{before} to {after}: {wording.count(shift.accounts)}")
    across = alt.X("after:N", sort=list(EFFECTS), title="Outcome after", axis=alt.Axis(labelAngle=0, orient="top"))
    down = alt.Y("before:N", sort=list(EFFECTS), title="Outcome before")
    present = {row["kind"] for row in rows}
    legend = [(words, colour) for words, colour in _LEGEND.values() if words in present]
    colours = alt.Scale(domain=[words for words, _ in legend], range=[str(colour) for _, colour in legend])
    base = alt.Chart(data(rows)).encode(x=across, y=down)
    cells = base.mark_rect(stroke=Colour.LINE, strokeWidth=1).encode(
        color=alt.Color(
            "kind:N",
            scale=colours,
            legend=alt.Legend(
                title="Accounts whose outcome is", orient="bottom", columns=2, symbolStrokeColor=Colour.SOFT
            ),
        )
    )
    numbers = base.mark_text().encode(text="text:N")
    chart = (cells + numbers).properties(width=alt.Step(108), height=alt.Step(30))
    return drawn(chart, name, title, "Accounts by outcome before and after. " + "; ".join(told) + ".")
