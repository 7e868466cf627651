"""What a run would do and what it would take, from a model's configuration and its texts alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import psutil

from pruneproof.integration.checkpoint.load import is_gguf
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.pruning.counted import dense_in_words, left_dense
from pruneproof.integration.pruning.memory import expected_memory, size_of
from pruneproof.integration.pruning.prepare import Prepared, existing, prepare, result_bytes
from pruneproof.integration.pruning.run_options import RunOptions
from pruneproof.integration.recipe.chosen import chosen_in_words
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.text.sources import origin


def preview(
    name: str,
    plan: Plan,
    texts: Texts,
    options: RunOptions,
    printed: Callable[..., str] | None = None,
) -> dict[str, str]:
    """Check a run without loading a weight.

    Args:
        name: see `run`.
        plan: see `run`.
        texts: see `run`.
        options: see `run`.
        printed: says what a paper prints for a run, see `bands.against_paper`.

    Returns:
        What will happen, by what it is about, in words.

    Raises:
        ValueError: as `run` would.
        OSError: as `run` would.
        ImportError: as `run` would.
    """
    prepared, out = prepare(name, plan, texts, options), options.out
    model = prepared.skeleton
    decoder = prepared.decoder
    names = decoder.names()
    weights = sum(weights for _, _, weights in names)
    calibration, windows = prepared.tokens, prepared.windows
    rows = {
        "model": f"{name}, {type(model).__name__}, {str(model.dtype).removeprefix('torch.')}, "
        f"{model.num_parameters():,} weights, {gigabytes(size_of(model))}",
        "blocks": f"{len(decoder.matrices)} of {decoder.stack}, with {len(names)} matrices",
        "weights to prune": f"{pruned_weights(decoder, plan):,} of the {weights:,} in them",
        "method": _method(plan),
        "calibration": f"{texts.calibration}, {len(calibration)} × {texts.seqlen} = "
        f"{calibration.numel():,} tokens, seed {texts.seed}, "
        f"from {origin(prepared.calibration.documents, prepared.calibration.separator)}",
        "evaluation": f"{texts.evaluate}, {len(windows)} × {texts.seqlen} = "
        f"{windows.numel():,} tokens",
        "memory": _memory(prepared, plan, texts, stream=options.stream, gguf=is_gguf(name)),
    }
    if dense := dense_in_words(left_dense(decoder, plan)):
        rows["stays dense"] = dense
    if prepared.ignored:
        rows["not taken"] = (
            f"{len(prepared.ignored)} tensors of the files, {prepared.ignored[0]} first"
        )
    if plan.skip or plan.sparsities:
        rows["chosen layers"] = chosen_in_words(plan, names)
    if printed is not None:
        rows["the paper"] = printed(model.config, prepared.tokenizer, windows, plan, texts)
    if out is not None:
        free = shutil.disk_usage(existing(out)).free
        rows["result"] = (
            f"{out}, {gigabytes(result_bytes(model, decoder))} of {gigabytes(free)} free"
        )
    return rows


def pruned_weights(decoder: Decoder, plan: Plan) -> int:
    """How many weights a plan sets to zero: the exact counts of the mask rules."""
    total = 0
    for number, matrices in enumerate(decoder.matrices):
        for each in matrices:
            for name in each.names:
                own = plan.for_layer(number, name)
                if own is None:
                    continue
                if own.n_m is not None:
                    n, m = own.n_m
                    total += each.out_features * each.in_features // m * (m - n)
                elif own.group == "layer":
                    total += int(each.out_features * each.in_features * float(own.sparsity or 0))
                else:
                    total += each.out_features * int(each.in_features * float(own.sparsity or 0))
    return total


def gigabytes(count: int) -> str:
    """A number of bytes in words."""
    return f"{count / 1e9:.2f} GB" if count >= 1e8 else f"{count / 1e6:.2f} MB"


def _method(plan: Plan) -> str:
    amount = f"{plan.n_m[0]}:{plan.n_m[1]}" if plan.n_m else "sparsities by layer"
    if plan.sparsity is not None and not plan.sparsities:
        amount = f"sparsity {plan.sparsity:g}"
    compared = "n:m along inputs" if plan.n_m else f"compared within each {plan.group}"
    parts = [plan.method + _given(plan.parameters), amount, compared]
    if plan.refine is not None:
        parts.append(f"then {plan.refine}{_given(plan.refine_parameters)}")
    return ", ".join(parts)


def _given(parameters: dict[str, Any]) -> str:
    listed = ", ".join(f"{name}={value}" for name, value in parameters.items())
    return f" ({listed})" if listed else ""


def _memory(prepared: Prepared, plan: Plan, texts: Texts, *, stream: bool, gguf: bool) -> str:
    model, windows = prepared.skeleton, len(prepared.windows)
    whole, streamed = (
        expected_memory(model, prepared.decoder, plan, texts, windows, stream=each).peak
        for each in (False, True)
    )
    available = psutil.virtual_memory().available
    text = (
        f"{gigabytes(streamed if stream else whole)} of {gigabytes(available)} available, "
        "beside the libraries"
    )
    if gguf:
        fits = "" if whole <= available else "; it does not fit, and --stream needs safetensors"
        return text + fits
    text += (
        f"; {gigabytes(whole if stream else streamed)} {'without' if stream else 'with'} --stream"
    )
    if stream or whole <= available:
        return text
    return f"{text}: use --stream" if streamed <= available else f"{text}: it does not fit"
