#!/bin/sh
# A pruned folder in a compressed form loads as a dense model with random weights.
#
# Versions: written by compressed-tensors 0.12.2 with transformers 4.57.3, and read by them; then
# read by compressed-tensors 0.20.0 with transformers 5.23.0; accelerate 1.15.0, torch 2.13.0 (CPU).
#
# Seen: `sparse-bitmask` and `sparse-24-bitmask` store the weights that are not 0 and a mask, in
# place of `weight`. The newer pair still takes the configuration, takes no weight from the file and
# draws every pruned layer at random: no zeros are left, and the model predicts something else. A
# table of UNEXPECTED and MISSING names is all that says so. The older pair reads its
# sparse-24-bitmask exactly, and stops with an error at its own sparse-bitmask. At `marlin-24`, 2:4
# in 4 bits, both stop with an error.
#
# Expected: compressed-tensors 0.20.0 still lists the three among its formats, as legacy, and
# config.json names the format. The documentation of 0.12.2 offers sparsity of both kinds. A public
# report (transformers issue 47407) asks for an error in the like case of packed experts.
#
# For whoever prunes: store a pruned model dense, or keep the versions that wrote it beside it. Read
# output_loading_info after loading, and count the zeros of the loaded model.
#
# Usage: sh compressed_sparse_reloads_random.sh
# Exit status: 0 as described, 1 changed, 2 the packages could not be installed.
# Output seen:
#   transformers 4.57.3, compressed-tensors 0.12.2
#       sparse-bitmask:    NotImplementedError
#       sparse-24-bitmask: the same weights, 50.0% zeros of 50.0%, missing 0, unexpected 0, same prediction 100.0%
#       marlin-24:         NotImplementedError
#       as described
#   transformers 5.23.0, compressed-tensors 0.20.0
#       sparse-bitmask:    not the same weights, 0.0% zeros of 50.0%, missing 42, unexpected 168, same prediction 1.6%
#       sparse-24-bitmask: not the same weights, 0.0% zeros of 50.0%, missing 42, unexpected 126, same prediction 1.6%
#       marlin-24:         KeyError
#       as described
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
export HF_HUB_OFFLINE=1
cd "$folder"
cat >write.py <<'PROGRAM'
import torch
from compressed_tensors.compressors import ModelCompressor
from compressed_tensors.config import BitmaskConfig, Sparse24BitMaskConfig
from compressed_tensors.quantization import (
    QuantizationArgs,
    QuantizationConfig,
    QuantizationScheme,
    QuantizationStatus,
    apply_quantization_config,
)
from transformers import LlamaConfig, LlamaForCausalLM


def pruned():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=128,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=64,
        initializer_range=0.2,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "_proj" in name:
                order = weight.abs().reshape(-1, 4).argsort(1).argsort(1)
                weight.mul_((order >= 2).reshape(weight.shape))
    return model


def save(model, compressor, folder):
    model.save_pretrained(folder, state_dict=compressor.compress(model))
    compressor.update_config(folder)


model = pruned()
tokens = torch.arange(64)[None]
with torch.no_grad():
    torch.save((tokens, model(tokens).logits, model.state_dict()), "seen.pt")
for config in BitmaskConfig, Sparse24BitMaskConfig:
    sparsity = config(targets=["Linear"], ignore=["lm_head"], global_sparsity=0.5)
    save(pruned(), ModelCompressor(sparsity_config=sparsity), sparsity.format)
weights = QuantizationArgs(num_bits=4, symmetric=True, strategy="group", group_size=128)
scheme = QuantizationScheme(targets=["Linear"], weights=weights)
apply_quantization_config(
    model,
    QuantizationConfig(config_groups={"all": scheme}, format="marlin-24", ignore=["lm_head"]),
)
for module in model.modules():
    if hasattr(module, "weight_scale"):
        scales = module.weight.reshape(len(module.weight), -1, 128).abs().amax(2) / 7
        module.weight_scale.data = scales
        module.quantization_status = QuantizationStatus.FROZEN
compressor = ModelCompressor.from_pretrained_model(model, quantization_format="marlin-24")
save(model, compressor, "marlin-24")
PROGRAM
cat >read.py <<'PROGRAM'
import sys

import compressed_tensors
import torch
import transformers
from transformers import LlamaForCausalLM
from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()
new = transformers.__version__ == "5.23.0"
expected = {
    "sparse-bitmask": "random" if new else "stopped",
    "sparse-24-bitmask": "random" if new else "exact",
    "marlin-24": "stopped",
}
tokens, right, stored = torch.load("seen.pt")
seen = True
print(f"transformers {transformers.__version__}, ", end="")
print(f"compressed-tensors {compressed_tensors.__version__}")
for folder, ends in expected.items():
    torch.manual_seed(0)
    try:
        model, info = LlamaForCausalLM.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:
        print(f"    {folder + ':':19}{type(error).__name__}")
        seen = seen and ends == "stopped"
        continue
    with torch.no_grad():
        same = (model(tokens).logits.argmax(-1) == right.argmax(-1)).float().mean().item()
    weights = {name: each for name, each in model.named_parameters() if "_proj" in name}
    zeros = torch.cat([(each == 0).flatten() for each in weights.values()]).float().mean().item()
    exact = all(bool((each == stored[name]).all()) for name, each in weights.items())
    missing, unexpected = (len(info[f"{each}_keys"]) for each in ("missing", "unexpected"))
    print(f"    {folder + ':':19}{'' if exact else 'not '}the same weights, ", end="")
    print(f"{zeros:.1%} zeros of 50.0%, missing {missing}, ", end="")
    print(f"unexpected {unexpected}, same prediction {same:.1%}")
    if ends == "exact":
        seen = seen and exact and not missing
    else:
        seen = seen and ends == "random" and zeros < 0.01 and same < 0.5 and missing == 42
print("    as described" if seen else "    CHANGED: these folders are no longer read as described")
sys.exit(not seen)
PROGRAM
install compressed-tensors==0.12.2 transformers==4.57.3 accelerate==1.15.0 numpy==2.4.2
"$python" write.py >write.log 2>&1 ||
    { tail -3 write.log; echo "CHANGED: it no longer writes these formats"; exit 1; }
status=0
"$python" read.py 2>read.log || status=1
install compressed-tensors==0.20.0 transformers==5.23.0
"$python" read.py 2>read.log || status=1
exit $status
