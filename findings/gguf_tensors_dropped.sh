#!/bin/sh
# Tensors of a GGUF file that transformers has no place for are dropped without a word.
#
# Versions: transformers 5.23.0, gguf 0.19.0, accelerate 1.15.0, torch 2.13.0 (CPU).
#
# Seen: a GGUF file of architecture `llama` with attention biases (`blk.N.attn_q.bias`, which
# llama.cpp's converter writes where the checkpoint has them and llama.cpp uses) loads as a model
# without biases. One with `rope_freqs.weight`, which is how a GGUF of Llama 3.1 and later holds
# that model's stretched rotary frequencies, loads with frequencies that are not stretched. The
# configuration is made from the file's metadata, where neither is told; tensors that then have no
# counterpart are skipped. output_loading_info calls nothing unexpected, and no log line at any
# level names them. A file without either loads exactly, so the files are as they should be.
#
# Expected: the documentation (5.23.0) says that a GGUF checkpoint is dequantised so that the full
# weights are available in PyTorch, and that output_loading_info returns the unexpected keys. A
# safetensors file with the same surplus tensors gets a table of them.
#
# For whoever prunes: a perplexity or mask from such a GGUF is of another model than the one that
# llama.cpp runs. Rotary frequencies show most at long contexts, so a short test can pass. Take the
# checkpoint that the GGUF was made from.
#
# Usage: sh gguf_tensors_dropped.sh
# Exit status: 0 as described, 1 changed, 2 the packages could not be installed.
# Output seen:
#   neither:              57 tensors,   0 dropped, 0 reported, 0 log lines name them, largest error by largest logit 0e+00
#   attention biases:     81 tensors,  24 dropped, 0 reported, 0 log lines name them, largest error by largest logit 1e+00
#   rotary frequencies:   58 tensors,   1 dropped, 0 reported, 0 log lines name them, largest error by largest logit 8e-01
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
install transformers==5.23.0 gguf==0.19.0 accelerate==1.15.0
export HF_HUB_OFFLINE=1
"$python" - "$folder" <<'PROGRAM'
import logging
import re
import sys

import gguf
import torch
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging as transformers_logging

WIDTH, HEADS, BLOCKS, LENGTH, THETA = 128, 2, 6, 512, 500_000.0
PLACES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
# Of Llama 3.1.
STRETCHED = {
    "rope_type": "llama3",
    "rope_theta": THETA,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
transformers_logging.disable_progress_bar()
lines = []
handler = logging.Handler()
handler.emit = lambda record: lines.append(record.getMessage())
logger = logging.getLogger("transformers")
logger.handlers, logger.propagate = [handler], False
logger.setLevel(logging.DEBUG)


def llama(**options):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=97,
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=BLOCKS,
        num_attention_heads=HEADS,
        max_position_embeddings=131_072,
        **{"rope_parameters": {"rope_type": "default", "rope_theta": THETA}, **options},
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name:
                weight.normal_(0, 0.2)
    return model


def write(model, path, surplus):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_vocab_size(97)
    writer.add_context_length(131_072)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDTH)
    writer.add_block_count(BLOCKS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(model.config.rms_norm_eps)
    writer.add_rope_freq_base(THETA)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    tensors = {}
    for name, tensor in model.state_dict().items():
        place, kind = re.sub(r"model\.layers\.\d+\.", "", name).rsplit(".", 1)
        block = re.search(r"layers\.(\d+)", name)
        prefix = f"blk.{block[1]}." if block else ""
        if "q_proj" in name or "k_proj" in name:
            # llama.cpp rotates neighbours, transformers the two halves of a head.
            tensor = tensor.reshape(HEADS, 2, -1, *tensor.shape[1:]).transpose(1, 2)
            tensor = tensor.reshape(WIDTH, *tensor.shape[3:])
        tensors[f"{prefix}{PLACES[place]}.{kind}"] = tensor
    for name, tensor in {**tensors, **surplus}.items():
        writer.add_tensor(name, tensor.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@torch.no_grad()
def error(model, right):
    tokens = torch.randint(97, (1, LENGTH), generator=torch.Generator().manual_seed(1))
    expected = right(tokens).logits
    return ((model(tokens).logits - expected).abs().max() / expected.abs().max()).item()


plain, biased, stretched = llama(), llama(attention_bias=True), llama(rope_parameters=STRETCHED)
frequencies = [each.model.rotary_emb.inv_freq for each in (plain, stretched)]
cases = {
    "neither": (plain, {}),
    "attention biases": (biased, {}),
    "rotary frequencies": (stretched, {"rope_freqs.weight": frequencies[0] / frequencies[1]}),
}
seen = True
for title, (right, surplus) in cases.items():
    path = f"{sys.argv[1]}/{title.replace(' ', '_')}.gguf"
    write(right, path, surplus)
    stored = len(gguf.GGUFReader(path).tensors)
    lines.clear()
    again, info = LlamaForCausalLM.from_pretrained(
        sys.argv[1], gguf_file=path.rpartition("/")[2], output_loading_info=True
    )
    dropped = stored - len(again.state_dict())
    reported = sum(len(each) for each in info.values())
    named = sum("rope_freqs" in each or "attn_q" in each or "q_proj" in each for each in lines)
    difference = error(again.eval(), right)
    print(f"{title + ':':20}{stored:4} tensors, {dropped:3} dropped, {reported} reported, ", end="")
    print(f"{named} log lines name them, largest error by largest logit {difference:.0e}")
    wrong = title != "neither"
    seen = seen and reported == named == 0 and (dropped > 0) == wrong == (difference > 1e-3)
print("as described" if seen else "CHANGED: surplus tensors are no longer dropped as described")
sys.exit(not seen)
PROGRAM
