"""Perplexity on non-overlapping windows, as the known repositories measure it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn


@torch.no_grad()
def perplexity(model: nn.Module, windows: Iterable[Tensor]) -> float:
    r"""How surprised a model is by text.

    .. math:: \exp\Bigl(-\frac{1}{T} \sum_{w, t} \log p(x_{w, t+1} \mid x_{w, \le t})\Bigr)

    The first token of a window is not predicted. The known repositories multiply each window's
    mean over length − 1 predictions by the length and divide by the number of tokens; with windows
    of equal length that is the same mean.

    Args:
        model: a causal language model in evaluation mode.
        windows: token ids, each count × length or length.

    Returns:
        inf beyond float64's range, nan where the model gives no numbers.

    Raises:
        ValueError: no window, or one without a token to predict.
    """
    device = next(model.parameters()).device

    def scored() -> Iterator[tuple[Tensor, Tensor]]:
        for window in windows:
            tokens = window.reshape(-1, window.shape[-1]).to(device)
            if tokens.shape[1] < 2:
                raise ValueError(f"windows: length {tokens.shape[1]}, must be at least 2")
            yield tokens, model(tokens, use_cache=False).logits

    return perplexity_of(scored())


@torch.no_grad()
def perplexity_of(scored: Iterable[tuple[Tensor, Tensor]]) -> float:
    """The same, where a model's answers are there already.

    Args:
        scored: token ids, count × length, and their logits, count × length × vocabulary.

    Raises:
        ValueError: there are none.
    """
    total, predictions = torch.zeros((), dtype=torch.float64), 0
    for tokens, logits in scored:
        target = tokens[:, 1:].to(logits.device)
        loss = nn.functional.cross_entropy(
            logits[:, :-1].reshape(-1, logits.shape[-1]).float(),
            target.reshape(-1),
            reduction="sum",
        )
        total += loss.double().cpu()
        predictions += target.numel()
    if predictions == 0:
        raise ValueError("windows must be at least one, got none")
    mean = float(total) / predictions
    return math.inf if mean >= 709 else math.exp(mean)
