"""What is published of the known models is consistent, and its limits are narrow."""

import pytest
import torch

from pruneproof.integration.doctor import of_data
from pruneproof.integration.doctor.known import Known, publications


def test_the_333_windows_that_a_user_found_are_explained():
    """locuslab/wanda issue 52."""
    found = of_data.count(publications().tokenizers["llama"], torch.zeros(333, 4096), True, True)
    assert found.expected == "83 windows of 4096 tokens"
    assert "windows of 1024 tokens, or when the text is 4 times as long" in found.cause


def test_limits_are_the_printed_digits_and_the_spread_of_publications():
    assert Known(2048, "5.47", "").limits(1.0) == pytest.approx((5.465, 5.475), abs=1e-12)
    spread = publications().spread
    for low, high in (("5.47", "5.48"), ("4.88", "4.89"), ("6.14", "6.15")):
        under, over = Known(2048, low, "").limits(spread)
        assert under < float(low) < float(high) < over
    assert Known(2048, "5.47", "").limits(spread)[1] < 5.5, "5.5 is another number"


def test_what_is_known_is_consistent():
    known = publications()
    assert {"LLaMA2-7b", "LLaMA2-13b", "LLaMA3-8b", "OPT-1.3b"} <= {m.id for m in known.models}
    for each in known.models:
        tokenizer = known.tokenizers[each.tokenizer]
        assert bool(tokenizer.canary_ids) != bool(tokenizer.canary_pieces)
        assert all(value.basis for value in each.perplexity)
    right = {name: each.tokens["blank lines"] // 2048 for name, each in known.tokenizers.items()}
    assert right == {"llama": 166, "llama3": 141, "opt": 140}


@pytest.mark.parametrize("name", [each.id for each in publications().models])
def test_the_known_models_have_the_parameters_of_their_structure(name):
    from transformers import AutoConfig, AutoModelForCausalLM

    known = next(each for each in publications().models if each.id == name)
    heads = {"LLaMA2-70b": (64, 8), "LLaMA3-8b": (32, 8)}.get(name)
    more = (
        dict(zip(("num_attention_heads", "num_key_value_heads"), heads, strict=True))
        if heads
        else {}
    )
    if known.structure["model_type"] == "opt":
        more = {"word_embed_proj_dim": 2048, "num_attention_heads": 32}
    elif not heads:
        more = {"num_attention_heads": known.structure["num_hidden_layers"]}
        more["num_key_value_heads"] = more["num_attention_heads"]
    config = AutoConfig.for_model(**{**known.structure, **more})
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    assert sum(each.numel() for each in model.parameters()) == known.parameters
