"""What a score multiplies by a norm of the input: |W|, or its relative importance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pruneproof.integration.inspection.explanations.cycle import Entry
from pruneproof.integration.inspection.explanations.rounding import (
    Rounding,
    of_relative_importance,
    of_weight,
)
from pruneproof.reference.blocks import row_blocks
from pruneproof.reference.checks import check_choice


@dataclass(frozen=True)
class Sizes:
    """The sizes of a layer's weights.

    Attributes:
        W: out × in.
        of_inputs: ℓ1 norms of the weights that leave each input, float64, where they count.
        of_outputs: ℓ1 norms of those that enter each output.
    """

    W: Tensor
    of_inputs: Tensor | None = None
    of_outputs: Tensor | None = None

    def ends(self, rounding: Rounding) -> Iterator[tuple[slice, Tensor, Tensor]]:
        """The lower and the upper ends, float64, in blocks of whole rows."""
        outputs, inputs = self.W.shape
        for rows in row_blocks(outputs, inputs):
            w = self.W[rows].double().abs()
            if self.of_inputs is None and self.of_outputs is None:
                low, high = of_weight(w, rounding)
            else:
                norms: list[tuple[Tensor, int]] = []
                if self.of_inputs is not None:
                    norms.append((self.of_inputs, outputs))
                if self.of_outputs is not None:
                    norms.append((self.of_outputs[rows, None], inputs))
                low, high = of_relative_importance(w, tuple(norms), rounding)
            yield rows, low.clamp(min=0), high

    def entry(self, output: int, input: int) -> Entry:
        """One weight, for a certificate."""
        outputs, inputs = self.W.shape
        norms: list[tuple[float, int]] = []
        if self.of_inputs is not None:
            norms.append((float(self.of_inputs[input]), outputs))
        if self.of_outputs is not None:
            norms.append((float(self.of_outputs[output]), inputs))
        return Entry(output, input, float(self.W[output, input]), tuple(norms))


def relative_importances(W: Tensor, terms: str) -> Sizes:
    """RI's sizes, out × in.

    Args:
        W: out × in.
        terms: `both`, or the `input` or the `output` term alone.

    Raises:
        ValueError: terms is another word.
    """
    check_choice("terms", terms, ("both", "input", "output"))
    of_inputs, of_outputs = W.new_zeros(W.shape[1], dtype=torch.float64), []
    for rows in row_blocks(*W.shape):
        w = W[rows].double().abs()
        of_inputs += w.sum(0)
        of_outputs.append(w.sum(1))
    by_output = torch.cat(of_outputs) if of_outputs else W.new_zeros(0, dtype=torch.float64)
    return Sizes(
        W, of_inputs if terms != "output" else None, by_output if terms != "input" else None
    )
