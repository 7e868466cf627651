"""Everything that can be found wrong before a weight is loaded."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from pruneproof.integration.checkpoint.load import (
    is_gguf,
    load_skeleton,
    load_tokenizer,
    most_positions,
    safetensors_folder,
    stored_files,
)
from pruneproof.integration.checkpoint.naming import CONVERTS
from pruneproof.integration.checkpoint.quantised import check_no_adapter, check_not_quantised
from pruneproof.integration.checkpoint.settle import settle
from pruneproof.integration.checkpoint.shards import Shards
from pruneproof.integration.checkpoint.stored import Stored
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.errors import named, system_error
from pruneproof.integration.progress import Bars
from pruneproof.integration.pruning.layer import Observed, keep_mask_of
from pruneproof.integration.pruning.memory import size_of
from pruneproof.integration.pruning.run_options import RunOptions
from pruneproof.integration.pruning.unfinished import beside
from pruneproof.integration.pruning.weight_store import check_apart
from pruneproof.integration.recipe.chosen import check_chosen
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.text.sources import (
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
        decoder: what of it is pruned.
        tokenizer: the model's.
        calibration: sequences, and what they were drawn from.
        windows: evaluation windows.
        ignored: the files' names of tensors that the model goes without, see `settle`.
        warnings: what is allowed and seldom meant, a sentence each.
    """

    skeleton: Any
    decoder: Decoder
    tokenizer: Any
    calibration: Calibration
    windows: Tensor
    ignored: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def tokens(self) -> Tensor:
        """Calibration sequences, samples × seqlen."""
        return self.calibration.tokens


def prepare(name: str, plan: Plan, texts: Texts, options: RunOptions) -> Prepared:
    """Read configuration, tokenizer and texts, and check that they fit each other and the plan.

    Of a local folder's weights the files' headers are read, too. Progress and warnings go to
    standard error.

    Raises:
        ValueError: something does not fit.
        FileExistsError: `out` exists, or a file lies where a folder is to be.
        OSError: a file that cannot be read, or a disk with too little room for the result.
        ImportError: zero-shot accuracy without lm-eval.
    """
    options.check()
    check_parameters(plan)
    skeleton = load_skeleton(name, options.dtype)
    ignored = check_files(name, skeleton, stream=options.stream)
    check_length(skeleton, texts.seqlen)
    check_routed(skeleton, options.device)
    decoder = Decoder.of(skeleton)
    check_decoder(decoder, plan)
    if options.stream:
        check_streaming(name, skeleton, decoder)
    tokenizer = load_tokenizer(name)
    if options.out is not None and not options.out.exists():
        check_room(skeleton, decoder, options.out)
        check_saves(tokenizer)
    draws = texts.samples, texts.seqlen, texts.seed
    with Bars() as bars:
        calibration = draw_calibration(
            texts.calibration, tokenizer, *draws, pack=texts.pack, bars=bars
        )
        windows = evaluation_tokens(texts.evaluate, tokenizer, texts.seqlen, bars)[: texts.windows]
        check_vocabulary(skeleton, calibration.tokens, windows)
        few = few_documents(texts.calibration, calibration)
        warnings = () if few is None else (few,)
        for each in warnings:
            bars.say(f"warning: {each}")
    return Prepared(skeleton, decoder, tokenizer, calibration, windows, ignored, warnings)


def check_parameters(plan: Plan) -> None:
    """Try the plan on a small layer, so that a value out of range is found now.

    Raises:
        ValueError: what the score, mask or refinement says.
    """
    if plan.sparsities:
        plan = replace(plan, sparsity=max(plan.sparsities.values()), sparsities={})
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
        return settle(model, files)
    if stream:
        # Which says why they cannot be.
        Shards(safetensors_folder(name))
    return ()


def check_routed(model: Any, device: str) -> None:
    """Refuse gpt-oss where transformers 4 has every expert compute every token: off the CPU.

    Raises:
        ValueError: with what to do.
    """
    if model.config.model_type == "gpt_oss" and not CONVERTS and device != "cpu":
        raise ValueError(
            f"device: with transformers 4 every expert of gpt-oss computes every token on "
            f"{device}, which hides the tokens that the router chose for it; take cpu, or "
            "transformers 5"
        )


def check_length(model: Any, seqlen: int) -> None:
    """Refuse sequences that are longer than a model was made for.

    Raises:
        ValueError: with the longest.
    """
    longest = most_positions(model)
    if seqlen > longest:
        raise ValueError(f"seqlen must be at most the model's {longest}, got {seqlen}")


def check_streaming(name: str, model: Any, decoder: Decoder) -> None:
    """Refuse a model whose blocks cannot be had one at a time.

    Raises:
        ValueError: weights outside the blocks that are needed between them, or two blocks in one
            tensor.
    """
    if decoder.between:
        raise ValueError(
            "stream: the model uses weights of its own between its blocks; leave --stream out"
        )
    if (files := stored_files(name, model)) is not None:
        check_apart(decoder.stack, Stored(model, files))


def check_decoder(decoder: Decoder, plan: Plan) -> None:
    """Refuse a model that the plan does not suit.

    Raises:
        ValueError: in_features that m does not divide, or layers that are chosen wrongly.
    """
    for number, block in enumerate(decoder.matrices):
        for each in block:
            if plan.n_m is None or each.in_features % plan.n_m[1] == 0:
                continue
            for name in each.names:
                if plan.for_layer(number, name) is not None:
                    n, m = plan.n_m
                    raise ValueError(
                        f"n_m: {m} of {n}:{m} must divide in_features, which are "
                        f"{each.in_features} in block {number}, {name}"
                    )
    check_chosen(plan, [(block, name) for block, name, _ in decoder.names()])


def check_room(model: Any, decoder: Decoder, out: Path) -> None:
    """Refuse a disk on which the result has no room.

    Raises:
        OSError: with what is needed and what is free.
    """
    there = existing(out)
    free = shutil.disk_usage(there).free
    earlier = sum(each.stat().st_size for each in beside(out).rglob("*") if each.is_file())
    needed = result_bytes(model, decoder)
    if needed > free + earlier:
        raise OSError(
            f"out: the result takes {needed / 1e9:.2f} GB, and {there} has {free / 1e9:.2f} GB "
            "free; make room or name a folder on another disk"
        )


def check_saves(tokenizer: Any) -> None:
    """Refuse a tokenizer that could not be written beside the result, which is done at the end.

    Raises:
        ValueError: with what transformers said.
        OSError: there is no room for it where temporary files go.
    """
    with TemporaryDirectory() as scratch:
        try:
            tokenizer.save_pretrained(scratch)
        except Exception as error:
            if (code := system_error(error)) is not None:
                raise OSError(code, os.strerror(code), scratch) from error
            raise ValueError(
                f"tokenizer: cannot be saved ({named(error)}); fetch tokenizer.json and "
                "tokenizer_config.json again"
            ) from error


def existing(path: Path) -> Path:
    """The nearest folder above a path that is there."""
    return next(each for each in path.absolute().parents if each.is_dir())


def result_bytes(model: Any, decoder: Decoder) -> int:
    """What a result takes on the disk until it is whole: its weights, and a bit for each mask."""
    masked = sum(weights for _, _, weights in decoder.names())
    return size_of(model) + masked // 8


def check_vocabulary(model: Any, *tokens: Tensor) -> None:
    """Refuse token ids that the model has no embedding for.

    Raises:
        ValueError: the tokenizer is another model's.
    """
    known = model.get_input_embeddings().num_embeddings
    largest = max(int(each.max()) for each in tokens)
    if largest >= known:
        raise ValueError(
            f"tokenizer: gives token {largest}, but the model has embeddings for only {known}; "
            "take the model's own tokenizer"
        )
