#!/bin/sh
# A dequantised gpt-oss is saved under names that are not its own, and comes back with new experts.
#
# Versions: transformers 5.23.0, accelerate 1.15.0, safetensors 0.8.0, torch 2.13.0 (CPU).
#
# Seen: a gpt-oss in MXFP4 (`gate_up_proj_blocks`, `gate_up_proj_scales`) is loaded with
# Mxfp4Config(dequantize=True): bfloat16 in memory, and right. save_pretrained writes the bfloat16
# experts under `gate_up_proj_blocks` and `down_proj_blocks`, without scales and without declaring a
# quantisation. from_pretrained takes none of them: all experts are drawn at random, and a table of
# UNEXPECTED and MISSING names is all that says so. With save_original_format=False it is right.
#
# Expected: save_pretrained's documentation (5.23.0) says that from_pretrained can load the folder
# again; Mxfp4Config's `dequantize` speaks of a model in bfloat16, whose tensors have no `_blocks`.
# The names were found by reversing the conversion, whose numbers were not reversed with them.
# transformers 5.24.0 writes `gate_up_proj` here.
#
# For whoever prunes: gpt-oss must be dequantised before its experts can be pruned, so this is the
# way there. The file holds the pruned experts, so a count of its zeros is right; the model that
# loads it has none of them.
#
# Usage: sh mxfp4_dequantised_loses_experts.sh
# Exit status: 0 as described, 1 changed, 2 the packages could not be installed.
# Output seen:
#   dequantised, pruned, in memory: zeros in down_proj 40.0%
#   saved as it is: down_proj_bias, down_proj_blocks, gate_up_proj_bias, gate_up_proj_blocks
#       loaded again: zeros in down_proj 0.0%, same prediction 1.2%, missing 12, unexpected 12
#   saved with =False: down_proj, down_proj_bias, gate_up_proj, gate_up_proj_bias
#       loaded again: zeros in down_proj 40.0%, same prediction 100.0%, missing 0, unexpected 0
#   as described
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' HUP INT TERM
python=$folder/venv/bin/python
{
    "${PYTHON:-python3}" -m venv "$folder/venv" &&
        "$python" -m pip install -qq --no-compile torch==2.13.0 &&
        "$python" -m pip install -qq --no-compile transformers==5.23.0 accelerate==1.15.0 \
            safetensors==0.8.0
} || { echo "could not install the packages"; exit 2; }
export HF_HUB_OFFLINE=1
"$python" - "$folder" <<'PROGRAM'
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import GptOssConfig, GptOssForCausalLM, Mxfp4Config
from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()
folder = Path(sys.argv[1])
torch.manual_seed(0)
model = GptOssForCausalLM(
    GptOssConfig(
        vocab_size=97,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=6,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        num_local_experts=4,
        num_experts_per_tok=2,
        max_position_embeddings=64,
        initializer_range=0.2,
        pad_token_id=0,
    )
)
model.to(torch.bfloat16).save_pretrained(folder / "mxfp4")

# MXFP4: two numbers of four bits a byte, and one power of two for 32 of them.
file = folder / "mxfp4/model.safetensors"
tensors = load_file(file)
for name in [each for each in tensors if each.endswith(("gate_up_proj", "down_proj"))]:
    experts, inputs, outputs = tensors.pop(name).shape
    blocks = experts, outputs, inputs // 32
    tensors[f"{name}_blocks"] = torch.randint(256, (*blocks, 16), dtype=torch.uint8)
    tensors[f"{name}_scales"] = torch.randint(122, 126, blocks, dtype=torch.uint8)
save_file(tensors, file, {"format": "pt"})
config = json.loads((folder / "mxfp4/config.json").read_text())
config["quantization_config"] = {
    "quant_method": "mxfp4",
    "modules_to_not_convert": ["self_attn", "mlp.router", "model.embed_tokens", "lm_head"],
}
(folder / "mxfp4/config.json").write_text(json.dumps(config))

tokens = torch.randint(97, (4, 64))


@torch.no_grad()
def predicted(model):
    return model.eval()(tokens).logits.argmax(-1)


model = GptOssForCausalLM.from_pretrained(
    folder / "mxfp4", dtype="bfloat16", quantization_config=Mxfp4Config(dequantize=True)
)
with torch.no_grad():
    for name, weight in model.named_parameters():
        if name.endswith(("gate_up_proj", "down_proj")):
            weight[weight.abs() < weight.abs().median()] = 0
pruned = predicted(model)
zeros = (model.model.layers[0].mlp.experts.down_proj == 0).float().mean().item()
print(f"dequantised, pruned, in memory: zeros in down_proj {zeros:.1%}")

found = {}
for title, options in {"as it is": {}, "with =False": {"save_original_format": False}}.items():
    out = folder / title.replace(" ", "_")
    model.save_pretrained(out, **options)
    stored = load_file(out / "model.safetensors")
    names = sorted(each.split("experts.")[1] for each in stored if "layers.0.mlp.experts" in each)
    again, info = GptOssForCausalLM.from_pretrained(out, dtype="bfloat16", output_loading_info=True)
    zeros = (again.model.layers[0].mlp.experts.down_proj == 0).float().mean().item()
    same = (predicted(again) == pruned).float().mean().item()
    found[title] = names, len(info["missing_keys"]), same
    print(f"saved {title}: {', '.join(names)}")
    print(f"    loaded again: zeros in down_proj {zeros:.1%}, same prediction {same:.1%}, ", end="")
    print(f"missing {len(info['missing_keys'])}, unexpected {len(info['unexpected_keys'])}")

bad, good = found["as it is"], found["with =False"]
seen = (
    "down_proj_blocks" in bad[0]
    and "down_proj_scales" not in bad[0]
    and bad[1] == 12
    and bad[2] < 0.5
    and good[1] == 0
    and good[2] == 1
)
print("as described" if seen else "CHANGED: a dequantised gpt-oss is no longer saved as described")
sys.exit(not seen)
PROGRAM
