#!/bin/sh
# A Mixtral that llmcompressor has pruned is saved under names that transformers does not know.
#
# Versions: llmcompressor 0.14.0.1, compressed-tensors 0.19.0, transformers 5.17.0 (the newest that
# it allows), datasets 5.2.0, torch 2.13.0 (CPU).
#
# Seen: inside load_context() llmcompressor makes one nn.Linear of each expert, and oneshot with
# WandaPruningModifier prunes all of them: in memory half of their weights are 0. save_pretrained
# writes `block_sparse_moe.experts.0.gate_proj`, which is half of Mixtral's own
# `block_sparse_moe.experts.0.w1` and half of a newer family's `mlp.experts.0.gate_proj`.
# from_pretrained without llmcompressor takes no expert from the file: all are drawn at random, and
# a table of UNEXPECTED and MISSING names is all that says so.
#
# Expected: save_pretrained's documentation (transformers 5.17.0) says that from_pretrained can load
# the folder, and config.json names MixtralForCausalLM. A public report (llm-compressor issue 3069)
# says the same of quantised folders and another reader.
#
# For whoever prunes: the zeros in the file are right and the model that loads it has none in its
# experts, so a sparsity counted in the file says nothing. Compare logits with those in memory.
#
# Usage: sh llmcompressor_mixtral_reloads_random.sh
# Exit status: 0 as described, 1 changed, 2 the packages could not be installed.
# Output seen:
#   model.layers.0.block_sparse_moe.experts.0.down_proj.weight
#   zeros of the experts: in memory 50.0%, in the file 50.0%, loaded 0.0%
#   missing 12, unexpected 72, same prediction as in memory 2.7%
#   as described
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' HUP INT TERM
python=$folder/venv/bin/python
install() {
    "$python" -m pip install -qq --no-compile "$@" ||
        { echo "could not install the packages"; exit 2; }
}
"${PYTHON:-python3}" -m venv "$folder/venv" || exit 2
install torch==2.13.0
install llmcompressor==0.14.0.1 compressed-tensors==0.19.0 transformers==5.17.0 datasets==5.2.0
export HF_HUB_OFFLINE=1 HF_HOME="$folder/home" TOKENIZERS_PARALLELISM=false
# It writes its log into the folder that it is started in.
cd "$folder"
cat >prune.py <<'PROGRAM'
import torch
from datasets import Dataset
from llmcompressor import oneshot
from llmcompressor.modifiers.pruning import WandaPruningModifier
from llmcompressor.utils import load_context
from tokenizers import Tokenizer, models
from transformers import (
    AutoModelForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    PreTrainedTokenizerFast,
)

torch.manual_seed(0)
MixtralForCausalLM(
    MixtralConfig(
        vocab_size=128,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_local_experts=4,
        num_experts_per_tok=2,
        max_position_embeddings=64,
        initializer_range=0.2,
    )
).save_pretrained("dense")
words = models.WordLevel({str(each): each for each in range(128)}, unk_token="0")
tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(words), pad_token="0")
tokenizer.save_pretrained("dense")
with load_context():
    model = AutoModelForCausalLM.from_pretrained("dense", dtype=torch.float32)
tokens = torch.randint(128, (8, 32))
samples = {"input_ids": tokens.tolist(), "attention_mask": torch.ones_like(tokens).tolist()}
oneshot(
    model=model,
    processor=tokenizer,
    dataset=Dataset.from_dict(samples),
    recipe=WandaPruningModifier(sparsity=0.5, targets=["re:.*experts.*_proj$"]),
    num_calibration_samples=8,
    max_seq_length=32,
)
model.save_pretrained("pruned")
experts = [each for name, each in model.named_parameters() if ".experts." in name]
zeros = sum(int((each == 0).sum()) for each in experts) / sum(each.numel() for each in experts)
with torch.no_grad():
    torch.save((tokens, model(tokens).logits, zeros), "seen.pt")
PROGRAM
"$python" prune.py >prune.log 2>&1 ||
    { tail -3 prune.log; echo "CHANGED: it no longer prunes"; exit 1; }
"$python" - <<'PROGRAM'
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()
tokens, right, pruned = torch.load("seen.pt")
stored = {}
for file in Path("pruned").glob("*.safetensors"):
    stored.update(load_file(file))
model, info = AutoModelForCausalLM.from_pretrained("pruned", output_loading_info=True)
with torch.no_grad():
    same = (model(tokens).logits.argmax(-1) == right.argmax(-1)).float().mean().item()


def zeros(tensors):
    experts = [each for name, each in tensors.items() if ".experts." in name]
    return sum(int((each == 0).sum()) for each in experts) / sum(each.numel() for each in experts)


found = pruned, zeros(stored), zeros(dict(model.named_parameters()))
print(next(name for name in sorted(stored) if ".experts." in name))
print("zeros of the experts: in memory {:.1%}, in the file {:.1%}, loaded {:.1%}".format(*found))
print(f"missing {len(info['missing_keys'])}, unexpected {len(info['unexpected_keys'])}, ", end="")
print(f"same prediction as in memory {same:.1%}")
seen = min(found[:2]) > 0.49 and found[2] < 0.01 and same < 0.5 and len(info["missing_keys"]) == 12
print("as described" if seen else "CHANGED: the pruned folder is no longer loaded as described")
sys.exit(not seen)
PROGRAM
