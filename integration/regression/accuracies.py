"""Zero-shot accuracies of a pruned model, in the ledger beside its perplexity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pruneproof.integration.bands.accuracy import QUESTIONS
from pruneproof.integration.experiments import Entry, Experiment, Runner
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.text.sources import calibration_tokens, fingerprint

ZeroShot = Callable[[Any, Any], Mapping[str, float]]
"""Takes a model and its tokenizer; gives the accuracy of each task in %."""


def digest_of_accuracies(digest: str) -> str:
    """The name of an experiment's zero-shot entry."""
    return f"{digest}-zero-shot"


def measure_accuracies(runner: Runner, experiment: Experiment, zero_shot: ZeroShot) -> Entry:
    """Prune, ask the seven tasks, and restore the dense weights, whatever happens.

    Returns:
        An entry for the ledger: `accuracies` by task, in %, with their `mean`.

    Raises:
        ValueError: see `prune_blocks`; or a task is missing from the answers.
    """
    data = experiment.data
    entry: Entry = {**experiment.record(), "digest": digest_of_accuracies(experiment.digest)}
    try:
        if experiment.plan is not None:
            source = runner.sources.get(data.calibration, data.calibration)
            draws = data.samples, data.seqlen, data.seed
            tokens = calibration_tokens(source, runner.tokenizer, *draws, pack=data.pack)
            entry["calibration_fingerprint"] = fingerprint(tokens)
            for _ in prune_blocks(runner.model, tokens, experiment.plan):
                pass
        answers = zero_shot(runner.model, runner.tokenizer)
    finally:
        runner.restore()
    missing = QUESTIONS.keys() - answers.keys()
    if missing:
        raise ValueError(f"zero-shot: no answer for {', '.join(sorted(missing))}")
    accuracies = {task: float(answers[task]) for task in QUESTIONS}
    entry["accuracies"] = accuracies | {"mean": sum(accuracies.values()) / len(accuracies)}
    return entry
