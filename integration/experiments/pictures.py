"""The pictures of docs/results.md; what the ledger lacks is left out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter
from torch import Tensor

from pruneproof import reference
from pruneproof.integration.experiments import smollm2
from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.experiments.ledger import Entry

Results = Mapping[str, Entry]
Points = Sequence[tuple[float, Experiment]]

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#666666"
"""Okabe and Ito's colours, which colour-blind readers tell apart."""
POOLED = 3
"""The heat map shows means of so many inputs and outputs, since a pixel per weight is too many."""
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "grid.alpha": 0.25,
    # The same file from the same numbers.
    "svg.hashsalt": "pruneproof",
}


def of_ledger(results: Results) -> dict[str, Figure]:
    """All pictures that need nothing but a ledger, by file name."""
    drawn = {"sparsity": sparsity, "alpha": alpha, "beta": beta, "groups": groups}
    with matplotlib.rc_context(STYLE):
        return {name: draw(results) for name, draw in drawn.items()}


def save(name: str, picture: Figure) -> None:
    """Write an SVG into the pages' folder."""
    FOLDER.mkdir(exist_ok=True)
    with matplotlib.rc_context(STYLE):
        picture.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})


def sparsity(results: Results) -> Figure:
    """Perplexity against sparsity."""
    picture, axes = _axes("sparsity (%)", "perplexity")
    lines = {
        "magnitude": (smollm2.magnitude, GREY),
        "Wanda": (smollm2.wanda, ORANGE),
        "RIA": (smollm2.ria, BLUE),
        "StochRIA": (smollm2.stochria, GREEN),
    }
    for name, (method, colour) in lines.items():
        points = [(100 * each, method(sparsity=each)) for each in smollm2.SPARSITIES]
        _line(axes, name, colour, [(0, smollm2.DENSE), *points], results)
    axes.set_xticks([0, *(100 * each for each in smollm2.SPARSITIES)])
    _finish(axes)
    return picture


def alpha(results: Results) -> Figure:
    """Perplexity at 50 % against α."""
    picture, axes = _axes("power α of the activation norm", "perplexity at 50 % sparsity")
    lines = {
        "Wanda": (smollm2.wanda, ORANGE),
        "RIA": (smollm2.ria, BLUE),
        "RIA, input\nterm only": (lambda power: smollm2.ria(power, "input"), GREEN),
    }
    for name, (method, colour) in lines.items():
        _line(axes, name, colour, [(each, method(each)) for each in smollm2.ALPHAS], results)
    axes.set_xticks(smollm2.ALPHAS)
    _finish(axes)
    return picture


def beta(results: Results) -> Figure:
    """StochRIA's perplexity at 50 % against β."""
    picture, axes = _axes("share β of sampled weights", "perplexity at 50 % sparsity")
    axes.set_xscale("log")
    axes.invert_xaxis()
    points = [(each, smollm2.stochria(each)) for each in smollm2.BETAS]
    _line(axes, "StochRIA", GREEN, points, results)
    samples = [smollm2.stochria(seed=seed) for seed in smollm2.SAMPLING_SEEDS]
    _scatter(axes, [(0.1, each) for each in samples], results)
    for name, colour, experiment in (
        ("RIA", BLUE, smollm2.ria()),
        ("Wanda", ORANGE, smollm2.wanda()),
    ):
        _line(axes, name, colour, [(each, experiment) for each in (1.0, 0.01)], results, marker="")
    axes.xaxis.set_major_locator(FixedLocator(smollm2.BETAS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda each, _: f"{each:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    _finish(axes, log=False)
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
        _line(axes, name, colour, points, results, linestyle=dashes)
    axes.set_xticks([0, 1], ["of one output neuron", "of the layer"])
    axes.set_xlim(-0.2, 1.1)
    _finish(axes, log=False)
    return picture


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
    picture = Figure(figsize=(6.4, 4.2))
    axes = picture.subplots()
    axes.set(xlabel=across, ylabel=up)
    axes.grid(axis="y")
    return picture, axes


def _measured(points: Points, results: Results) -> list[tuple[float, float]]:
    return [
        (at, float(results[each.digest]["perplexity"]))
        for at, each in points
        if each.digest in results
    ]


def _line(
    axes: Axes,
    name: str,
    colour: str,
    points: Points,
    results: Results,
    marker: str = "o",
    linestyle: str = "-",
) -> None:
    found = _measured(points, results)
    if found:
        axes.plot(*zip(*found, strict=True), color=colour, marker=marker, linestyle=linestyle)
        axes.lines[-1].set_label(name)


def _scatter(axes: Axes, points: Points, results: Results) -> None:
    found = _measured(points, results)
    if found:
        axes.scatter(*zip(*found, strict=True), color=GREEN, facecolors="none", zorder=3, s=36)


def _finish(axes: Axes, log: bool = True) -> None:
    """Set the scale, and name every line at its last point, apart from its neighbours."""
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda each, _: f"{each:g}"))
        axes.yaxis.set_minor_formatter(FuncFormatter(_some))
    _name_lines(axes)


def _some(each: float, _: object) -> str:
    return f"{each:g}" if f"{each:.0e}"[0] in "235" else ""


def _name_lines(axes: Axes, apart: float = 14) -> None:
    named = [line for line in axes.lines if not line.get_label().startswith("_")]
    ends = {line: axes.transData.transform(line.get_xydata()[-1]) for line in named}
    above = -float("inf")
    for line in sorted(named, key=lambda line: ends[line][1]):
        # In points, of which matplotlib's figure has 72 to 100 pixels here.
        height = ends[line][1] * 72 / axes.figure.dpi
        at = max(height, above + apart * (1 + line.get_label().count("\n")))
        axes.annotate(
            line.get_label(),
            line.get_xydata()[-1],
            xytext=(8, at - height),
            textcoords="offset points",
            color=line.get_color(),
            va="center",
            annotation_clip=False,
        )
        above = at
