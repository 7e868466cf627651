"""Measures what the formats that gguf can write make of zeros, and writes the table of formats.

    python -m pruneproof.integration.inspection.measuring docs/formats.md

rewrites the measured entries of formats.toml, and the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pruneproof.integration.inspection.formats import FILE, Format, formats
from pruneproof.reporting.files import write_whole

TYPES = ("F16", "BF16", "Q8_0", "Q5_0", "Q5_1", "Q4_0", "Q4_1", "TQ1_0", "TQ2_0")
"""Types of which gguf has the quantising function."""
SIZE = 256
HEAD = """# What storage formats make of zeros

`pruneproof inspect` never takes a zero that a format made for a pruned weight, and finds zeros that
a format moved. This is what it knows of formats: a Gaussian weight, {size} × {size}, is stored and
expanded again after half of each row was removed by magnitude. What gguf can write is measured by
`python -m pruneproof.integration.inspection.measuring docs/formats.md`; the others were measured
once, on weights of that kind, with the library and version in the last column.

- *zeros stay*: 0.0 comes back as 0.0 or −0.0.
- *lost*: share of the zeros that come back as another number; *size*: how large that is on average,
  relative to the mean kept weight.
- *zeros of a dense weight*: share of the weights of a dense one, from which nothing was removed,
  that become 0; of marlin-24, which stores two of every four weights, of those. Empty: not
  measured.

| format | zeros stay | lost | size | zeros of a dense weight | measured with |
|---|---|---:|---:|---:|---|
"""
FOOT = """
Where zeros are lost they all become the same number in a block of weights, the level that is
nearest to 0. That is what `displaced_zeros` of inspect.json counts: weights that hold the value
nearest to 0 of their block of 16, where that value is far more frequent than the two beside it. In
a dense weight it is not: rounding gives neighbouring levels about equal shares (of Gaussian,
uniform, Laplacian and Student's weights they differ by at most 0.08 of a block at four bits, and by
a factor of 1.45). Where a few inputs have far larger weights than the others of their block,
rounding does the same to a dense weight: then the inputs whose weights reach over many levels must
show it, or inspect says *not decided*. So it does with four levels or fewer, of which neither can
be told.

What a format keeps, the algorithm that fills it may not: GPTQ changes the weights that it has not
rounded yet, zeros among them. Of the zeros of the half-pruned weight 5 % were gone after auto-gptq
0.7.1's, with four bits, groups of 128 and correlated inputs. They are gone in the file, and inspect
counts what is there.
"""


def measured(kind: str) -> Format:
    """What a type of gguf does."""
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize, quantize

    dense = np.random.default_rng(0).standard_normal((SIZE, SIZE)).astype(np.float32)
    order = np.argsort(np.abs(dense), axis=1)[:, : SIZE // 2]
    pruned = dense.copy()
    np.put_along_axis(pruned, order, 0, axis=1)
    type_ = GGMLQuantizationType[kind]

    def after(weight: Any) -> Any:
        if kind == "F16":
            return weight.astype(np.float16).astype(np.float32)
        return dequantize(quantize(weight, type_), type_).reshape(weight.shape)

    found, gone = after(pruned), pruned == 0
    lost = gone & (found != 0)
    size = float(np.abs(found[lost]).mean() / np.abs(pruned[~gone]).mean()) if lost.any() else 0.0
    return Format(
        f"GGUF {kind}" if kind not in ("F16", "BF16") else kind,
        not lost.any(),
        round(float(lost.sum() / gone.sum()), 4),
        round(size, 4),
        f"gguf {version('gguf')}",
        round(float((after(dense) == 0).mean()), 4),
    )


def page(known: Iterable[Format]) -> str:
    """The table for people."""
    rows = []
    for each in known:
        dense = "" if each.dense_zeros is None else f"{100 * each.dense_zeros:.3g} %"
        lost, size = (f"{100 * value:.4g} %" if value else "–" for value in (each.lost, each.size))
        stay = "yes" if each.zeros_stay else "**no**"
        rows.append(f"| {each.name} | {stay} | {lost} | {size} | {dense} | {each.measured_with} |")
    return HEAD.format(size=SIZE) + "\n".join(rows) + "\n" + FOOT


def as_toml(known: Iterable[Format]) -> str:
    """The table for the program."""
    lines = [
        "# What storage formats make of zeros: see docs/formats.md. Rewritten by measuring.py."
    ]
    for each in known:
        lines += ["", "[[format]]", f'name = "{each.name}"']
        lines += [f"zeros_stay = {str(each.zeros_stay).lower()}", f"lost = {each.lost}"]
        lines += [f"size = {each.size}", f'measured_with = "{each.measured_with}"']
        if each.dense_zeros is not None:
            lines.append(f"dense_zeros = {each.dense_zeros}")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Measure, and write both tables."""
    mine = {each.name: each for each in map(measured, TYPES)}
    known = [*mine.values(), *(each for name, each in formats().items() if name not in mine)]
    write_whole(FILE, as_toml(known))
    if arguments:
        write_whole(Path(arguments[0]), page(known))


if __name__ == "__main__":
    main(sys.argv[1:])
