"""Is this the checkpoint that it is taken for, whole, dense and in its own precision?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pruneproof.integration.doctor.finding import Finding, Verdict
from pruneproof.integration.doctor.known import (
    KnownModel,
    KnownTokenizer,
    Publications,
    differences,
)
from pruneproof.integration.doctor.weights import Weights
from pruneproof.integration.inspection.facts import DENSE_ZEROS

HALF = ("float16", "bfloat16", "float32")
FINE_TUNED = re.compile(
    r"instruct|chat|vicuna|alpaca|(?:^|[-_])(?:it|sft|dpo|rlhf)(?:[-_]|$)", re.I
)
DOWNLOAD = "fetch the checkpoint again and compare its checksums"


def recognise(
    publications: Publications, config: Any, tokenizer: KnownTokenizer | None
) -> KnownModel | None:
    """The known model with this structure and this tokenizer."""
    if tokenizer is None:
        return None
    shaped = publications.shaped_like(config)
    return next((each for each in shaped if each.tokenizer == tokenizer.id), None)


def structure(publications: Publications, model: Any, known: KnownModel | None) -> Finding:
    """Vocabulary, width, depth and number of parameters."""
    config, parameters = model.config, sum(each.numel() for each in model.parameters())
    measured = (
        f"{config.model_type}, {config.num_hidden_layers} blocks, {config.hidden_size} wide, "
        f"vocabulary {config.vocab_size:,}, {parameters:,} parameters"
    )
    if known is None:
        return Finding(
            "structure", Verdict.UNKNOWN, measured, cause=_why_unknown(publications, config)
        )
    expected = f"{known.id}: {known.parameters:,} parameters"
    if parameters != known.parameters:
        return Finding(
            "structure",
            Verdict.OFF,
            measured,
            expected,
            "the architecture's own count",
            "the configuration is that of the published model, but layers were added or removed",
            "take the published checkpoint, without adapters or added heads",
        )
    return Finding("structure", Verdict.HEALTHY, measured, expected, "its configuration")


def _why_unknown(publications: Publications, config: Any) -> str:
    if shaped := publications.shaped_like(config):
        return (
            f"it has the structure of {shaped[0].id}, but another tokenizer, so it is another "
            "model; what is published does not apply"
        )
    for each in publications.models:
        if differences(each, config) == ["vocab_size"]:
            return (
                f"it has the structure of {each.id} but for its vocabulary, as fine-tuned models "
                "with added tokens do; what is published does not apply"
            )
    return "no checkpoint of this structure is recorded; record what is measured here"


def precision(weights: Weights, known: KnownModel | None, quantized: bool) -> Finding:
    """The dtype that it runs in, and whether it was quantised."""
    expected = "one of float32, bfloat16, float16"
    if known is not None:
        expected = f"{known.dtype}, as published"
    measured = ", ".join(weights.dtypes)
    make = _finding("precision", measured, expected, "known_models.toml")
    if quantized or weights.packed:
        return make(
            Verdict.OFF,
            "the weights are quantised, which by itself raises the perplexity",
            "take the checkpoint in half precision",
        )
    if weights.levels:
        return make(
            Verdict.OFF if known else Verdict.NOTE,
            f"runs of 32 weights have {weights.levels:.0f} values on average: it was expanded from "
            f"a {_bits(weights.levels)} format, and its dense perplexity is that of the quantised "
            "model",
            "take the checkpoint in half precision, or compare with nothing published",
        )
    if not set(weights.dtypes) <= set(HALF):
        return make(Verdict.OFF, "this precision loses too much", "load it with --dtype float16")
    if len(weights.dtypes) > 1:
        return make(
            Verdict.NOTE, "parts of the model are in different dtypes", "load it with --dtype"
        )
    if known is not None and measured != known.dtype:
        return make(
            Verdict.NOTE,
            f"published numbers were measured in {known.dtype}; another dtype moves the second "
            "decimal of the dense perplexity",
            f"load it with --dtype {known.dtype} to compare closely",
        )
    return make(Verdict.HEALTHY)


def sparsity(weights: Weights) -> Finding:
    """Zeros, and the pattern they follow."""
    make = _finding(
        "zeros",
        f"{weights.zeros:,} of {weights.weights:,} ({100 * weights.fraction:.3f} %)",
        f"at most {100 * DENSE_ZEROS:g} %",
        "dense checkpoints have nearly none",
    )
    if weights.weights == 0:
        return make(Verdict.UNKNOWN, "no weight is in memory", "load it on one device")
    if weights.pruned:
        pattern = f" to {weights.pattern}" if weights.pattern else ""
        moved = ""
        if weights.moved:
            share = 100 * weights.moved / weights.weights
            moved = (
                f", and the format that it was expanded from moved its zeros: {share:.0f} % of the "
                "weights are at one value near 0 of their block"
            )
        return make(
            Verdict.OFF,
            f"the checkpoint is already pruned{pattern}{moved}",
            "take the dense checkpoint that it was made of",
        )
    if weights.fraction <= DENSE_ZEROS:
        return make(Verdict.HEALTHY)
    return make(
        Verdict.NOTE,
        "rounding to a quantised format's levels made these zeros, not pruning",
        "take the checkpoint in half precision",
    )


def _bits(levels: float) -> str:
    """How many bits a format has of whose values a run of 32 weights has so many."""
    return "four-bit" if levels <= 16 else "quantised"


def damage(weights: Weights) -> Finding:
    """NaN or infinity among the weights."""
    if weights.damaged:
        return Finding(
            "weights",
            Verdict.OFF,
            f"NaN or infinity in {weights.damaged[0]} and {len(weights.damaged) - 1} more",
            "finite numbers",
            cause="the file is damaged, or values overflowed when it was converted to float16",
            advice=DOWNLOAD,
        )
    if weights.absent:
        return Finding(
            "weights",
            Verdict.UNKNOWN,
            f"{len(weights.absent)} layers are not in memory",
            cause="accelerate keeps them elsewhere, where they are not looked at",
        )
    return Finding("weights", Verdict.HEALTHY, "all finite", "finite numbers")


def head(model: Any, known: KnownModel | None) -> Finding:
    """Whether the head shares the embedding's weights, and is said to."""
    said = bool(getattr(model.config, "tie_word_embeddings", False))
    output, embedding = model.get_output_embeddings(), model.get_input_embeddings()
    tied = output is not None and output.weight is embedding.weight
    expected = said if known is None else known.tied
    make = _finding("head", _tied(tied), _tied(expected), "its configuration")
    if tied == expected:
        return make(Verdict.HEALTHY)
    return make(
        Verdict.OFF,
        "the head is not the one that was trained: it was tied or untied when the checkpoint was "
        "converted",
        DOWNLOAD,
    )


def _tied(yes: bool) -> str:
    return "tied to the embedding" if yes else "weights of its own"


def name(label: str, tokenizer: Any) -> Iterator[Finding]:
    """Signs that a checkpoint was fine-tuned; nothing where there are none."""
    signs = [f"its name has {found[0]!r}" for found in FINE_TUNED.finditer(label)][:1]
    if getattr(tokenizer, "chat_template", None):
        signs.append("its tokenizer has a chat template")
    if signs:
        yield Finding(
            "training",
            Verdict.NOTE,
            " and ".join(signs),
            "a base model",
            "published perplexities are those of base models",
            "it looks fine-tuned, which raises the perplexity on plain text",
            "take the base model",
        )


def _finding(check: str, measured: str, expected: str, basis: str) -> Any:
    def make(verdict: Verdict, cause: str = "", advice: str = "") -> Finding:
        return Finding(check, verdict, measured, expected, basis, cause, advice)

    return make
