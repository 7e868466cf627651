#!/bin/sh
# Llama 4 in transformers 4.56.0: a token's expert is weighted by other tokens' scores.
#
# Versions: transformers 4.56.0, then 4.56.1; torch 2.13.0 (CPU).
#
# Seen: a layer of experts on its own differs from the plain computation, token by token, by three
# quarters of the largest output. Alone in its batch each token is right. In the whole model,
# another last token changes the logits of tokens before it, which no causal model does.
# The layer repeats the tokens once for each expert, so all tokens of expert 0 come first; the
# scores (tokens × experts) are flattened the other way round, all experts of token 0 first.
#
# Expected: the documentation calls Llama 4 a causal model whose router picks experts for each
# token. 4.56.1 transposes the scores first, and is right (transformers pull request 40609). By
# their source 4.54.0 to 4.55.4 have the same line, and 4.53.3 transposes elsewhere.
#
# For whoever prunes: with 4.54.0 to 4.56.0 perplexities, calibration statistics and masks of a
# Llama 4 are of no model at all, and depend on the order of the sequences in a batch. Take 4.56.1.
#
# Usage: sh llama4_scores_of_other_tokens.sh
# Exit status: 0 as described, 1 changed, 2 the packages could not be installed.
# Output seen:
#   transformers 4.56.0
#       a layer's largest error by its largest output: 7.4e-01, a token at a time 0.0e+00
#       earlier logits, after the last token changed, moved by 3.9e+00
#       as described
#   transformers 4.56.1
#       a layer's largest error by its largest output: 2.1e-07, a token at a time 0.0e+00
#       earlier logits, after the last token changed, moved by 0.0e+00
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
import sys

import torch
import transformers
from torch.nn.functional import silu
from transformers import Llama4ForCausalLM, Llama4TextConfig

torch.manual_seed(0)
width = 32
model = Llama4ForCausalLM(
    Llama4TextConfig(
        vocab_size=97,
        hidden_size=width,
        intermediate_size=64,
        intermediate_size_mlp=64,
        num_hidden_layers=6,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
        num_local_experts=4,
        num_experts_per_tok=1,
        max_position_embeddings=64,
        pad_token_id=0,
    )
).eval()
with torch.no_grad():
    for name, weight in model.named_parameters():
        if "norm" not in name:
            weight.normal_(0, 0.3)


def plain(layer, token):
    """One token: its best expert, on the token times the score, and the shared expert."""
    scores = layer.router.weight @ token
    best = int(scores.argmax())
    gate, up = (token * scores[best].sigmoid() @ layer.experts.gate_up_proj[best]).chunk(2)
    return layer.shared_expert(token) + (silu(gate) * up) @ layer.experts.down_proj[best]


with torch.no_grad():
    layer = model.model.layers[0].feed_forward
    tokens = torch.randn(6, width)
    right = torch.stack([plain(layer, token) for token in tokens])
    together = layer(tokens[None])[0].reshape(6, width)
    alone = torch.stack([layer(token[None, None])[0].reshape(width) for token in tokens])
    errors = [((each - right).abs().max() / right.abs().max()).item() for each in (together, alone)]
    ids = torch.randint(1, 97, (1, 12))
    before = model(ids).logits[0, :-1]
    ids[0, -1] = ids[0, -1] % 96 + 1
    moved = (model(ids).logits[0, :-1] - before).abs().max().item()
wrong = transformers.__version__ == "4.56.0"
print(f"transformers {transformers.__version__}")
print(f"    a layer's largest error by its largest output: {errors[0]:.1e}, ", end="")
print(f"a token at a time {errors[1]:.1e}")
print(f"    earlier logits, after the last token changed, moved by {moved:.1e}")
faults = errors[0], moved
seen = errors[1] < 1e-5 and (min(faults) > 0.1 if wrong else max(faults) < 1e-5)
print("    as described" if seen else "    CHANGED: the experts no longer compute as described")
sys.exit(not seen)
PROGRAM
status=0
for version in 4.56.0 4.56.1; do
    install transformers==$version
    "$python" "$folder/program.py" || status=1
done
exit $status
