"""Tiny decoders with random weights, of several families, and a tokenizer of bytes."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

TOKENS = 97
WIDTH = 16
LENGTH = 32


def _llama() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=TOKENS,
            hidden_size=WIDTH,
            intermediate_size=24,
            num_hidden_layers=3,
            num_attention_heads=2,
            max_position_embeddings=LENGTH,
        )
    )


def _opt() -> Any:
    from transformers import OPTConfig, OPTForCausalLM

    return OPTForCausalLM(
        OPTConfig(
            vocab_size=TOKENS,
            hidden_size=WIDTH,
            word_embed_proj_dim=WIDTH,
            ffn_dim=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=LENGTH,
        )
    )


def _qwen() -> Any:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=TOKENS,
            hidden_size=WIDTH,
            intermediate_size=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=LENGTH,
        )
    )


FAMILIES: dict[str, Callable[[], Any]] = {"llama": _llama, "opt": _opt, "qwen": _qwen}


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
    torch.manual_seed(0)
    return FAMILIES[name]().eval()


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
