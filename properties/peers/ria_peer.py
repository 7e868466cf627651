"""`RIA`, official code: RI, RIA, |W| and Wanda, within the layer; one weight too many is pruned.

`prune_ria` and `prune_magnitude`, with the defaults of the command line, in the clone of
biomedical-cybernetics/Relative-importance-and-activation-pruning that PRUNEPROOF_RIA names.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from pruneproof.properties.peers.clone import Clone, as_sequences

WITH_INPUTS = ("wanda", "ria")


class Adapter:
    name = "RIA (official)"
    conventions = {
        "group": "layer",
        "tail": "prune_partial",
        "dead": "nan",
        # ‖X‖² is divided by the number of sequences.
        "score_scale": "positive_multiple",
    }
    per_output = False

    def __init__(self) -> None:
        self._clone = Clone("PRUNEPROOF_RIA")
        self.version = self._clone.version

    def score(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        *,
        alpha: float | None = None,
    ) -> Tensor:
        return self._run(method, weight, inputs, alpha, 0.0).W_metric

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        *,
        sparsity: float | None = None,
        n_m: tuple[int, int] | None = None,
        alpha: float | None = None,
    ) -> Tensor:
        if n_m is None:
            return ~self._run(method, weight, inputs, alpha, sparsity).W_mask
        # Its n is the number of weights that are pruned.
        shape = {"prune_n": n_m[1] - n_m[0], "prune_m": n_m[1]}
        return ~self._run(method, weight, inputs, alpha, 0.5, **shape).W_mask

    def _run(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None,
        alpha: float | None,
        sparsity: float | None,
        **shape: int,
    ) -> Any:
        if method not in ("magnitude", "ri", *WITH_INPUTS) or (
            method != "ria" and alpha is not None
        ):
            raise NotImplementedError(f"no {method}, or none with alpha")
        options: dict[str, Any] = {
            "model": "llama",
            "prune_method": method,
            "sparsity_ratio": sparsity,
            "a": 0.5 if alpha is None else alpha,
            "per_outneuron": self.per_output,
            **dict.fromkeys(("calib_dataset", "seqlen")),
            **dict.fromkeys(("gptq", "reconstruction", "reallocation", "semi_sparse_acc"), False),
            **shape,
        }
        if inputs is None:
            return self._clone.run("prune_magnitude", weight, **options)
        return self._clone.run("prune_ria", weight, as_sequences(inputs), **options)
