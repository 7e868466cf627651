"""Is the dense perplexity the published one, and if not, what makes it differ?"""

from __future__ import annotations

import math

from pruneproof.integration.doctor.finding import Finding, Verdict
from pruneproof.integration.doctor.known import Known, KnownModel, Publications

BROKEN = 100.0
"""A perplexity this many times the published one is that of a model that does not work: none of
the milder causes (fine-tuning, four bits, context) comes near."""


def perplexity(
    publications: Publications,
    known: KnownModel | None,
    measured: float,
    seqlen: int,
    comparable: str,
    others: list[Finding],
) -> Finding:
    """Compare a dense perplexity with what is published at this context length.

    Args:
        publications: what is known.
        known: the model, None where it is not.
        measured: the perplexity.
        seqlen: tokens in a window.
        comparable: why it cannot be compared, or "".
        others: the findings so far, which may be the cause.
    """
    shown = f"{measured:.4f} at {seqlen}"
    if not math.isfinite(measured):
        return Finding(
            "dense perplexity",
            Verdict.OFF,
            shown,
            "a finite number",
            cause="activations overflowed, as in float16 where a model needs bfloat16, or weights "
            "are damaged",
            advice="load it with --dtype bfloat16 or float32",
        )
    if known is None or comparable:
        cause = comparable or "nothing is published of this model"
        return Finding("dense perplexity", Verdict.UNKNOWN, shown, cause=cause)
    published = known.at(seqlen)
    if published is None:
        there = ", ".join(f"{each.printed} at {each.seqlen}" for each in known.perplexity)
        return Finding(
            "dense perplexity",
            Verdict.UNKNOWN,
            shown,
            there,
            cause="nothing is published at this context length",
            advice=f"take --seqlen {known.perplexity[0].seqlen}",
        )
    low, high = published.limits(publications.spread)
    expected = f"{published.printed}, from {low:.3f} to {high:.3f}"
    make = ("dense perplexity", shown, expected, published.basis)
    if low <= measured <= high:
        return Finding(make[0], Verdict.HEALTHY, *make[1:])
    cause, advice = _cause(publications, known, measured, seqlen, others)
    return Finding(make[0], Verdict.OFF, *make[1:], cause, advice)


def _cause(
    publications: Publications,
    known: KnownModel,
    measured: float,
    seqlen: int,
    others: list[Finding],
) -> tuple[str, str]:
    # What another look has found explains more than any guess.
    found = [each for each in others if each.verdict is Verdict.OFF]
    if found:
        names = ", ".join(each.check for each in found)
        return f"what is off with: {names}", "see there"
    for twin in _twins(publications, known):
        published = twin.at(seqlen)
        if published is not None and _within(publications, published, measured):
            return (
                f"it is what {twin.id} has, which has the same layers: another checkpoint",
                f"take {known.id}, or compare with {twin.id}",
            )
    for published in known.perplexity:
        if _within(publications, published, measured):
            return (
                f"it is what {known.id} has with windows of {published.seqlen} tokens",
                f"check that the windows really have {seqlen} tokens",
            )
    if measured > BROKEN * float(known.perplexity[0].printed):
        return (
            "the model does not work: a damaged or half-downloaded checkpoint, or code of "
            "another version of transformers that wires it otherwise",
            "fetch the checkpoint again and compare its checksums; try another version",
        )
    hints = [each for each in others if each.verdict is Verdict.NOTE]
    if hints:
        said = "; ".join(each.cause for each in hints)
        return f"likely: {said}", "see there"
    if measured < float(known.perplexity[0].printed):
        return (
            "lower than published: a checkpoint that was trained on this text, or a loss that "
            "leaves out tokens",
            "take the published checkpoint",
        )
    return (
        f"another checkpoint with the layers and tokenizer of {known.id}, such as a fine-tuned one "
        "or a conversion",
        "take the published checkpoint",
    )


def _twins(publications: Publications, known: KnownModel) -> list[KnownModel]:
    """Other models that differ in the longest context alone."""

    def layers(model: KnownModel) -> dict[str, object]:
        return {
            key: each for key, each in model.structure.items() if key != "max_position_embeddings"
        }

    return [each for each in publications.models if each != known and layers(each) == layers(known)]


def _within(publications: Publications, published: Known, measured: float) -> bool:
    low, high = published.limits(publications.spread)
    return low <= measured <= high
