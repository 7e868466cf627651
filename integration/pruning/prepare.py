"""Everything that can be found wrong before a weight is loaded."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pruneproof.integration.linear_inputs import decoder_blocks
from pruneproof.integration.progress import Bars
from pruneproof.integration.pruning.blockwise import linears
from pruneproof.integration.pruning.data import Data
from pruneproof.integration.pruning.layer import Observed, keep_mask_of
from pruneproof.integration.pruning.load import (
    is_gguf,
    load_skeleton,
    load_tokenizer,
    most_positions,
    safetensors_folder,
)
from pruneproof.integration.pruning.memory import sizes
from pruneproof.integration.pruning.places import stored_names
from pruneproof.integration.pruning.plan import Plan
from pruneproof.integration.pruning.shards import Shards
from pruneproof.integration.pruning.unfinished import beside
from pruneproof.integration.pruning.where import Where
from pruneproof.integration.text_sources import (
    Calibration,
    draw_calibration,
    evaluation_tokens,
    few_documents,
)
from pruneproof.reference import ActivationStatistics


@dataclass(frozen=True)
class Prepared:
    """A run that nothing known so far speaks against.

    Attributes:
        skeleton: the model without weights.
        tokenizer: the model's.
        calibration: sequences, and what they were drawn from.
        windows: evaluation windows.
        warnings: what is allowed and seldom meant, a sentence each.
    """

    skeleton: Any
    tokenizer: Any
    calibration: Calibration
    windows: Tensor
    warnings: tuple[str, ...] = ()

    @property
    def tokens(self) -> Tensor:
        """Calibration sequences, samples × seqlen."""
        return self.calibration.tokens


def prepare(name: str, plan: Plan, data: Data, where: Where) -> Prepared:
    """Read configuration, tokenizer and texts, and check that they fit each other and the plan.

    Of a local folder's weights the files' headers are read, too. Progress and warnings go to
    standard error.

    Raises:
        ValueError: something does not fit.
        FileExistsError: `out` exists, or a file lies where a folder is to be.
        OSError: a file that cannot be read, or a disk with too little room for the result.
        ImportError: zero-shot accuracy without lm-eval.
    """
    where.check()
    check_parameters(plan)
    skeleton = load_skeleton(name, where.dtype)
    check_model(skeleton, plan, data.seqlen)
    check_files(name, skeleton, stream=where.stream)
    if where.out is not None:
        check_room(skeleton, where.out)
    tokenizer = load_tokenizer(name)
    draws = data.samples, data.seqlen, data.seed
    with Bars() as bars:
        calibration = draw_calibration(
            data.calibration, tokenizer, *draws, pack=data.pack, bars=bars
        )
        windows = evaluation_tokens(data.evaluate, tokenizer, data.seqlen, bars)[: data.windows]
        check_vocabulary(skeleton, calibration.tokens, windows)
        few = few_documents(data.calibration, calibration)
        warnings = () if few is None else (few,)
        for each in warnings:
            bars.say(f"warning: {each}")
    return Prepared(skeleton, tokenizer, calibration, windows, warnings)


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


def check_files(name: str, model: Any, *, stream: bool) -> None:
    """Look at a local folder's files of weights, as far as their headers.

    Raises:
        ValueError: damaged files, or, to be streamed, quantised weights or other names than the
            model's.
        FileNotFoundError: no weights, or not all.
    """
    if stream and getattr(model.config, "quantization_config", None) is not None:
        raise ValueError(
            "stream: the weights are quantised, and would be read without their scales; leave "
            "--stream out, or save the model in a dtype of torch"
        )
    folder = Path(name)
    if stream and (is_gguf(name) or folder.is_dir()):
        stored_names(model, Shards(safetensors_folder(name)))
    elif folder.is_dir() and not any(folder.glob("*.bin")):
        Shards(folder)


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
