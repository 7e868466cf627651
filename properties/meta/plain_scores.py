"""Every score in plain torch and `nn.Linear`'s layout: right, for others to go wrong in one place.

It shares no code with the reference.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


class Plain:
    """Scores as a maintainer might write them."""

    methods: tuple[str, ...] = ()
    """What is offered; empty for everything."""

    def score(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        **parameters: Any,
    ) -> Tensor:
        """By method."""
        formula = getattr(self, method, None)
        if formula is None or method not in (self.methods or (method,)):
            raise NotImplementedError(method)
        given = [] if inputs is None else [self.tokens(self.widened(inputs))]
        given += [] if outputs is None else [self.widened(outputs)]
        return formula(self.widened(weight), *given, **parameters)

    def tokens(self, inputs: Tensor) -> Tensor:
        """Tokens of all sequences in one list."""
        return inputs.flatten(0, -2)

    def widened(self, tensor: Tensor) -> Tensor:
        """Half precision becomes float32."""
        return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor

    def norm(self, activations: Tensor) -> Tensor:
        """ℓ2 norm of each column."""
        return activations.norm(dim=0)

    def norms(self, W: Tensor, p: float = 1.0) -> tuple[Tensor, Tensor]:
        """Norms of each input, 1 × in, and of each output, out × 1."""
        return torch.linalg.norm(W, p, 0, True), torch.linalg.norm(W, p, 1, True)

    def magnitude(self, W: Tensor) -> Tensor:
        """|W|."""
        return W.abs()

    def wanda(self, W: Tensor, X: Tensor, alpha: float = 1.0) -> Tensor:
        """|W|·‖X‖^α."""
        return W.abs() * self.norm(X) ** alpha

    def stade(self, W: Tensor, X: Tensor) -> Tensor:
        """|W|·‖X − μ‖."""
        return W.abs() * self.norm(X - X.mean(0))

    def owanda(self, W: Tensor, Y: Tensor) -> Tensor:
        """|W|·‖Y‖."""
        return W.abs() * self.norm(Y.T)[:, None]

    def symwanda(self, W: Tensor, X: Tensor, Y: Tensor) -> Tensor:
        """|W|·(‖X‖ + ‖Y‖)."""
        return W.abs() * (self.norm(X) + self.norm(Y.T)[:, None])

    def symwanda_squared(self, W: Tensor, X: Tensor, Y: Tensor) -> Tensor:
        """|W|·√(‖X‖² + ‖Y‖²)."""
        return W.abs() * torch.hypot(self.norm(X), self.norm(Y.T)[:, None])

    def symmetric(self, W: Tensor) -> Tensor:
        """|W|·(r + q)."""
        r, q = self.norms(W, 2)
        return W.abs() * (r + q)

    def symmetric_squared(self, W: Tensor) -> Tensor:
        """|W|·√(r² + q²)."""
        return W.abs() * torch.hypot(*self.norms(W, 2))

    def relative(self, W: Tensor, r: Tensor, q: Tensor, terms: str = "both") -> Tensor:
        """|W|/r + |W|/q, or one of the two."""
        of_input, of_output = self.share(W, r), self.share(W, q)
        if terms == "both":
            return of_input + of_output
        return of_input if terms == "input" else of_output

    def share(self, W: Tensor, norm: Tensor) -> Tensor:
        """|W|/norm, with 0/0 = 0."""
        return W.abs() / norm.masked_fill(norm == 0, math.inf)

    def ri(self, W: Tensor, terms: str = "both") -> Tensor:
        """Relative importance."""
        return self.relative(W, *self.norms(W), terms)

    def ria(self, W: Tensor, X: Tensor, alpha: float = 0.5, terms: str = "both") -> Tensor:
        """RI·‖X‖^α."""
        return self.ri(W, terms) * self.norm(X) ** alpha

    def general_diagonal(self, W: Tensor, A: Tensor, B: Tensor) -> Tensor:
        """|W|/r·‖A‖ + |W|/q·‖B‖."""
        r, q = self.norms(W)
        return self.share(W, r) * self.norm(A) + self.share(W, q) * self.norm(B.T)[:, None]

    def lp(
        self,
        W: Tensor,
        X: Tensor | None = None,
        p: float = 1.0,
        strategy: str = "S1",
        alpha: float = 0.0,
    ) -> Tensor:
        """The ℓp scores."""
        r, q = self.norms(W, p)
        if strategy == "S1":
            scores = self.relative(W, r, q)
        elif strategy == "S2":
            scores = self.share(W, r + q)
        elif strategy == "S3":
            scores = W.abs() * (r + q)
        else:
            scores = W.abs() / (1 / r + 1 / q)
        return scores if X is None else scores * self.norm(X) ** alpha

    def stochria(
        self,
        W: Tensor,
        X: Tensor | None = None,
        ratio: float = 0.1,
        seed: int = 0,
        alpha: float = 0.0,
    ) -> Tensor:
        """Eq. (4)."""
        rows, columns = W.shape
        tau = self.size(ratio, rows, columns)
        generator = torch.Generator().manual_seed(seed)
        of_inputs = self.samples(columns, rows, tau, generator)
        of_outputs = self.samples(rows, columns, tau, generator)
        r = W.abs().T.gather(1, of_inputs).sum(1)[None, :]
        q = W.abs().gather(1, of_outputs).sum(1)[:, None]
        scores = self.relative(W, r, q)
        return scores if X is None else scores * self.norm(X) ** alpha

    def size(self, ratio: float, rows: int, columns: int) -> int:
        """τ."""
        return max(1, int(ratio * min(rows, columns)))

    def samples(self, lines: int, length: int, tau: int, generator: torch.Generator) -> Tensor:
        """Distinct entries of each line, lines × τ."""
        drawn = [torch.randperm(length, generator=generator)[:tau] for _ in range(lines)]
        return torch.stack(drawn)
