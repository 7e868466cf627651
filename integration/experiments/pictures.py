"""The pictures of docs/results.md; what the ledger lacks is left out of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter
from torch import Tensor

from pruneproof import reference
from pruneproof.integration.drawing import BLUE, GREEN, GREY, ORANGE, STYLE
from pruneproof.integration.experiments import smollm2
from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.experiments.ledger import Entry

Results = Mapping[str, Entry]
Points = Sequence[tuple[float, Experiment]]
Line = list[tuple[float, float]]

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
POOLED = 3
"""The heat map shows means of so many inputs and outputs, since a pixel per weight is too many."""
LINE_HEIGHT = 0.055
"""Of a name beside a line, as a share of the axes."""


def of_ledger(results: Results) -> dict[str, Figure]:
    """All pictures that need nothing but a ledger, by file name."""
    with matplotlib.rc_context(STYLE):
        return {name: draw(results) for name, draw in DRAWN.items()}


def save(name: str, picture: Figure) -> None:
    """Write an SVG into the pages' folder."""
    FOLDER.mkdir(exist_ok=True)
    with matplotlib.rc_context(STYLE):
        picture.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})


def sparsity(results: Results) -> Figure:
    """Perplexity against sparsity, and beside it how far RIA and StochRIA are from Wanda."""
    picture, (whole, beside) = _panels(
        "sparsity (%)", "perplexity", "perplexity compared with Wanda's (%)"
    )
    lines = {
        "magnitude": (smollm2.magnitude, GREY),
        "Wanda": (smollm2.wanda, ORANGE),
        "RIA": (smollm2.ria, BLUE),
        "StochRIA": (smollm2.stochria, GREEN),
    }
    for name, (method, colour) in lines.items():
        points = [(100 * each, method(sparsity=each)) for each in smollm2.SPARSITIES]
        _line(whole, name, colour, _measured([(0, smollm2.DENSE), *points], results))
        if name != "magnitude":
            _line(beside, name, colour, _relative(points, results, smollm2.wanda))
    ticks = [100 * each for each in smollm2.SPARSITIES]
    whole.set_xticks([0, *ticks])
    beside.set_xticks(ticks)
    _logarithmic(whole)
    _name_lines(whole, beside)
    return picture


def alpha(results: Results) -> Figure:
    """Perplexity at 50 % against α, and beside it the powers that are not 0."""
    picture, (whole, closer) = _panels(
        "power α of the activation norm", "perplexity at 50 % sparsity", "the same, without α = 0"
    )
    lines = {
        "Wanda": (smollm2.wanda, ORANGE),
        "RIA": (smollm2.ria, BLUE),
        "RIA, input term": (lambda power: smollm2.ria(power, "input"), GREEN),
    }
    for name, (method, colour) in lines.items():
        found = _measured([(each, method(each)) for each in smollm2.ALPHAS], results)
        _line(whole, name, colour, found)
        _line(closer, name, colour, found[1:])
    whole.set_xticks(smollm2.ALPHAS)
    closer.set_xticks(smollm2.ALPHAS[1:])
    _logarithmic(whole)
    _name_lines(whole, closer)
    return picture


def beta(results: Results) -> Figure:
    """StochRIA's perplexity at 50 % against β."""
    picture, axes = _axes("share β of sampled weights", "perplexity at 50 % sparsity")
    axes.set_xscale("log")
    axes.invert_xaxis()
    points = [(each, smollm2.stochria(each)) for each in smollm2.BETAS]
    _line(axes, "StochRIA", GREEN, _measured(points, results))
    samples = [(0.1, smollm2.stochria(seed=seed)) for seed in smollm2.SAMPLING_SEEDS]
    _line(axes, None, GREEN, _measured(samples, results), linestyle="", fillstyle="none")
    for name, colour, method in (("RIA", BLUE, smollm2.ria), ("Wanda", ORANGE, smollm2.wanda)):
        ends = [(each, method()) for each in (1.0, 0.01)]
        _line(axes, name, colour, _measured(ends, results), marker="", linestyle="--")
    axes.xaxis.set_major_locator(FixedLocator([each for each in smollm2.BETAS if each != 0.9]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda each, _: f"{each:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    _name_lines(axes)
    return picture


def groups(results: Results) -> Figure:
    """Wanda and RIA between groups by output neuron and over the layer."""
    picture, axes = _axes("weights that are compared", "perplexity at 50 % sparsity")
    lines = {
        "Wanda, α = 1": (smollm2.wanda, 1.0, ORANGE, "-"),
        "Wanda, α = 0.5": (smollm2.wanda, 0.5, ORANGE, "--"),
        "RIA, α = 1": (smollm2.ria, 1.0, BLUE, "-"),
        "RIA, α = 0.5": (smollm2.ria, 0.5, BLUE, "--"),
    }
    for name, (method, power, colour, dashes) in lines.items():
        points = [(0, method(power)), (1, method(power, group="layer"))]
        _line(axes, name, colour, _measured(points, results), linestyle=dashes)
    axes.set_xticks([0, 1], ["of one output neuron", "of the layer"])
    axes.set_xlim(-0.2, 1.1)
    _name_lines(axes)
    return picture


DRAWN = {"sparsity": sparsity, "alpha": alpha, "beta": beta, "groups": groups}
"""What draws each picture from a ledger."""


def weights(name: str, weight: Tensor) -> Figure:
    """A heat map of a layer's magnitudes, with the norms of its inputs and outputs beside it."""
    W = weight.T
    shown = torch.nn.functional.avg_pool2d(W.abs()[None], POOLED)[0]
    with matplotlib.rc_context(STYLE):
        picture = Figure(figsize=(7, 6.4))
        grid = picture.subplots(2, 2, gridspec_kw={"width_ratios": (5, 1), "height_ratios": (1, 5)})
        (top, corner), (heat, right) = grid
        corner.axis("off")
        image = heat.imshow(
            shown.numpy(),
            cmap="cividis",
            vmax=float(shown.quantile(0.99)),
            aspect="auto",
            interpolation="none",
            extent=(0, W.shape[1], W.shape[0], 0),
        )
        heat.set(xlabel="output k", ylabel="input j")
        top.plot(reference.output_norms(W, 1).numpy(), color=BLUE, linewidth=0.6)
        top.set(ylabel=r"$\|W_{:k}\|_1$", xlim=(0, W.shape[1]), ylim=(0, None), xticklabels=[])
        right.plot(reference.input_norms(W, 1).numpy(), range(len(W)), color=BLUE, linewidth=0.6)
        right.set(xlabel=r"$\|W_{j:}\|_1$", ylim=(len(W), 0), xlim=(0, None), yticklabels=[])
        picture.colorbar(
            image,
            ax=grid,
            location="bottom",
            shrink=0.6,
            extend="max",
            label=f"mean magnitude of {POOLED} × {POOLED} weights",
        )
        top.set_title(f"{name} of {smollm2.MODEL}", fontsize=10, loc="left")
    return picture


def _axes(across: str, up: str) -> tuple[Figure, Axes]:
    picture, (axes,) = _panels(across, up)
    return picture, axes


def _panels(across: str, *ups: str) -> tuple[Figure, Sequence[Axes]]:
    picture = Figure(figsize=(5.6, 4.2) if len(ups) == 1 else (9.6, 4.2))
    panels = picture.subplots(1, len(ups), squeeze=False)[0]
    for axes, up in zip(panels, ups, strict=True):
        axes.set(xlabel=across, ylabel=up)
        axes.grid(axis="y")
    return picture, panels


def _measured(points: Points, results: Results) -> Line:
    return [
        (at, float(results[each.digest]["perplexity"]))
        for at, each in points
        if each.digest in results
    ]


def _relative(points: Points, results: Results, other: Callable[..., Experiment]) -> Line:
    """How many per cent above another method's perplexity at the same sparsity."""
    beside = dict(_measured([(at, other(sparsity=at / 100)) for at, _ in points], results))
    found = _measured(points, results)
    return [(at, 100 * (each / beside[at] - 1)) for at, each in found if at in beside]


def _line(axes: Axes, name: str | None, colour: str, found: Line, **more: Any) -> None:
    if found:
        style = {"marker": "o", "markersize": 5, **more}
        axes.plot(*zip(*found, strict=True), color=colour, label=name, **style)


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda each, _: f"{each:g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(_some))


def _some(each: float, _: object) -> str:
    return f"{each:g}" if f"{each:.0e}"[0] in "25" else ""


def _name_lines(*panels: Axes) -> None:
    """Write each line's name beside its last point, apart from its neighbours."""
    for axes in panels:
        # The limits stand only once all is drawn.
        axes.autoscale_view()
        lines = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
        heights = [
            axes.transAxes.inverted().transform(axes.transData.transform(line.get_xydata()[-1]))[1]
            for line in lines
        ]
        for line, height in zip(lines, apart(heights, LINE_HEIGHT), strict=True):
            axes.text(
                1.02,
                height,
                str(line.get_label()),
                color=line.get_color(),
                transform=axes.transAxes,
                verticalalignment="center",
            )


def apart(heights: Sequence[float], least: float) -> list[float]:
    """Heights moved as little as needed to be that far from each other, in the same order.

    Example:
        >>> apart([0.0, 5.0, 5.0], 2.0)
        [0.0, 4.0, 6.0]
    """
    order = sorted(range(len(heights)), key=lambda each: heights[each])
    clusters: list[list[float]] = []
    for each in order:
        clusters.append([heights[each]])
        # Neighbours that touch are spread about their mean, which may touch the next ones.
        while len(clusters) > 1 and _top(clusters[-2], least) + least > _bottom(
            clusters[-1], least
        ):
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    moved = [
        _bottom(cluster, least) + least * position
        for cluster in clusters
        for position in range(len(cluster))
    ]
    return [height for _, height in sorted(zip(order, moved, strict=True))]


def _bottom(cluster: list[float], least: float) -> float:
    return fmean(cluster) - least * (len(cluster) - 1) / 2


def _top(cluster: list[float], least: float) -> float:
    return fmean(cluster) + least * (len(cluster) - 1) / 2
