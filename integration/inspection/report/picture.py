"""A picture of the layers: blocks from left to right, the layers of each one above another."""

from __future__ import annotations

from dataclasses import dataclass

from pruneproof.integration.inspection.report.summary import (
    Record,
    gone,
    layers,
    percent,
    state,
)

WIDE, HIGH, GAP = 22, 22, 2
LEFT, TOP = 190, 24
MOST = 64
"""Rows of a picture; of the experts of a layer only the first ones fit."""


@dataclass(frozen=True)
class Cell:
    """A layer in the picture.

    Attributes:
        x: where it is, in pixels.
        y: from above.
        share: its zeros, moved ones included; how dark it is.
        state: `pruned`, `broken` where groups break its pattern, `dense`, or `open` where that is
            not decided.
        title: what is shown beside the pointer.
    """

    x: int
    y: int
    share: float
    state: str
    title: str


@dataclass(frozen=True)
class Picture:
    """Everything that is drawn.

    Attributes:
        width: pixels.
        height: pixels.
        cells: the layers.
        rows: labels, and where they stand from above.
        columns: numbers of blocks, and where they stand.
        hidden: rows that are not drawn.
    """

    width: int
    height: int
    cells: list[Cell]
    rows: list[tuple[str, int]]
    columns: list[tuple[str, int]]
    hidden: int


def picture(record: Record) -> Picture:
    """Where everything is drawn."""
    found = [each for each in layers(record) if each["block"] is not None]
    blocks = sorted({each["block"] for each in found})
    names = list(dict.fromkeys(_own(each) for each in found))
    shown = names[:MOST]
    step_x, step_y = WIDE + GAP, HIGH + GAP
    place = {block: LEFT + step_x * number for number, block in enumerate(blocks)}
    row = {name: TOP + step_y * number for number, name in enumerate(shown)}
    every = max(1, -(-len(blocks) // 40))
    cells = [
        Cell(place[each["block"]], row[_own(each)], gone(each), state(each), _title(each))
        for each in found
        if _own(each) in row
    ]
    return Picture(
        LEFT + step_x * len(blocks),
        TOP + step_y * len(shown),
        cells,
        list(row.items()),
        [(str(each), place[each]) for each in blocks[::every]],
        len(names) - len(shown),
    )


def _own(tensor: Record) -> str:
    """A layer's name in its block."""
    return tensor["layer"]


def _title(tensor: Record) -> str:
    pattern = tensor["pattern"]
    told = [tensor["name"], f"{percent(tensor['sparsity'])} zeros", tensor["why"]]
    if pattern["n_m"]:
        told.append(f"{pattern['n_m']}, {pattern['violations']} groups broken")
    if tensor.get("relation"):
        told.append(f"kept weights {tensor['relation']}")
    return "; ".join(told)
