"""Time `pruneproof inspect` beside one pass that counts zeros, and beside a loaded model.

Makes checkpoints of a LLaMA's shapes in bfloat16: dense, half of each output pruned, and 2:4. In
turn, each several times: what inspect finds; one pass over the same files by safetensors and torch
that counts zeros; the same by NumPy on the raw bits; and the known way, which loads the model and
counts module by module. The counts must be equal.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from pruneproof.integration.inspection.claimed import Claimed
from pruneproof.integration.inspection.opening import open_checkpoint
from pruneproof.integration.inspection.run import inspect
from pruneproof.integration.progress import Bars

WIDTH, BETWEEN, KEYS, TOKENS = 2048, 5632, 512, 8192
SHAPES = {
    "self_attn.q_proj": (WIDTH, WIDTH),
    "self_attn.k_proj": (KEYS, WIDTH),
    "self_attn.v_proj": (KEYS, WIDTH),
    "self_attn.o_proj": (WIDTH, WIDTH),
    "mlp.gate_proj": (BETWEEN, WIDTH),
    "mlp.up_proj": (BETWEEN, WIDTH),
    "mlp.down_proj": (WIDTH, BETWEEN),
}


def pruned(weight: torch.Tensor, kind: str) -> torch.Tensor:
    if kind == "dense":
        return weight
    size = 4 if kind == "2:4" else weight.shape[1]
    groups = weight.view(-1, size)
    groups.scatter_(1, groups.abs().argsort(1)[:, : size // 2], 0)
    return weight


def make(folder: Path, kind: str, blocks: int) -> None:
    draw = torch.Generator().manual_seed(0)
    tile = {shape: torch.randn(shape, generator=draw) for shape in set(SHAPES.values())}
    tensors = {"model.embed_tokens.weight": torch.randn(TOKENS, WIDTH, generator=draw).bfloat16()}
    for block in range(blocks):
        for name, shape in SHAPES.items():
            order = torch.randperm(shape[0], generator=draw)
            weight = pruned(tile[shape][order], kind).bfloat16()
            tensors[f"model.layers.{block}.{name}.weight"] = weight
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{block}.{norm}.weight"] = torch.ones(WIDTH).bfloat16()
    tensors["model.norm.weight"] = torch.ones(WIDTH).bfloat16()
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH,
        "intermediate_size": BETWEEN, "num_hidden_layers": blocks, "num_attention_heads": 32,
        "num_key_value_heads": KEYS * 32 // WIDTH, "vocab_size": TOKENS,
        "tie_word_embeddings": True, "torch_dtype": "bfloat16",
    }  # fmt: skip
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config), "utf-8")


def by_inspect(folder: Path) -> int:
    with Bars() as bars:
        found = inspect(str(folder), Claimed(), bars)
    return sum(each.zeros for each in found.facts if each.entry.role.judged)


def by_one_pass(folder: Path) -> int:
    zeros = 0
    with safe_open(folder / "model.safetensors", "pt") as opened:
        for name in opened.keys():  # noqa: SIM118 - no mapping
            count = int((opened.get_tensor(name) == 0).sum())
            zeros += count if ".layers." in name else 0
    return zeros


def by_numpy(folder: Path) -> int:
    source, zeros = open_checkpoint(str(folder)), 0
    for entry in source.entries:
        content = source.read(entry)
        bits = content.bits(slice(0, content.rows))
        count = int(np.count_nonzero((bits << np.uint16(1)) == 0))
        zeros += count if entry.role.judged else 0
    return zeros


def by_module(folder: Path) -> int:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder)
    layers = [each for each in model.model.layers.modules() if isinstance(each, nn.Linear)]
    return sum(int((each.weight == 0).sum()) for each in layers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=6, help="about 90 MB each (default 6)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each (default 5)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    if min(arguments.blocks, arguments.repeats, arguments.threads) < 1:
        parser.error("all numbers must be at least 1")
    torch.set_num_threads(arguments.threads)
    ways: dict[str, Callable[[Path], int]] = {
        "inspect": by_inspect, "one pass": by_one_pass, "NumPy": by_numpy, "modules": by_module,
    }  # fmt: skip
    print(f"torch {torch.__version__}, threads: {arguments.threads}, {arguments.blocks} blocks")
    print(f"{'checkpoint':<10} {'MB':>6} {'inspect, s':>11} ", end="")
    print(f"{'one pass, s':>12} {'÷':>6} {'NumPy, s':>9} {'÷':>6} {'modules, s':>11} {'×':>6}")
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        for kind in ("dense", "half", "2:4"):
            folder = Path(scratch) / kind.replace(":", "of")
            make(folder, kind, arguments.blocks)
            zeros = {name: way(folder) for name, way in ways.items()}
            seconds: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(arguments.repeats):
                for name, way in ways.items():
                    start = time.perf_counter()
                    way(folder)
                    seconds[name].append(time.perf_counter() - start)
            middle = {name: statistics.median(each) for name, each in seconds.items()}
            size = (folder / "model.safetensors").stat().st_size / 1e6
            ours = middle["inspect"]
            print(
                f"{kind:<10} {size:>6.0f} {ours:>11.3f} {middle['one pass']:>12.3f} "
                f"{ours / middle['one pass']:>6.2f} {middle['NumPy']:>9.3f} "
                f"{ours / middle['NumPy']:>6.2f} {middle['modules']:>11.3f} "
                f"{middle['modules'] / ours:>6.1f}",
                flush=True,
            )
            good = good and len(set(zeros.values())) == 1
    print("all counts are equal" if good else "the counts DIFFER")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
