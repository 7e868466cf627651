"""A small OPT-architecture checkpoint that has learnt some English.

No package index ships an OPT, so this one is trained here: 1 million parameters, 4 blocks of hidden
size 128, on Wikipedia prose, always for as many steps and from the same seed. It covers what LLaMA
lacks (learned positions, biases, LayerNorm, ReLU); it is too small to order methods by.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from pruneproof.integration.cache import build_once
from pruneproof.integration.progress import Bars
from pruneproof.integration.text.held_out import CALIBRATION, held_out_prose

ARCHITECTURE: dict[str, Any] = {
    "vocab_size": 1024,
    "hidden_size": 128,
    "word_embed_proj_dim": 128,
    "ffn_dim": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "max_position_embeddings": 256,
    "dropout": 0.0,
}
STEPS, BATCH, LENGTH = 1500, 16, 128
PEAK_LEARNING_RATE = 4e-3
SEED = 0
RECIPE = ARCHITECTURE, STEPS, BATCH, LENGTH, PEAK_LEARNING_RATE, SEED


def train_small_opt() -> Path:
    """The checkpoint's folder, for `from_pretrained`: trained the first time, some minutes.

    It never saw the evaluation text of `held_out_prose`. Another machine's roundings lead to other
    weights, so results on it have no exact values.

    Returns:
        A folder with safetensors, configuration and tokenizer, in the cache.

    Raises:
        OSError: the text could not be fetched.
        ValueError: what was downloaded is not the expected file.
    """
    recipe = sha256(repr(RECIPE).encode()).hexdigest()[:8]
    return build_once(f"small-opt-{recipe}", _train)


def _train(folder: Path) -> None:
    # Slow to import, and only the first call needs it.
    import torch
    from transformers import OPTConfig, OPTForCausalLM

    prose = Path(held_out_prose()[CALIBRATION]).read_text(encoding="utf-8")
    tokenizer = _train_tokenizer(prose)
    tokens = tokenizer(prose, return_tensors="pt", verbose=False).input_ids[0]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = OPTForCausalLM(OPTConfig(**ARCHITECTURE))
        _descend(model, tokens)
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _train_tokenizer(prose: str) -> Any:
    """Byte-level BPE that begins every text with `</s>`, as OPT's does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>"]
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=ARCHITECTURE["vocab_size"],
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(prose.splitlines(), trainer)
    inner.post_processor = processors.TemplateProcessing(
        single="</s> $A", special_tokens=[("</s>", special.index("</s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="</s>", eos_token="</s>", pad_token="<pad>"
    )


def _descend(model: Any, tokens: Any) -> None:
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_LEARNING_RATE, STEPS, pct_start=0.1
    )
    with Bars() as bars:
        for _ in bars.over(range(STEPS), "training a small OPT"):
            starts = torch.randint(len(tokens) - LENGTH, (BATCH,)).tolist()
            batch = torch.stack([tokens[start : start + LENGTH] for start in starts])
            loss = model(batch, labels=batch).loss
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
