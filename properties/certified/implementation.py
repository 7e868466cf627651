"""What the properties are about: an implementation, seen through the gate's interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from pruneproof.properties.certified.arithmetic import Arithmetic
from pruneproof.reference.blocks import block_size
from pruneproof.reference.methods import INPUTS, SCORES
from pruneproof.reference.precision import accumulation_dtype, score_dtype


class Adapter(Protocol):
    """Scores in `nn.Linear`'s layout, as the gate asks for them."""

    def score(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        **parameters: Any,
    ) -> Tensor:
        """The scores of one layer; larger means keep.

        Args:
            method: name of the score, such as `wanda`.
            weight: out_features × in_features.
            inputs: tokens × in_features.
            outputs: out_features × d.
            parameters: of the score.

        Returns:
            Scores, out_features × in_features.
        """
        ...


@dataclass(frozen=True)
class Implementation:
    """An adapter and what is known of its arithmetic.

    Attributes:
        adapter: computes the scores.
        arithmetic: for the dtype of the weights, what its bounds are derived from.
    """

    adapter: Adapter
    arithmetic: Callable[[torch.dtype], Arithmetic]


class ReferenceAdapter:
    """`pruneproof.reference`, which has the paper's orientation."""

    def score(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        **parameters: Any,
    ) -> Tensor:
        """See :class:`Adapter`."""
        score = SCORES[method]
        for name, statistic in score.statistics.items():
            activations = inputs if statistic.of == INPUTS else outputs
            if activations is not None:
                parameters[name] = statistic.compute(activations)
        return score.function(weight.T, **parameters).T


def _reference_arithmetic(dtype: torch.dtype) -> Arithmetic:
    device = torch.device("cpu")
    return Arithmetic(
        accumulation_dtype(device), score_dtype(dtype), block_elements=block_size(device)
    )


REFERENCE = Implementation(ReferenceAdapter(), _reference_arithmetic)
