"""Everything that can be found wrong before a weight is loaded."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pruneproof.integration.linear_inputs import decoder_blocks
from pruneproof.integration.pruning.blockwise import linears
from pruneproof.integration.pruning.data import Data
from pruneproof.integration.pruning.layer import Observed, keep_mask_of
from pruneproof.integration.pruning.load import (
    is_gguf,
    load_skeleton,
    load_tokenizer,
    most_positions,
    safetensors_folder,
    stored_files,
)
from pruneproof.integration.pruning.memory import sizes
from pruneproof.integration.pruning.places import check_apart
from pruneproof.integration.pruning.plan import Plan
from pruneproof.integration.pruning.quantised import check_no_adapter, check_not_quantised
from pruneproof.integration.pruning.settle import settle
from pruneproof.integration.pruning.shards import Shards
from pruneproof.integration.pruning.stored import Stored
from pruneproof.integration.pruning.unfinished import beside
from pruneproof.integration.pruning.where import Where
from pruneproof.integration.text_sources import calibration_tokens, evaluation_tokens
from pruneproof.reference import ActivationStatistics


@dataclass(frozen=True)
class Prepared:
    """A run that nothing known so far speaks against.

    Attributes:
        skeleton: the model without weights.
        tokenizer: the model's.
        tokens: calibration sequences.
        windows: evaluation windows.
        ignored: the files' names of tensors that the model goes without, see `settle`.
    """

    skeleton: Any
    tokenizer: Any
    tokens: Tensor
    windows: Tensor
    ignored: tuple[str, ...] = ()


def prepare(name: str, plan: Plan, data: Data, where: Where) -> Prepared:
    """Read configuration, tokenizer and texts, and check that they fit each other and the plan.

    Of a local folder's weights the files' headers are read, too.

    Raises:
        ValueError: something does not fit.
        FileExistsError: `out` exists, or a file lies where a folder is to be.
        OSError: a file that cannot be read, or a disk with too little room for the result.
        ImportError: zero-shot accuracy without lm-eval.
    """
    where.check()
    check_parameters(plan)
    skeleton = load_skeleton(name, where.dtype)
    ignored = check_files(name, skeleton, stream=where.stream)
    check_model(skeleton, plan, data.seqlen)
    if where.out is not None:
        check_room(skeleton, where.out)
    tokenizer = load_tokenizer(name)
    tokens = calibration_tokens(data.calibration, tokenizer, data.samples, data.seqlen, data.seed)
    windows = evaluation_tokens(data.evaluate, tokenizer, data.seqlen)[: data.windows]
    check_vocabulary(skeleton, tokens, windows)
    return Prepared(skeleton, tokenizer, tokens, windows, ignored)


def check_parameters(plan: Plan) -> None:
    """Try the plan on a small layer, so that a value out of range is found now.

    Raises:
        ValueError: what the score, mask or refinement says.
    """
    width = 4 if plan.n_m is None else plan.n_m[1]
    seen = ActivationStatistics(width)
    seen.update(torch.eye(width))
    keep_mask_of(torch.ones(width, width), Observed(seen, seen), plan.without_refinement())
    if plan.refine is None:
        return
    try:
        keep_mask_of(torch.ones(width, width), Observed(seen, seen), plan)
    except ValueError as error:
        raise ValueError(f"refine: {plan.refine}'s {error}") from error


def check_files(name: str, model: Any, *, stream: bool) -> tuple[str, ...]:
    """Give a skeleton the dtypes and the ties of its files, of which the headers are read.

    Of GGUF and pickled files nothing is read; `load_weights` looks at what became of them.

    Returns:
        See `settle`.

    Raises:
        ValueError: quantised weights, an adapter, damaged files, tensors that the model lacks or
            has no place for, or files that cannot be streamed.
        FileNotFoundError: no weights, or not all.
    """
    if not is_gguf(name):
        check_not_quantised(name, model.config)
        check_no_adapter(name)
    files = stored_files(name, model)
    if files is not None:
        ignored = settle(model, files)
        if stream:
            check_apart(model, Stored(model, files))
        return ignored
    if stream:
        # Which says why they cannot be.
        Shards(safetensors_folder(name))
    return ()


def check_model(model: Any, plan: Plan, seqlen: int) -> None:
    """Refuse a model that the plan or the sequence length does not suit.

    Raises:
        ValueError: blocks without linear layers, in_features that m does not divide, or sequences
            that are too long.
    """
    for number, block in enumerate(decoder_blocks(model)):
        layers = linears(block)
        if not layers:
            raise ValueError(f"model: block {number} holds no nn.Linear")
        if (other := _other_matrix(block)) is not None:
            raise ValueError(
                f"model: block {number} holds {other}, which is in no nn.Linear and would stay "
                "dense; experts that are stored in one tensor cannot be pruned"
            )
        for name, layer in layers:
            if plan.n_m is not None and layer.in_features % plan.n_m[1]:
                n, m = plan.n_m
                raise ValueError(
                    f"n_m: {m} of {n}:{m} must divide in_features, which are {layer.in_features} "
                    f"in block {number}, {name}"
                )
    longest = most_positions(model)
    if seqlen > longest:
        raise ValueError(f"seqlen must be at most the model's {longest}, got {seqlen}")


def _other_matrix(block: nn.Module) -> str | None:
    """A tensor of experts: a parameter with more than two dimensions that is no convolution's."""
    for name, module in block.named_modules():
        for own, each in module.named_parameters(name, recurse=False):
            if each.ndim > 2 and not type(module).__name__.startswith("Conv"):
                return f"{own} ({' × '.join(map(str, each.shape))})"
    return None


def check_room(model: Any, out: Path) -> None:
    """Refuse a disk on which the result has no room.

    Raises:
        OSError: with what is needed and what is free.
    """
    there = existing(out)
    free = shutil.disk_usage(there).free
    earlier = sum(each.stat().st_size for each in beside(out).rglob("*") if each.is_file())
    needed = result_bytes(model)
    if needed > free + earlier:
        raise OSError(
            f"out: the result takes {needed / 1e9:.2f} GB, and {there} has {free / 1e9:.2f} GB "
            "free; make room or name a folder on another disk"
        )


def existing(path: Path) -> Path:
    """The nearest folder above a path that is there."""
    return next(each for each in path.absolute().parents if each.is_dir())


def result_bytes(model: Any) -> int:
    """What a result takes on the disk until it is whole: its weights, and a bit for each mask."""
    masked = sum(
        layer.weight.numel() for block in decoder_blocks(model) for _, layer in linears(block)
    )
    return sizes(model).model + masked // 8


def check_vocabulary(model: Any, *tokens: Tensor) -> None:
    """Refuse token ids that the model has no embedding for.

    Raises:
        ValueError: the tokenizer is another model's.
    """
    known = model.get_input_embeddings().num_embeddings
    largest = max(int(each.max()) for each in tokens)
    if largest >= known:
        raise ValueError(
            f"tokenizer: gives token {largest}, and the model has embeddings for {known}; it is "
            "another model's"
        )
