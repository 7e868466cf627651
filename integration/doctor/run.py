"""`pruneproof doctor` from beginning to end: load, examine, print, record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers

from pruneproof.integration.checkpoint.load import (
    check_dtype,
    load_skeleton,
    load_tokenizer,
    load_weights,
    stored_files,
)
from pruneproof.integration.checkpoint.quantised import quantised_by
from pruneproof.integration.checkpoint.settle import settle
from pruneproof.integration.doctor.examine import Examination, examine
from pruneproof.integration.doctor.terminal import show
from pruneproof.integration.files import in_words
from pruneproof.integration.progress import Bars
from pruneproof.integration.pruning.run_options import check_device
from pruneproof.integration.text.sources import evaluation_tokens
from pruneproof.reporting.files import write_whole
from pruneproof.reporting.terminal import console


def run(
    name: str,
    *,
    evaluate: str = "wikitext2",
    seqlen: int = 2048,
    dtype: str = "auto",
    device: str = "cpu",
    windows: int | None = None,
    data_only: bool = False,
    report: Path | None = None,
) -> Examination:
    """Examine a model on a text, print what was found, and record it.

    Args:
        name: hub id, folder or GGUF file.
        evaluate: `wikitext2`, `c4` or a file.
        seqlen: tokens in a window.
        dtype: see `load_model`.
        device: see `load_model`.
        windows: measure on so many windows only; None for all.
        data_only: leave the perplexity out.
        report: folder for doctor.json.

    Raises:
        ValueError: too little text, an unknown dtype, or a model without blocks.
        OSError: a model, file or text that cannot be read; a report that cannot be written.
    """
    check_dtype(dtype)
    check_device(device)
    # Refuses what is no decoder, damaged files and a text that is too short, before the weights are
    # read.
    skeleton = load_skeleton(name, dtype)
    if Path(name).is_dir():
        _check_files(name, skeleton)
    tokenizer = load_tokenizer(name)
    with Bars() as bars:
        everything = evaluation_tokens(evaluate, tokenizer, seqlen, bars)
    chosen = everything[:windows]
    with Bars() as bars, bars.waiting("loading the weights"):
        model = load_weights(name, dtype, device)
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
    with Bars() as bars:
        found = examine(
            model,
            tokenizer,
            chosen,
            source=evaluate,
            name=name,
            whole=len(chosen) == len(everything),
            measure=not data_only,
            track=lambda all_windows: bars.over(all_windows, "perplexity"),
        )
    show(found, console())
    if report is not None:
        record = {
            "complete": True,
            "model_name": name,
            "evaluate": evaluate,
            "dtype": str(model.dtype).removeprefix("torch."),
            "device": device,
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
            **found.record(),
        }
        write_whole(report / "doctor.json", json.dumps(in_words(record), indent=2) + "\n")
    return found


def _check_files(name: str, skeleton: Any) -> None:
    files = stored_files(name, skeleton)
    # Quantised weights are looked at as transformers loads them.
    if files is not None and quantised_by(skeleton.config) is None:
        settle(skeleton, files)
