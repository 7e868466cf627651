"""A picture of how near each score comes to a mask with a calibration, block by block.

`python -m pruneproof.integration.inspection.report.agreements DIR/inspect.json picture.svg` draws
the first text of a report; it needs the extra `plots`.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from pruneproof.integration.drawing import BLUE, GREEN, GREY, ORANGE, STYLE

COLOURS = {"wanda": BLUE, "ria": ORANGE, "symwanda": GREEN, "magnitude": GREY}
"""Other scores would crowd the picture."""


def by_block(layers: Mapping[str, float]) -> dict[int, list[float]]:
    """Shares of the matrices of each block.

    Args:
        layers: by the names of matrices, as `3.self_attn.q_proj`.
    """
    found: dict[int, list[float]] = defaultdict(list)
    for name, share in layers.items():
        found[int(name.partition(".")[0])].append(share)
    return dict(sorted(found.items()))


def draw(record: Mapping[str, Any], path: Path) -> None:
    """Draw lines of the mean over the matrices of a block, and bands from the least to the most.

    Args:
        record: what inspect.json holds.
        path: of the SVG file.

    Raises:
        ValueError: nothing was calibrated.
    """
    import matplotlib
    from matplotlib.figure import Figure

    said = [each for each in record["explanations"] if "calibration" in each]
    if not said:
        raise ValueError("record: has no explanation with a calibration; inspect with one")
    source = said[0]["calibration"]["source"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.4))
        axes = figure.subplots()
        for each in said:
            colour = COLOURS.get(each["method"])
            if colour is None or each["calibration"]["source"] != source:
                continue
            alpha = each["parameters"].get("alpha")
            name = each["method"] if alpha is None else f"{each['method']} (α = {alpha:g})"
            blocks = by_block(each["calibration"]["layers"])
            shares = [[100 * share for share in of] for of in blocks.values()]
            axes.plot([*blocks], [fmean(of) for of in shares], color=colour, label=name)
            axes.fill_between([*blocks], [*map(min, shares)], [*map(max, shares)],
                              color=colour, alpha=0.15, linewidth=0)  # fmt: skip
        axes.set_xlabel("block")
        axes.set_ylabel("pruned alike, %")
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]))
