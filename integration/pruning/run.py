"""`pruneproof prune` from beginning to end: load, measure, prune, measure again, save, record."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers
from torch import Tensor

from pruneproof.integration.checkpoint.fingerprint import fingerprint_of_files
from pruneproof.integration.checkpoint.load import load_weights, safetensors_folder
from pruneproof.integration.checkpoint.shards import Shards
from pruneproof.integration.errors import system_error, with_remedy
from pruneproof.integration.files import in_words, out_of_words
from pruneproof.integration.progress import Bars
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.pruning.counted import (
    Zeros,
    achieved,
    layer,
    left_dense,
    zeros_of,
    zeros_of_matrices,
)
from pruneproof.integration.pruning.memory import expected_memory, measured_peak
from pruneproof.integration.pruning.prepare import Prepared, prepare
from pruneproof.integration.pruning.run_options import RunOptions
from pruneproof.integration.pruning.unfinished import (
    RECORD,
    Unfinished,
    beside,
    drop_if_nothing_is_done,
    only_process,
    record_of,
)
from pruneproof.integration.pruning.weight_store import InMemory, Streamed, WeightStore
from pruneproof.integration.recipe.chosen import mean_sparsity
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.text.sources import fingerprint
from pruneproof.integration.zero_shot import zero_shot as accuracies
from pruneproof.reporting.files import write_whole

AgainstPaper = Callable[..., dict[str, Any]]
"""What a paper prints for a run, and whether that agrees; see `bands.against_paper`."""


def run(
    name: str,
    plan: Plan,
    texts: Texts,
    *,
    dtype: str = "auto",
    device: str = "cpu",
    stream: bool = False,
    zero_shot: bool = False,
    out: Path | None = None,
    report: Path | None = None,
    verify: bool = False,
    against_paper: AgainstPaper | None = None,
) -> dict[str, Any]:
    """Prune a model and record what came of it.

    Args:
        name: hub id, folder or GGUF file.
        plan: how to prune.
        texts: what with.
        dtype: this and the others, see `RunOptions`.
        device: the same.
        stream: the same.
        zero_shot: the same.
        out: the same.
        report: the same.
        verify: the same.
        against_paper: what the measured numbers are held against; nothing without it.

    Returns:
        The record of the run, which prune.json holds. Where the result is there already, named by
        a run that was cut off before it was done, it is that run's.

    Raises:
        ValueError: something that does not fit, found before the first block where possible.
        FileExistsError: `out` exists and is not this run's, or another run's unfinished work.
        OSError: a model or file that cannot be read, or a disk without room.
        ImportError: zero-shot accuracy without lm-eval.
    """
    start = time.perf_counter()
    options = RunOptions(dtype, device, stream, zero_shot, out, report, verify)
    prepared = prepare(name, plan, texts, options)
    with ExitStack() as stack:
        folder = beside(out) if out else Path(stack.enter_context(TemporaryDirectory()))
        store = _open(name, prepared, device, stream)
        # What lies in `out` would make it a result before it is one.
        if report is not None and out not in (report, *report.parents):
            report.mkdir(parents=True, exist_ok=True)
        todo = _todo(name, plan, texts, options, prepared)
        stack.enter_context(only_process(folder))
        stack.enter_context(_saying_what_is_kept(folder if out else None))
        if out is not None and out.exists():
            text = record_of(out, todo)
            record = out_of_words(json.loads(text))
        else:
            unfinished = Unfinished(folder, todo)
            measured = _measure_and_prune(store, prepared, plan, unfinished, saving=out is not None)
            if zero_shot:
                measured["zero_shot"] = accuracies(store.model, prepared.tokenizer)
            record = {
                "complete": True,
                **todo,
                **_outcome(measured, plan, texts, options, prepared, against_paper),
                "seconds": round(time.perf_counter() - start, 2),
            }
            text = json.dumps(in_words(record), indent=2, allow_nan=False) + "\n"
            if out is not None:
                prepared.tokenizer.save_pretrained(unfinished.result)
                unfinished.finish(out, lambda to: store.save(to, unfinished.masks), text)
        if report is not None:
            report.mkdir(parents=True, exist_ok=True)
            write_whole(report / RECORD, text)
        if out is not None:
            shutil.rmtree(folder)
    return record


def _todo(
    name: str, plan: Plan, texts: Texts, options: RunOptions, prepared: Prepared
) -> dict[str, Any]:
    """What tells a run from another, whose work it does not go on with."""
    return {
        "model": name,
        "files": fingerprint_of_files(name, prepared.skeleton, whole=options.verify),
        "verify": options.verify,
        "dtype": str(prepared.skeleton.dtype).removeprefix("torch."),
        **plan.record(),
        **asdict(texts),
        "calibration_fingerprint": fingerprint(prepared.tokens),
        "calibration_documents": prepared.calibration.documents,
        "calibration_separator": prepared.calibration.separator,
        "evaluation_fingerprint": fingerprint(prepared.windows),
        "evaluation_windows": len(prepared.windows),
        "stream": options.stream,
        "warnings": list(prepared.warnings),
        "versions": {
            "pruneproof": version("pruneproof"),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    }


def _outcome(
    measured: dict[str, Any], plan: Plan, texts: Texts, options: RunOptions, prepared: Prepared,
    against_paper: AgainstPaper | None,
) -> dict[str, Any]:  # fmt: skip
    """What was measured, with what the paper prints and what the run took."""
    expected = expected_memory(
        prepared.skeleton,
        prepared.decoder,
        plan,
        texts,
        len(prepared.windows),
        stream=options.stream,
    )
    on_device = (
        {"peak_device_memory_bytes": torch.cuda.max_memory_allocated()}
        if options.device.startswith("cuda")
        else {}
    )
    return {
        "device": options.device,
        "mean_sparsity": mean_sparsity(plan, prepared.decoder.names()),
        **measured,
        "paper": against_paper
        and against_paper(
            prepared.skeleton.config,
            prepared.tokenizer,
            prepared.windows,
            plan,
            texts,
            (measured["dense_perplexity"], measured["pruned_perplexity"]),
            measured.get("zero_shot", {}),
        ),
        "peak_memory_bytes": measured_peak(),
        "expected_memory_bytes": expected.peak,
        **on_device,
    }


def _open(name: str, prepared: Prepared, device: str, stream: bool) -> WeightStore:
    if not stream:
        model = load_weights(name, prepared.skeleton.dtype, device)
        return InMemory(model, prepared.decoder)
    shards = Shards(safetensors_folder(name))
    return Streamed(prepared.skeleton, shards, device, prepared.decoder)


def _measure_and_prune(
    store: WeightStore, prepared: Prepared, plan: Plan, unfinished: Unfinished, *, saving: bool
) -> dict[str, Any]:
    with Bars() as progress:
        dense = unfinished.once(
            "dense_perplexity",
            lambda: _perplexity(progress, "dense", store, prepared.windows, lambda _: None),
        )
        start = time.perf_counter()
        layers: dict[str, Zeros] = {}
        blocks = prepared.decoder.blocks(store.model)
        with store.loaded(None):
            inside = f"{prepared.decoder.stack}."
            counts = [
                zeros_of(
                    each
                    for name, each in store.model.named_parameters()
                    if not name.startswith(inside)
                )
            ]
        task = progress.add_task("pruning blocks", total=len(blocks))
        for number in prune_blocks(
            store.model, prepared.tokens, plan, decoder=prepared.decoder, done=unfinished.done,
            store_masks=unfinished.store_masks, saw=unfinished.store_tokens, loaded=store.loaded,
        ):  # fmt: skip
            layers |= zeros_of_matrices(number, blocks[number], prepared.decoder)
            counts.append(zeros_of(blocks[number].parameters()))
            if saving:
                store.store_block(number, unfinished.result)
            progress.step(task)
        seconds = time.perf_counter() - start
        pruned = _perplexity(progress, "pruned", store, prepared.windows, unfinished.masks)
    tokens = unfinished.tokens()
    dense_layers = left_dense(prepared.decoder, plan, tokens)
    model = sum(zeros for zeros, _ in counts), sum(weights for _, weights in counts)
    return {
        "dense_perplexity": dense,
        "pruned_perplexity": pruned,
        "achieved_sparsity": achieved(layers, model, dense_layers),
        "left_dense": dense_layers,
        "not_taken": list(prepared.ignored),
        "expert_tokens": {
            layer(block, name): count
            for block, each in tokens.items()
            for name, count in each.items()
        },
        "pruning_seconds": round(seconds, 2),
    }


def _perplexity(
    progress: Bars, what: str, store: WeightStore, windows: Tensor, masks: Any
) -> float:
    task = progress.add_task(f"{what} perplexity", total=1)
    found = store.perplexity(windows, masks, lambda part: progress.step(task, part))
    if math.isnan(found):
        raise ValueError(
            f"{what} perplexity is not a number; where the dtype is float16, take bfloat16 or "
            "float32, else another checkpoint"
        )
    return found


@contextmanager
def _saying_what_is_kept(folder: Path | None) -> Iterator[None]:
    """Leave no folder in which nothing is done, and say of a disk that fails how to go on."""
    try:
        yield
    except FileExistsError:
        # What lies there is another run's.
        raise
    except BaseException as error:
        kept = ""
        if folder is not None and not drop_if_nothing_is_done(folder):
            kept = f"; what is done is kept in {folder}, the same command goes on there"
        if (code := system_error(error)) is None:
            raise
        raise OSError(code, with_remedy(code, str(folder or "")) + kept) from error
