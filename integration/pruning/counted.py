"""Every matrix of a model, counted: pruned, or left dense and why."""

from __future__ import annotations

from collections import Counter
from typing import Any

from torch import nn

from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.recipe.plan import Plan

SKIPPED, UNREACHED = "skipped, as asked for", "no calibration token reached it"
Zeros = tuple[int, int]
"""How many zeros there are among how many weights."""


def layer(block: int, name: str) -> str:
    """What a matrix is called in records."""
    return f"block {block}, {name}"


def left_dense(
    decoder: Decoder, plan: Plan, tokens: dict[int, dict[str, int]] | None = None
) -> dict[str, str]:
    """The matrices of the blocks that are not pruned, and why.

    Args:
        decoder: what is known of the model.
        plan: how it is pruned.
        tokens: by block and matrix, how many tokens each expert saw, where that is known.
    """
    dense = {
        layer(number, name): why
        for number, block in enumerate(decoder.dense)
        for name, why in block.items()
    }
    for number, name, _ in decoder.names():
        if plan.for_layer(number, name) is None:
            dense[layer(number, name)] = SKIPPED
        elif plan.unreached == "dense" and (tokens or {}).get(number, {}).get(name) == 0:
            dense[layer(number, name)] = UNREACHED
    return dense


def dense_in_words(dense: dict[str, str]) -> str:
    """How many matrices stay dense for each reason, and one of them."""
    first = {why: name for name, why in reversed(dense.items())}
    return "; ".join(
        f"{count} ({why}: {first[why]}{', …' if count > 1 else ''})"
        for why, count in Counter(dense.values()).items()
    )


def zeros_of_matrices(number: int, block: nn.Module, decoder: Decoder) -> dict[str, Zeros]:
    """Zeros and weights of each matrix of a block that could be pruned."""
    found: dict[str, Zeros] = {}
    for each in decoder.matrices[number]:
        zeros = (each.of(block) == 0).sum((-1, -2)).reshape(-1).tolist()
        weights = each.out_features * each.in_features
        found |= {
            layer(number, name): (count, weights)
            for name, count in zip(each.names, zeros, strict=True)
        }
    return found


def zeros_of(parameters: Any) -> Zeros:
    """Zeros and weights of some parameters, tied ones once."""
    # Of a model that is read one part at a time they have one memory and two names.
    once = {(each.data_ptr(), each.shape): each for each in parameters}
    counts = [(int((each == 0).sum()), each.numel()) for each in once.values()]
    return sum(zeros for zeros, _ in counts), sum(weights for _, weights in counts)


def achieved(layers: dict[str, Zeros], model: Zeros, dense: dict[str, str]) -> dict[str, Any]:
    """The sparsity of what was pruned, each matrix', and that of the whole model.

    Args:
        layers: of every matrix that could be pruned.
        model: of all parameters.
        dense: those that were not.
    """
    pruned = {name: each for name, each in layers.items() if name not in dense}
    zeros, weights = (
        sum(each[0] for each in pruned.values()),
        sum(each[1] for each in pruned.values()),
    )
    return {
        "zeros": zeros,
        "weights": weights,
        "fraction": zeros / weights,
        "model": {"zeros": model[0], "weights": model[1], "fraction": model[0] / model[1]},
        "layers": {name: zero / total for name, (zero, total) in pruned.items()},
    }
