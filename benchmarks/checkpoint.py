"""Time Wanda on a whole checkpoint against the official code's own loop, unchanged.

The official `prune_wanda` comes from the clone that PRUNEPROOF_WANDA names; its blocks are wrapped
so that they take what it passes. Each run is a process of its own, so that its peak memory is its
own too. Both sides get the same model, tokens and dtype, in turn. So does a third, which only
multiplies by the weights, as often as no way can leave out: nobody takes less.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn

from pruneproof.integration.checkpoint.load import load_model
from pruneproof.integration.decoder.blocks import decoder_blocks, linears
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.pruning.memory import measured_peak
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.small_checkpoints.small_llama import fetch_small_llama
from pruneproof.integration.text.calibration import token_windows
from pruneproof.integration.text.wikipedia import fetch_wikipedia_text
from pruneproof.properties.peers.clone import Clone

SIDES = ("known", "ours", "products")
Runs = dict[str, list[dict[str, float]]]


class Wrapped(nn.Module):
    """A decoder block that takes attention mask and positions, as older ones did."""

    def __init__(self, block: nn.Module, rotary: nn.Module) -> None:
        super().__init__()
        self.block, self.rotary = block, [rotary]

    def forward(self, hidden: Tensor, attention_mask: Tensor, position_ids: Tensor, **_: Any):
        embeddings = self.rotary[0](hidden, position_ids)
        return (self.block(hidden, attention_mask=attention_mask, position_embeddings=embeddings),)


def prune_as_known(model: Any, tokens: Tensor, sparsity: float) -> None:
    prune = Clone("PRUNEPROOF_WANDA").prune
    blocks = model.model.layers
    model.model.layers = nn.ModuleList(Wrapped(each, model.model.rotary_emb) for each in blocks)
    model.seqlen, model.hf_device_map = tokens.shape[1], {}
    loaded = [(each[None], None) for each in tokens]
    vars(prune)["get_loaders"] = lambda *_, **__: (loaded, None)
    options = SimpleNamespace(
        nsamples=len(tokens), seed=0, sparsity_ratio=sparsity, use_variant=False
    )
    with redirect_stdout(io.StringIO()), patch.object(Tensor, "cuda", lambda self: self):
        prune.prune_wanda(options, model, None, torch.device("cpu"))
    model.model.layers = blocks


def prune_as_ours(model: Any, tokens: Tensor, sparsity: float) -> None:
    for _ in prune_blocks(model, tokens, Plan("wanda", sparsity=sparsity)):
        pass


def only_products(model: Any, tokens: Tensor, sparsity: float) -> None:
    """Each product of a block once for its statistics, but for the last, and once when pruned."""
    samples, seqlen = tokens.shape
    with torch.no_grad():
        for block in decoder_blocks(model):
            layers = [layer for _, layer in linears(block)]
            sizes = {layer.in_features for layer in layers}
            inputs = {size: torch.randn(seqlen, size).to(model.dtype) for size in sizes}
            for _ in range(samples):
                for layer in layers[:-1] + layers:
                    layer(inputs[layer.in_features])


PRUNE = {"known": prune_as_known, "ours": prune_as_ours, "products": only_products}


def one_run(side: str, arguments: argparse.Namespace, zeros: Path) -> None:
    """Prune once in this process; print seconds and memory, and keep where the zeros are."""
    torch.set_num_threads(arguments.threads)
    model, tokenizer = load_model(str(fetch_small_llama()), arguments.dtype, "cpu")
    text = fetch_wikipedia_text()
    tokens = token_windows(tokenizer, text, arguments.samples, arguments.seqlen)
    before = measured_peak()
    start = time.perf_counter()
    PRUNE[side](model, tokens, arguments.sparsity)
    seconds = time.perf_counter() - start
    layers = [layer for block in decoder_blocks(model) for _, layer in linears(block)]
    np.save(zeros, np.packbits(np.concatenate([(x.weight == 0).numpy().ravel() for x in layers])))
    print(
        json.dumps(
            {"seconds": seconds, "peak": measured_peak(), "growth": measured_peak() - before}
        )
    )


def measure(repeats: int) -> tuple[Runs, float]:
    """Run both sides in turn; also the share of the weights that both prune or both keep."""
    runs: Runs = {side: [] for side in SIDES}
    with TemporaryDirectory() as folder:
        files = {side: Path(folder) / f"{side}.npy" for side in SIDES}
        for _ in range(repeats):
            for side in SIDES:
                command = [sys.executable, __file__, *sys.argv[1:], "--one", side, files[side]]
                run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                runs[side].append(json.loads(run.stdout.splitlines()[-1]))
        different = np.bitwise_xor(np.load(files["known"]), np.load(files["ours"]))
    return runs, 1 - int(np.unpackbits(different).sum()) / (8 * len(different))


def report(runs: Runs, tokens: int) -> None:
    print(f"{'':<12}{'seconds':>9}{'tokens/s':>10}{'peak, MB':>10}{'growth, MB':>12}")
    for side, measured in runs.items():
        seconds, peak, growth = (
            statistics.median(each[key] for each in measured)
            for key in ("seconds", "peak", "growth")
        )
        rate = tokens / seconds
        print(f"{side:<12}{seconds:>9.1f}{rate:>10.0f}{peak / 1e6:>10.0f}{growth / 1e6:>12.0f}")
    pairs = zip(runs["known"], runs["ours"], strict=True)
    ratio = statistics.median(known["seconds"] / ours["seconds"] for known, ours in pairs)
    print(f"ratio {ratio:.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=32, help="sequences (default 32)")
    parser.add_argument("--seqlen", type=int, default=512, help="tokens in each (default 512)")
    parser.add_argument("--sparsity", type=float, default=0.5)
    parser.add_argument("--dtype", default="float32", help="float32, bfloat16 or float16")
    parser.add_argument("--repeats", type=int, default=3, help="paired runs (default 3)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--one", nargs=2, metavar=("SIDE", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        one_run(arguments.one[0], arguments, Path(arguments.one[1]))
        return 0
    if min(arguments.samples, arguments.repeats) < 1 or arguments.seqlen < 2:
        parser.error("all numbers must be at least 1, and seqlen 2")
    if "PRUNEPROOF_WANDA" not in os.environ:
        parser.error("PRUNEPROOF_WANDA must be the path of a clone of locuslab/wanda")

    runs, same = measure(arguments.repeats)
    print(f"SmolLM2-135M, {arguments.dtype}, Wanda {arguments.sparsity}, ", end="")
    print(f"{arguments.samples} × {arguments.seqlen} tokens, torch {torch.__version__}, ", end="")
    print(f"threads: {arguments.threads}, repeats: {arguments.repeats}")
    report(runs, arguments.samples * arguments.seqlen)
    print(f"{100 * same:.4f} % of the mask is the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
