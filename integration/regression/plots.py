"""Measured numbers against bands, a picture a table."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from matplotlib import rc_context
from matplotlib.figure import Figure

from pruneproof.integration.bands.outcome import Outcome

MARKERS = {"none": "o", "layer": "s", "output": "^"}
COLOURS = {"inside": "#1a7f4b", "below": "#b3261e", "above": "#b3261e", "not a number": "#b3261e"}
FURTHEST = 3.0
"""What lies further out than so many half-widths of the widest band stands at the edge, hollow."""


def picture(outcomes: Sequence[Outcome]) -> Figure:
    """The measured cells of a table, one a line: band, printed number and measured numbers.

    The axis is the distance from the printed number, in % of it, or in points of an accuracy.

    Args:
        outcomes: of one table, each with at least one reading.

    Raises:
        ValueError: there is none.
    """
    if not outcomes:
        raise ValueError("outcomes must be at least one, got none")
    edge = reach(outcomes)
    figure = Figure(figsize=(7.5, 0.9 + 0.24 * len(outcomes)), layout="constrained")
    axes = figure.add_subplot()
    for line, each in enumerate(outcomes):
        low, high = limits(each)
        axes.barh(line, high - low, left=low, height=0.6, color="#c9d3e3", zorder=1)
        for reading in each.readings:
            distance = away(each, reading.measured)
            axes.plot(
                min(max(distance, -edge), edge),
                line,
                MARKERS[reading.interpretation.group],
                color=COLOURS[reading.place],
                markersize=5,
                fillstyle="full" if abs(distance) <= edge else "none",
                zorder=3,
            )
    axes.axvline(0, color="#1c2330", linewidth=0.8, zorder=2)
    axes.set_yticks(range(len(outcomes)), [label(each) for each in outcomes], fontsize=7)
    axes.set_ylim(len(outcomes) - 0.5, -0.5)
    axes.set_xlim(-1.05 * edge, 1.05 * edge)
    unit = "points" if outcomes[0].band.cell.metric == "accuracy" else "% of it"
    axes.set_xlabel(f"distance from the printed number, {unit}", fontsize=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def reach(outcomes: Sequence[Outcome]) -> float:
    """How far the axis goes: to what lies furthest, but not out of all proportion to the bands."""
    widest = max(max(map(abs, limits(each))) for each in outcomes)
    numbers = [abs(away(each, reading.measured)) for each in outcomes for reading in each.readings]
    return max(widest, min(max(numbers), FURTHEST * widest))


def svg(figure: Figure) -> str:
    """A figure as SVG that may stand inside HTML."""
    out = StringIO()
    # Without a date and random ids, the same ledger gives the same page; letters stay letters.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "pruneproof"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def limits(outcome: Outcome) -> tuple[float, float]:
    """A band's limits as distances."""
    return away(outcome, outcome.band.low), away(outcome, outcome.band.high)


def away(outcome: Outcome, number: float) -> float:
    """How far a number lies from the printed one: in % of it, or in points of an accuracy."""
    printed = float(outcome.band.cell.value)
    scale = 1.0 if outcome.band.cell.metric == "accuracy" else 100 / printed
    return (number - printed) * scale


def label(outcome: Outcome) -> str:
    """A cell's name within its table."""
    return outcome.band.cell.id.partition("/")[2]
