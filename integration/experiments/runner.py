"""Measuring experiments on one model, which is loaded once and dense again after each."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor

from pruneproof.integration.checkpoint.load import load_model
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.experiments.experiment import Experiment, plain
from pruneproof.integration.perplexity import perplexity
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.text.sources import calibration_tokens, evaluation_tokens, fingerprint


class Runner:
    """Measures experiments on one model.

    A copy of the dense weights is held in main memory, beside the model.

    Args:
        name: the model's name in experiments.
        dtype: as in the experiments.
        device: see `load_model`.
        place: hub id, folder or GGUF file of the model, where that is not its name.
        sources: files of data, by their name in experiments; other names stand for themselves.

    Raises:
        OSError: see `load_model`.
        ValueError: see `load_model`; or no decoder.
    """

    def __init__(
        self,
        name: str,
        dtype: str = "auto",
        device: str = "cpu",
        *,
        place: str | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.dtype, self.sources = name, dtype, sources or {}
        self.model, self.tokenizer = load_model(place or name, dtype, device)
        self.decoder = Decoder.of(self.model)
        self._dense = [each.to("cpu", copy=True) for each in self._weights()]
        self._tokens: dict[Texts, tuple[Tensor, Tensor]] = {}

    def measure(self, experiment: Experiment) -> dict[str, Any]:
        """Prune, measure, and restore the dense weights, whatever happens.

        Returns:
            Plain data: `perplexity` over all windows and the mean loss of each, in nats;
            `zeros` of `weights` in the blocks' linear layers, and a fingerprint of where they
            are; fingerprints of the data and of the dense model; seconds; versions; the machine.

        Raises:
            ValueError: an experiment with another model or dtype, or see `prune_blocks` and
                `text_sources`.
        """
        for what, asked, own in (
            ("model", experiment.model, self.name),
            ("dtype", experiment.dtype, self.dtype),
        ):
            if asked != own:
                raise ValueError(f"experiment: its {what} is {asked}, the runner's is {own}")
        calibration, windows = self._tokens_of(experiment.data)
        start = time.perf_counter()
        try:
            if experiment.plan is not None:
                # Where no activations are needed, one sequence leads from block to block.
                fed = calibration if experiment.plan.needs else calibration[:1]
                for _ in prune_blocks(self.model, fed, experiment.plan, decoder=self.decoder):
                    pass
            pruned = time.perf_counter()
            # Windows are equally long, so the mean of their losses is that of all predictions.
            losses = [math.log(perplexity(self.model, [window])) for window in windows]
            zeros = self._zeros()
        finally:
            self.restore()
        return plain(
            {
                "perplexity": _exp(sum(losses) / len(losses)),
                "window_losses": [round(loss, 6) for loss in losses],
                **zeros,
                "calibration_fingerprint": fingerprint(calibration),
                "evaluation_fingerprint": fingerprint(windows),
                "model_fingerprint": self.model_fingerprint,
                "pruning_seconds": round(pruned - start, 1),
                "seconds": round(time.perf_counter() - start, 1),
                "versions": {
                    each: version(each) for each in ("pruneproof", "torch", "transformers")
                },
                "machine": self.machine,
            }
        )

    @torch.no_grad()
    def restore(self) -> None:
        """Give every matrix of the blocks its dense weights again."""
        for weight, dense in zip(self._weights(), self._dense, strict=True):
            weight.copy_(dense)

    @cached_property
    def model_fingerprint(self) -> str:
        """A short name of exactly these dense weights, embeddings and norms included."""
        digest = sha256()
        for name, tensor in self.model.state_dict().items():
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            flat = tensor.contiguous().reshape(-1)
            digest.update(flat.view(torch.uint8).numpy(force=True).tobytes())
        return digest.hexdigest()[:16]

    @property
    def machine(self) -> str:
        """The kind of machine, without its name."""
        device = next(self.model.parameters()).device
        if device.type == "cuda":
            return torch.cuda.get_device_name(device)
        return f"{_processor()}, {torch.get_num_threads()} threads"

    def _tokens_of(self, data: Texts) -> tuple[Tensor, Tensor]:
        if data not in self._tokens:
            there = replace(
                data,
                calibration=self.sources.get(data.calibration, data.calibration),
                evaluate=self.sources.get(data.evaluate, data.evaluate),
            )
            draws = there.samples, there.seqlen, there.seed
            self._tokens[data] = (
                calibration_tokens(there.calibration, self.tokenizer, *draws, pack=there.pack),
                evaluation_tokens(there.evaluate, self.tokenizer, there.seqlen)[: there.windows],
            )
        return self._tokens[data]

    def _weights(self) -> list[Tensor]:
        """The matrices of the blocks, in the model's memory."""
        blocks = self.decoder.blocks(self.model)
        return [
            each.of(block)
            for block, matrices in zip(blocks, self.decoder.matrices, strict=True)
            for each in matrices
        ]

    def _zeros(self) -> dict[str, Any]:
        where, zeros, weights = sha256(), 0, 0
        for weight in self._weights():
            zero = (weight == 0).numpy(force=True)
            where.update(numpy.packbits(zero).tobytes())
            zeros += int(zero.sum())
            weights += zero.size
        return {
            "zeros": zeros,
            "weights": weights,
            "zeros_fingerprint": where.hexdigest()[:16],
        }


def _exp(mean: float) -> float:
    return math.exp(mean) if mean < 709 else math.inf


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
