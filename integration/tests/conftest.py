"""Tiny decoders with random weights, of several families, and tokenizers of characters."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from checkpoints import tokenizer_of_characters

TOKENS = 97
WIDTH = 16
LENGTH = 32


SIZES: dict[str, Any] = {
    "vocab_size": TOKENS,
    "hidden_size": WIDTH,
    "num_attention_heads": 2,
    "max_position_embeddings": LENGTH,
}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {"num_hidden_layers": 6, "intermediate_size": 24}),
    "opt": ("OPT", {"num_hidden_layers": 6, "ffn_dim": 32, "word_embed_proj_dim": WIDTH}),
    "qwen": (
        "Qwen2",
        {"num_hidden_layers": 6, "intermediate_size": 24, "num_key_value_heads": 1},
    ),
    "gpt_neox": ("GPTNeoX", {"num_hidden_layers": 6, "intermediate_size": 32}),
}
"""The beginning of transformers' class names, and what is a family's own."""


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Any:
    """A decoder of each family."""
    return decoder(request.param)


@pytest.fixture
def llama() -> Any:
    """A LLaMA-architecture decoder."""
    return decoder("llama")


def decoder(name: str) -> Any:
    """The same weights every time."""
    import transformers

    family, own = FAMILIES[name]
    config = getattr(transformers, f"{family}Config")(**SIZES, **own)
    torch.manual_seed(0)
    return getattr(transformers, f"{family}ForCausalLM")(config).eval()


@pytest.fixture
def decoder_of() -> Callable[[str], Any]:
    """Decoders by family, with the same weights every time."""
    return decoder


@pytest.fixture
def tokens() -> torch.Tensor:
    """Calibration sequences, 4 × 12."""
    return torch.randint(0, TOKENS, (4, 12), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def tokenizer() -> Callable[..., Any]:
    """One token a character."""

    def tokenize(text: str, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(input_ids=torch.tensor([[ord(each) % TOKENS for each in text]]))

    return tokenize


@pytest.fixture
def save_checkpoint(tmp_path: Path) -> Callable[..., Path]:
    """Saves a model with a tokenizer of single characters into a folder of this name."""

    def save(model: Any, name: str = "model", **named: Any) -> Path:
        folder = tmp_path / name
        model.save_pretrained(folder, **named)
        tokenizer_of_characters().save_pretrained(folder)
        return folder

    return save


@pytest.fixture
def text(tmp_path: Path) -> str:
    """A text file of 400 characters."""
    path = tmp_path / "text.txt"
    path.write_text("".join(chr(33 + (i * i + 5) % 83) for i in range(400)), encoding="utf-8")
    return str(path)


@pytest.fixture
def inspect(tmp_path: Path) -> Callable[..., Any]:
    """Call `pruneproof inspect`, with a report."""
    from inspected import Found

    return lambda *arguments: Found(*arguments, report=tmp_path / "report")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The dense checkpoint of `inspected`."""
    from inspected import dense, save

    return save(tmp_path / "dense", dense())
