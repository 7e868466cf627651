"""`pruneproof prune` from beginning to end: load, measure, prune, measure again, save, record."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers
from torch import Tensor

from pruneproof.integration.errors import system_error, with_remedy
from pruneproof.integration.files import in_words, out_of_words
from pruneproof.integration.progress import Bars
from pruneproof.integration.pruning.against_paper import against_paper
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.pruning.chosen import mean_sparsity
from pruneproof.integration.pruning.counted import (
    Zeros,
    achieved,
    layer,
    left_dense,
    zeros_of,
    zeros_of_matrices,
)
from pruneproof.integration.pruning.data import Data
from pruneproof.integration.pruning.fingerprint import fingerprint_of_files
from pruneproof.integration.pruning.load import load_weights, safetensors_folder
from pruneproof.integration.pruning.memory import expected_memory, measured_peak
from pruneproof.integration.pruning.places import InMemory, Place, Streamed
from pruneproof.integration.pruning.plan import Plan
from pruneproof.integration.pruning.prepare import Prepared, prepare
from pruneproof.integration.pruning.shards import Shards
from pruneproof.integration.pruning.unfinished import (
    RECORD,
    Unfinished,
    beside,
    drop_if_nothing_is_done,
    only_process,
    record_of,
)
from pruneproof.integration.pruning.where import Where
from pruneproof.integration.text_sources import fingerprint
from pruneproof.integration.zero_shot import zero_shot as accuracies
from pruneproof.reporting.files import write_whole


def run(
    name: str,
    plan: Plan,
    data: Data,
    *,
    dtype: str = "auto",
    device: str = "cpu",
    stream: bool = False,
    zero_shot: bool = False,
    out: Path | None = None,
    report: Path | None = None,
    verify: bool = False,
) -> dict[str, Any]:
    """Prune a model and record what came of it.

    Args:
        name: hub id, folder or GGUF file.
        plan: how to prune.
        data: what with.
        dtype: this and the others, see `Where`.
        device: the same.
        stream: the same.
        zero_shot: the same.
        out: the same.
        report: the same.
        verify: the same.

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
    where = Where(dtype, device, stream, zero_shot, out, report, verify)
    prepared = prepare(name, plan, data, where)
    with ExitStack() as stack:
        folder = beside(out) if out else Path(stack.enter_context(TemporaryDirectory()))
        place = _open(name, prepared, device, stream)
        # What lies in `out` would make it a result before it is one.
        if report is not None and out not in (report, *report.parents):
            report.mkdir(parents=True, exist_ok=True)
        todo = _todo(name, plan, data, where, prepared)
        stack.enter_context(only_process(folder))
        stack.enter_context(_saying_what_is_kept(folder if out else None))
        if out is not None and out.exists():
            text = record_of(out, todo)
            record = out_of_words(json.loads(text))
        else:
            unfinished = Unfinished(folder, todo)
            measured = _measure_and_prune(place, prepared, plan, unfinished, saving=out is not None)
            if zero_shot:
                measured["zero_shot"] = accuracies(place.model, prepared.tokenizer)
            record = {
                "complete": True,
                **todo,
                **_outcome(measured, plan, data, where, prepared),
                "seconds": round(time.perf_counter() - start, 2),
            }
            text = json.dumps(in_words(record), indent=2, allow_nan=False) + "\n"
            if out is not None:
                prepared.tokenizer.save_pretrained(unfinished.result)
                unfinished.finish(out, lambda to: place.save(to, unfinished.masks), text)
        if report is not None:
            report.mkdir(parents=True, exist_ok=True)
            write_whole(report / RECORD, text)
        if out is not None:
            shutil.rmtree(folder)
    return record


def _todo(name: str, plan: Plan, data: Data, where: Where, prepared: Prepared) -> dict[str, Any]:
    """What tells a run from another, whose work it does not go on with."""
    return {
        "model": name,
        "files": fingerprint_of_files(name, prepared.skeleton, whole=where.verify),
        "verify": where.verify,
        "dtype": str(prepared.skeleton.dtype).removeprefix("torch."),
        **plan.record(),
        **asdict(data),
        "calibration_fingerprint": fingerprint(prepared.tokens),
        "calibration_documents": prepared.calibration.documents,
        "calibration_separator": prepared.calibration.separator,
        "evaluation_fingerprint": fingerprint(prepared.windows),
        "evaluation_windows": len(prepared.windows),
        "stream": where.stream,
        "warnings": list(prepared.warnings),
        "versions": {
            "pruneproof": version("pruneproof"),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    }


def _outcome(
    measured: dict[str, Any], plan: Plan, data: Data, where: Where, prepared: Prepared
) -> dict[str, Any]:
    """What was measured, with what the paper prints and what the run took."""
    expected = expected_memory(
        prepared.skeleton, prepared.decoder, plan, data, len(prepared.windows), stream=where.stream
    )
    on_device = (
        {"peak_device_memory_bytes": torch.cuda.max_memory_allocated()}
        if where.device.startswith("cuda")
        else {}
    )
    return {
        "device": where.device,
        "mean_sparsity": mean_sparsity(plan, prepared.decoder.names()),
        **measured,
        "paper": against_paper(
            prepared.skeleton.config,
            prepared.tokenizer,
            prepared.windows,
            plan,
            data,
            (measured["dense_perplexity"], measured["pruned_perplexity"]),
            measured.get("zero_shot", {}),
        ),
        "peak_memory_bytes": measured_peak(),
        "expected_memory_bytes": expected.peak,
        **on_device,
    }


def _open(name: str, prepared: Prepared, device: str, stream: bool) -> Place:
    if not stream:
        model = load_weights(name, prepared.skeleton.dtype, device)
        return InMemory(model, prepared.decoder)
    shards = Shards(safetensors_folder(name))
    return Streamed(prepared.skeleton, shards, device, prepared.decoder)


def _measure_and_prune(
    place: Place, prepared: Prepared, plan: Plan, unfinished: Unfinished, *, saving: bool
) -> dict[str, Any]:
    with Bars() as progress:
        dense = unfinished.once(
            "dense_perplexity",
            lambda: _perplexity(progress, "dense", place, prepared.windows, lambda _: None),
        )
        start = time.perf_counter()
        layers: dict[str, Zeros] = {}
        blocks = prepared.decoder.blocks(place.model)
        with place.loaded(None):
            inside = f"{prepared.decoder.stack}."
            counts = [
                zeros_of(
                    each
                    for name, each in place.model.named_parameters()
                    if not name.startswith(inside)
                )
            ]
        task = progress.add_task("pruning blocks", total=len(blocks))
        for number in prune_blocks(
            place.model, prepared.tokens, plan, decoder=prepared.decoder, done=unfinished.done,
            keep=unfinished.keep, saw=unfinished.keep_tokens, loaded=place.loaded,
        ):  # fmt: skip
            layers |= zeros_of_matrices(number, blocks[number], prepared.decoder)
            counts.append(zeros_of(blocks[number].parameters()))
            if saving:
                place.keep(number, unfinished.result)
            progress.step(task)
        seconds = time.perf_counter() - start
        pruned = _perplexity(progress, "pruned", place, prepared.windows, unfinished.masks)
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


def _perplexity(progress: Bars, what: str, place: Place, windows: Tensor, masks: Any) -> float:
    task = progress.add_task(f"{what} perplexity", total=1)
    found = place.perplexity(windows, masks, lambda part: progress.step(task, part))
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
