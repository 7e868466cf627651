"""How much memory a run takes: predicted from the model's shapes, and measured."""

from __future__ import annotations

import re
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.decoder.matrices import Matrices
from pruneproof.integration.decoder.parallel import scored_at_once, workers_on_cpu
from pruneproof.integration.decoder.trial import held_by_a_pass
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts
from pruneproof.reference.blocks import BLOCK_ELEMENTS
from pruneproof.reference.precision import score_dtype

_PIECES, _PIECES_OF_REFINEMENTS = 8, 24
"""Pieces of `BLOCK_ELEMENTS` in float64 that scores and statistics have at a time, and refinements:
of both signs of the error, gains and losses, sorted, with their places."""


@dataclass(frozen=True)
class Memory:
    """Bytes beside the interpreter and its libraries.

    Attributes:
        held: weights and hidden states, which lie in memory together: at least this is taken.
        peak: with the largest temporaries beside them: no more than this is taken.
    """

    held: int
    peak: int


@dataclass(frozen=True)
class Sizes:
    """What a prediction is made from, in bytes.

    Attributes:
        model: all weights, tied ones once.
        block: those of the largest block.
        outside: those outside all blocks.
        tensor: the largest tensor.
    """

    model: int
    block: int
    outside: int
    tensor: int


def sizes(model: nn.Module, decoder: Decoder) -> Sizes:
    """Sizes of a model, which may be on the meta device."""
    blocks = [size_of(block) for block in decoder.blocks(model)]
    whole = size_of(model)
    largest = max(each.numel() * each.element_size() for each in model.parameters())
    return Sizes(whole, max(blocks), whole - sum(blocks), largest)


def expected_memory(
    model: Any, decoder: Decoder, plan: Plan, texts: Texts, windows: int, *, stream: bool = False
) -> Memory:
    r"""Peak memory of a run on the CPU.

    In memory, the model, the calibration's hidden states and the larger of two temporaries:

    .. math:: P + N \cdot L \cdot H \cdot s
              + \max(w \cdot \text{block's forward pass, layer's scores})

    with w sequences worked on at once, or the model and one window's logits, whichever is more.
    Streamed, the largest block or what is outside the blocks takes P's place, at the end both, and
    the hidden states are those of the calibration or of all evaluation windows. Position
    embeddings and masks, which the model makes for each sequence, are counted with them.

    Args:
        model: may be on the meta device.
        decoder: what is known of it.
        plan: how it is pruned.
        texts: N = `texts.samples` sequences of L = `texts.seqlen` tokens.
        windows: number of evaluation windows.
        stream: one block at a time.
    """
    size = sizes(model, decoder)
    width = model.get_input_embeddings().embedding_dim
    width = max(width, getattr(model.config.get_text_config(), "hidden_size", width))
    sequence = texts.seqlen * width * model.dtype.itemsize
    waiting = held_by_a_pass(model, decoder.stack, decoder.spent, texts.seqlen)
    calibration, evaluation = texts.samples * waiting, windows * waiting
    # What went in and what comes out of the sequences in work, what is added to them and norms.
    workers = min(workers_on_cpu(), texts.samples)
    forward = workers * (6 * sequence + _forward(model, decoder, texts.seqlen))
    work = max(forward, _scores(model, decoder, plan))
    logits = _logits(model, texts.seqlen)
    if not stream:
        one = _forward(model, decoder, texts.seqlen)
        return Memory(
            size.model + calibration,
            size.model + max(calibration + work, sequence + one + logits),
        )
    hidden = max(calibration, evaluation)
    return Memory(
        max(size.block, size.outside) + hidden,
        hidden + size.tensor + size.block + max(work, size.outside + logits),
    )


def measured_peak() -> int:
    """Most bytes of main memory that this process has held so far."""
    # What getrusage tells begins, on Linux, with what the process that started this one had.
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def _forward(model: Any, decoder: Decoder, length: int) -> int:
    # No more than all inputs and outputs of a block's matrices, a mask, and, where attention
    # is not fused, each head's scores before and after the softmax, which float32 computes. Each
    # token meets no more experts than it is sent to, and all of them where that is not known.
    config = model.config.get_text_config()
    features = max(
        sum((each.in_features + each.out_features) * _met(each, config) for each in matrices)
        for matrices in decoder.matrices
    )
    heads = getattr(config, "num_attention_heads", 1)
    eager = model.config._attn_implementation == "eager"
    attention = length * length * (8 * heads * eager + 4)
    return length * features * model.dtype.itemsize + attention + _doubles(_PIECES)


def _met(matrices: Matrices, config: Any) -> int:
    return getattr(config, "num_experts_per_tok", None) or matrices.count or 1


def _scores(model: Any, decoder: Decoder, plan: Plan) -> int:
    layers = [[each.weights for each in matrices] for matrices in decoder.matrices if matrices]
    matrices = [each for block in decoder.matrices for each in block]
    ones = [(each.count or 1, each.weights // (each.count or 1)) for each in matrices]
    most = max(weights * scored_at_once(count, weights) for count, weights in ones)
    workers = max(scored_at_once(*one) for one in ones)
    score = score_dtype(model.dtype).itemsize
    # The scores, a copy in another layout, and the mask before and after a refinement.
    each = 2 * score + 2
    if plan.refine is not None:
        each += model.dtype.itemsize
    if plan.method == "stochria":
        # Places of 8 bytes of both samples, their order and the weights found there.
        each += int(plan.parameters.get("ratio", 0.1) * 2 * (3 * 8 + score)) + 1
    # All masks of a block wait until it is done.
    pieces = _PIECES if plan.refine is None else _PIECES_OF_REFINEMENTS
    return most * each + max(map(sum, layers)) + workers * _doubles(pieces)


def _logits(model: Any, length: int) -> int:
    # As the model gives them, in float32, and as logarithms of probabilities.
    copy = 0 if model.dtype == torch.float32 else torch.float32.itemsize
    return (
        length * model.config.get_text_config().vocab_size * (model.dtype.itemsize + copy + 2 * 4)
    )


def _doubles(pieces: int) -> int:
    return pieces * BLOCK_ELEMENTS * torch.float64.itemsize


def size_of(module: nn.Module) -> int:
    """Bytes of a module's parameters, tied ones once."""
    return sum(each.numel() * each.element_size() for each in module.parameters())
