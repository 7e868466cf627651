#!/bin/sh
# One folder, two models: a configuration says "tied", the file holds a head of its own.
#
# Versions: transformers 4.56.0, then 5.23.0; safetensors 0.8.0, torch 2.13.0 (CPU).
#
# Seen: config.json says tie_word_embeddings=true, the file holds an embedding and another head, as
# tools write that train or prune the head apart and leave the configuration as it was.
# transformers 4.56.0 takes the embedding for both; the file's head is dropped, and neither the log
# nor output_loading_info says so. 5.23.0 compares the two, keeps both and warns.
# With the head alone in such a file, 5.23.0 takes it for both. 4.56.0 leaves both on the meta
# device, without a number in them, and still calls nothing missing.
#
# Expected: the documentation of from_pretrained (4.56.0) describes output_loading_info by missing
# and unexpected keys. A tensor of the file that is not used is unexpected, and one that no tensor
# fills is missing. A public report (transformers pull request 42612) says the same of 4.54 on.
#
# For whoever prunes: perplexities of one folder under the two versions are of two models. A pruned
# head is lost in 4.56.0, and saving again makes the loss final. Write tie_word_embeddings=false
# when you store a head of its own.
#
# Usage: sh tied_by_name_only.sh
# Exit status: 0 as described, 1 changed, 2 the packages could not be installed.
# Output seen:
#   transformers 4.56.0
#       two heads: tied True, zeros in the head 0% of 50%, same prediction 0%, names reported 0
#       the head alone: embedding on meta, head on meta, names reported 0
#       as described
#   transformers 5.23.0
#       two heads: tied False, zeros in the head 50% of 50%, same prediction 100%, names reported 0
#       the head alone: embedding on cpu, head on cpu, names reported 0
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
cat >"$folder/program.py" <<'PROGRAM'
import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()
folder = Path(sys.argv[1], transformers.__version__)
torch.manual_seed(0)
model = LlamaForCausalLM(
    LlamaConfig(
        vocab_size=97,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=6,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=0.2,
        tie_word_embeddings=False,
    )
).eval()
with torch.no_grad():
    head = model.lm_head.weight
    head[head.abs() < head.abs().median()] = 0
model.save_pretrained(folder)
config = json.loads((folder / "config.json").read_text())
config["tie_word_embeddings"] = True
(folder / "config.json").write_text(json.dumps(config))
tokens = torch.randint(97, (4, 64))


@torch.no_grad()
def predicted(model):
    return model(tokens).logits.argmax(-1)


def load():
    model, info = LlamaForCausalLM.from_pretrained(folder, output_loading_info=True)
    return model.eval(), sum(len(each) for each in info.values())


again, said = load()
zeros = (again.lm_head.weight == 0).float().mean().item()
same = (predicted(again) == predicted(model)).float().mean().item()
tied = again.lm_head.weight is again.model.embed_tokens.weight
print(f"transformers {transformers.__version__}")
print(f"    two heads: tied {tied}, zeros in the head {zeros:.0%} of 50%, ", end="")
print(f"same prediction {same:.0%}, names reported {said}")

tensors = load_file(folder / "model.safetensors")
del tensors["model.embed_tokens.weight"]
save_file(tensors, folder / "model.safetensors", {"format": "pt"})
again, said_alone = load()
devices = again.model.embed_tokens.weight.device.type, again.lm_head.weight.device.type
print(f"    the head alone: embedding on {devices[0]}, head on {devices[1]}, ", end="")
print(f"names reported {said_alone}")

if transformers.__version__.startswith("4."):
    seen = tied and zeros == 0 and same < 0.5 and devices == ("meta", "meta")
else:
    seen = not tied and zeros > 0.49 and same == 1 and devices == ("cpu", "cpu")
seen = seen and said == said_alone == 0
print("    as described" if seen else "    CHANGED: the head is no longer treated as described")
sys.exit(not seen)
PROGRAM
status=0
for version in 4.56.0 5.23.0; do
    install transformers==$version safetensors==0.8.0
    "$python" "$folder/program.py" "$folder" || status=1
done
exit $status
