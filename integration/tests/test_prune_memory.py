"""What a run takes lies between what it must hold and what is predicted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pruneproof.integration.pruning.data import Data
from pruneproof.integration.pruning.load import load_skeleton
from pruneproof.integration.pruning.memory import expected_memory, sizes
from pruneproof.integration.pruning.plan import Plan
from pruneproof.integration.pruning.shards import ShardWriter

BLOCKS = 32
PLAN = Plan("wanda", sparsity=0.5)
# A run on a tiny model first has all libraries loaded, and the growth is that of the large one.
SCRIPT = """
import json, sys
import torch
from pruneproof.integration.pruning.data import Data
from pruneproof.integration.pruning.memory import measured_peak
from pruneproof.integration.pruning.plan import Plan
from pruneproof.integration.pruning.run import run
tiny, large, text, stream, refine, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
plan = Plan("wanda", sparsity=0.5, refine=refine or None)
data = Data(text, text, samples=2, seqlen=16, windows=2)
for model in (tiny, large):
    before = measured_peak()
    run(model, plan, data, stream=stream == "True")
print(json.dumps(measured_peak() - before))
"""


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """A checkpoint of random numbers in bfloat16, 32 blocks of 8 MiB."""
    from transformers import LlamaConfig

    folder = tmp_path_factory.mktemp("synthetic")
    LlamaConfig(
        vocab_size=97, hidden_size=512, intermediate_size=2048, num_hidden_layers=BLOCKS,
        num_attention_heads=8, max_position_embeddings=32, dtype="bfloat16",
        architectures=["LlamaForCausalLM"],
    ).save_pretrained(folder)  # fmt: skip
    groups = {}
    for name, empty in load_skeleton(str(folder), "auto").state_dict().items():
        groups.setdefault(name.split(".")[2] if ".layers." in name else "", {})[name] = empty
    writer = ShardWriter(folder, len(groups))
    for number, group in enumerate(groups.values()):
        writer.write(number, {name: torch.randn_like(each, device="cpu").mul_(0.02)
                              for name, each in group.items()})  # fmt: skip
    writer.finish()
    return folder


@pytest.mark.parametrize(
    ("stream", "refine", "threads"),
    [(True, "", 1), (False, "", 1), (True, "r2_dsnot", 1), (False, "dsnot", 4)],
)
def test_what_is_taken_lies_between_what_is_held_and_the_prediction(
    stream, refine, threads, synthetic, llama, save_checkpoint, text
):
    tiny = save_checkpoint(llama)
    for file in Path(tiny).glob("tokenizer*"):
        (synthetic / file.name).write_bytes(file.read_bytes())
    output = subprocess.check_output(
        [sys.executable, "-c", SCRIPT, str(tiny), str(synthetic), text, str(stream), refine,
         str(threads)],
        text=True,
    )  # fmt: skip
    grown = json.loads(output.splitlines()[-1])
    model = load_skeleton(str(synthetic), "auto")
    data = Data(text, text, samples=2, seqlen=16)
    plan = Plan("wanda", sparsity=0.5, refine=refine or None)
    expected = expected_memory(model, plan, data, windows=2, stream=stream)
    assert grown <= expected.peak
    if stream and not refine:
        assert sizes(model).model >= 2.5 * expected.peak
    else:
        assert grown >= expected.held


def test_streaming_does_not_depend_on_the_number_of_blocks(synthetic):
    model = load_skeleton(str(synthetic), "auto")
    data = Data("", "", samples=2, seqlen=16)
    before = expected_memory(model, PLAN, data, 2, stream=True)
    whole = expected_memory(model, PLAN, data, 2)
    del model.model.layers[1:]
    assert expected_memory(model, PLAN, data, 2, stream=True) == before
    block = sizes(model).block
    assert expected_memory(model, PLAN, data, 2).held == whole.held - (BLOCKS - 1) * block


def test_each_part_of_the_prediction_counts(llama):
    def of(plan=PLAN, samples=2, seqlen=16, windows=2, stream=False):
        return expected_memory(llama, plan, Data("", "", samples, seqlen), windows, stream=stream)

    sequence = 16 * 16 * 4
    assert of(samples=5).held - of().held == 3 * sequence
    assert of(windows=50).held == of().held
    assert of(windows=50, stream=True).held - of(stream=True).held == 48 * sequence
    # With short sequences the scores are more than a forward pass.
    assert of(plan=Plan("stochria", 0.5), seqlen=2).peak > of(seqlen=2).peak
    assert of(plan=Plan("wanda", 0.5, refine="dsnot"), seqlen=2).peak > of(seqlen=2).peak
    whole = of().held
    llama.half()
    assert 2 * of().held == whole
