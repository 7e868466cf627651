"""`pruneproof prune` from beginning to end: load, measure, prune, measure again, save, record."""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor

from pruneproof.integration.files import write_whole
from pruneproof.integration.linear_inputs import decoder_blocks
from pruneproof.integration.perplexity import perplexity
from pruneproof.integration.pruning.blockwise import linears, prune_blocks
from pruneproof.integration.pruning.load import load_model
from pruneproof.integration.pruning.plan import Plan
from pruneproof.integration.pruning.unfinished import Unfinished
from pruneproof.integration.text_sources import (
    calibration_tokens,
    evaluation_tokens,
    fingerprint,
)


@dataclass(frozen=True)
class Data:
    """What a model is calibrated and evaluated with.

    Attributes:
        calibration: `c4`, `wikitext2` or a file.
        evaluate: the same.
        samples: number of calibration sequences.
        seqlen: tokens in each sequence and evaluation window.
        seed: of the calibration's draws.
        windows: evaluate on at most so many windows; None for all.
    """

    calibration: str
    evaluate: str
    samples: int = 128
    seqlen: int = 2048
    seed: int = 0
    windows: int | None = None


def run(
    name: str,
    plan: Plan,
    data: Data,
    *,
    dtype: str = "auto",
    device: str = "cpu",
    out: Path | None = None,
    report: Path | None = None,
) -> dict[str, Any]:
    """Prune a model and record what came of it.

    Args:
        name: hub id, folder or GGUF file.
        plan: how to prune.
        data: what with.
        dtype: see `load_model`.
        device: see `load_model`.
        out: folder for the pruned model; without it the model is measured and dropped.
        report: folder for prune.json.

    Returns:
        The record of the run, which prune.json holds.

    Raises:
        ValueError: something that does not fit, found before the first block where possible.
        FileExistsError: `out` exists, or another run's unfinished work.
        OSError: a model or file that cannot be read.
    """
    console = Console(stderr=True)
    start = time.perf_counter()
    model, tokenizer = load_model(name, dtype, device)
    _check_length(model, data.seqlen)
    tokens = calibration_tokens(data.calibration, tokenizer, data.samples, data.seqlen, data.seed)
    windows = evaluation_tokens(data.evaluate, tokenizer, data.seqlen)[: data.windows]
    todo = {
        "model": name,
        "dtype": str(model.dtype).removeprefix("torch."),
        **plan.record(),
        **asdict(data),
        "calibration_fingerprint": fingerprint(tokens),
        "evaluation_fingerprint": fingerprint(windows),
        "evaluation_windows": len(windows),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }
    unfinished = Unfinished(out, todo) if out is not None else None
    with _progress(console) as progress:
        dense = _measure(progress, "dense perplexity", model, windows)
        pruning = time.perf_counter()
        _prune(progress, model, tokens, plan, unfinished)
        seconds = time.perf_counter() - pruning
        pruned = _measure(progress, "pruned perplexity", model, windows)
    record = {
        "complete": True,
        **todo,
        "device": device,
        "dense_perplexity": dense,
        "pruned_perplexity": pruned,
        "achieved_sparsity": _zeros(model),
        "pruning_seconds": round(seconds, 2),
        "seconds": round(time.perf_counter() - start, 2),
        "peak_memory_bytes": _peak_memory(),
    }
    text = json.dumps(record, indent=2) + "\n"
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        write_whole(report / "prune.json", text)
    if unfinished is not None:
        unfinished.finish(model, tokenizer, text)
    return record


def _prune(
    progress: Progress, model: Any, tokens: Tensor, plan: Plan, unfinished: Unfinished | None
) -> None:
    stored = {} if unfinished is None else {"done": unfinished.done, "keep": unfinished.keep}
    task = progress.add_task("pruning blocks", total=len(decoder_blocks(model)))
    for _ in prune_blocks(model, tokens, plan, **stored):
        progress.advance(task)


def _measure(progress: Progress, what: str, model: Any, windows: Tensor) -> float:
    return perplexity(model, progress.track(windows, description=what))


def _zeros(model: Any) -> dict[str, Any]:
    layers = {
        f"block {number}, {name}": (int((layer.weight == 0).sum()), layer.weight.numel())
        for number, block in enumerate(decoder_blocks(model))
        for name, layer in linears(block)
    }
    zeros, weights = (sum(column) for column in zip(*layers.values(), strict=True))
    return {
        "zeros": zeros,
        "weights": weights,
        "fraction": zeros / weights,
        "layers": {name: zero / total for name, (zero, total) in layers.items()},
    }


def _check_length(model: Any, seqlen: int) -> None:
    longest = getattr(model.config, "max_position_embeddings", None)
    if longest is not None and seqlen > longest:
        raise ValueError(f"seqlen must be at most the model's {longest}, got {seqlen}")


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def _progress(console: Console) -> Progress:
    return Progress(
        *Progress.get_default_columns()[:3],
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
