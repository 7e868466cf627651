"""Reading off the scores which entries StochRIA sampled.

A score divided by its weight is 1/r + 1/q, where r and q are sums of τ weights. The weights here
are such that all these sums of two reciprocals differ by more than any rounding, so that a score
tells both samples: the weights need no powers of two, which would leave a common shift open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.comparing.expected import expected_scores
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.gate.property import Violation

WEIGHTS = torch.tensor(
    [
        [15.0, -70.0, 89.0, 60.0, -37.0],
        [-17.0, 32.0, 74.0, -33.0, 99.0],
        [100.0, 120.0, -11.0, 106.0, 109.0],
        [50.0, -12.0, -113.0, 9.0, 8.0],
    ]
)
"""Of this layer, its transpose and its leading blocks, a score tells which entries it is from."""


def sample_size(example: Example) -> int:
    """τ = max(1, ⌊ratio · min(out, in)⌋)."""
    return max(1, int(example.parameters.get("ratio", 0.1) * min(example.weight.shape)))


@dataclass(frozen=True)
class Samples:
    """What was read.

    Attributes:
        of_inputs: in × τ, the outputs at which each input is sampled.
        of_outputs: out × τ, the inputs at which each output is sampled.
    """

    of_inputs: np.ndarray
    of_outputs: np.ndarray

    @property
    def known(self) -> tuple[Tensor, Tensor]:
        """As the closed form takes them."""
        return torch.from_numpy(self.of_inputs), torch.from_numpy(self.of_outputs.T.copy())


class Reader:
    """All scores that τ distinct entries can give, for one layer.

    Args:
        example: the layer, its weights from `WEIGHTS`.
        result: dtype of the scores.

    Attributes:
        of_inputs: the possible samples of an input.
        of_outputs: the possible samples of an output.
        scores: out × in × samples of the input × samples of the output.
        tolerance: relative to a score, what honest arithmetic may be off by.
    """

    def __init__(self, example: Example, result: torch.dtype) -> None:
        tau = sample_size(example)
        weight = example.weight.abs().double().numpy()
        rows, columns = weight.shape
        self.of_inputs = np.array(list(combinations(range(rows), tau)))
        self.of_outputs = np.array(list(combinations(range(columns), tau)))
        r = weight[self.of_inputs].sum(1).T
        q = weight[:, self.of_outputs].sum(2)
        factor = np.ones(columns)
        if example.inputs is not None:
            alpha = example.parameters.get("alpha", 0.0)
            factor = example.inputs.double().norm(dim=0).numpy() ** alpha
        shares = 1 / r[None, :, :, None] + 1 / q[:, None, None, :]
        self.scores = (weight * factor)[:, :, None, None] * shares
        any_sample = self.of_inputs[[0] * columns], self.of_outputs[[0] * rows]
        exact = expected_scores(example, result, samples=Samples(*any_sample).known)
        # The bound relative to a score is the same for all samples of one size.
        self.tolerance = float((exact.bound / exact.value).max()) + 2.0**-46

    def read(self, subject: Subject, scores: Tensor) -> Samples:
        """Find the samples, or raise what is wrong with scores that no samples explain."""
        got = scores.double().cpu().numpy()
        error = np.abs(got[:, :, None, None] / self.scores - 1)
        # nan is no candidate's score either.
        error = np.where(np.isnan(error), math.inf, error).reshape(*got.shape, -1)
        name = subject.name_of(scores)
        for j, k in np.argwhere(error.min(2) > self.tolerance).tolist():
            raise Violation(
                f"score [{j}, {k}] comes from no sample of {self.of_inputs.shape[1]} distinct "
                "entries of its input and of its output",
                self.is_one_of(name, (j, k), self.scores[j, k]),
                got=float(got[j, k]),
            )
        of_input, of_output = np.divmod(error.argmin(2), len(self.of_outputs))
        for j, k in np.argwhere(of_input != of_input[0]).tolist():
            self._disagree(name, (0, k), (j, k), "input")
        for j, k in np.argwhere(of_output != of_output[:, :1]).tolist():
            self._disagree(name, (j, 0), (j, k), "output")
        return Samples(self.of_inputs[of_input[0]], self.of_outputs[of_output[:, 0]])

    def is_one_of(self, name: str, at: tuple[int, int], scores: np.ndarray) -> str:
        """An expression: whether a score is, up to rounding, one of those."""
        entry = f"{name}[{at[0]}, {at[1]}].item()"
        return f"any(abs({entry} / s - 1) <= {self.tolerance!r} for s in {scores.ravel().tolist()})"

    def _disagree(self, name: str, one: tuple[int, int], other: tuple[int, int], line: str) -> None:
        # Common to both scores is the sample of their input, or of their output.
        tables = [self.scores[at] if line == "input" else self.scores[at].T for at in (one, other)]
        pairs = [(first.tolist(), second.tolist()) for first, second in zip(*tables, strict=True)]
        found = [
            f"any(abs({name}[{at[0]}, {at[1]}].item() / s - 1) <= {self.tolerance!r} for s in {of})"
            for at, of in ((one, "first"), (other, "second"))
        ]
        raise Violation(
            f"scores {list(one)} and {list(other)} come from different samples of one {line}",
            f"any({found[0]} and {found[1]} for first, second in {pairs})",
        )
