"""The doctor's look at a model and its data, before any of its cells."""

from __future__ import annotations

from collections.abc import Iterator

from pruneproof.integration.doctor.examine import examine
from pruneproof.integration.doctor.finding import Finding
from pruneproof.integration.experiments import Runner
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.text.sources import evaluation_tokens


def doctor(runner: Runner, data: Texts) -> Iterator[str]:
    """What is off, in the doctor's words; nothing where all is well or nothing is known.

    Raises:
        ValueError: see `evaluation_tokens` and `examine`.
    """
    source = runner.sources.get(data.evaluate, data.evaluate)
    everything = evaluation_tokens(source, runner.tokenizer, data.seqlen)
    windows = everything[: data.windows]
    found = examine(
        runner.model,
        runner.tokenizer,
        windows,
        source=data.evaluate,
        whole=len(windows) == len(everything),
    )
    if found.model != runner.name:
        (structure,) = (each for each in found.findings if each.check == "structure")
        known = found.model or "no model that is known"
        yield f"structure: {structure.measured}; that is {known}, not {runner.name}."
    yield from map(words, found.off)


def words(finding: Finding) -> str:
    """A finding as a sentence."""
    expected = f" (expected: {finding.expected})" if finding.expected else ""
    parts = f"{finding.check}: {finding.measured}{expected}", finding.cause, finding.advice
    return "; ".join(part for part in parts if part) + "."
