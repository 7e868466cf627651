"""`python -m pruneproof.integration.experiments.measure LEDGER`: measure what is missing in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pruneproof.integration.experiments import smollm2
from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.experiments.label import label
from pruneproof.integration.experiments.ledger import Entry, Ledger
from pruneproof.integration.experiments.runner import Runner
from pruneproof.integration.experiments.work import work_through
from pruneproof.integration.small_checkpoints.small_llama import fetch_small_llama
from pruneproof.integration.text.held_out import held_out_prose


def small_llama_runner() -> Runner:
    """A runner of the experiments on SmolLM2-135M; fetches model and text the first time."""
    place = str(fetch_small_llama())
    return Runner(smollm2.MODEL, smollm2.DTYPE, place=place, sources=held_out_prose())


def main(ledger: Annotated[Path, typer.Argument(help="file that results are appended to")]) -> None:
    """Measure every experiment on SmolLM2-135M that the ledger does not hold; stop at any time."""
    work_through(smollm2.EXPERIMENTS, Ledger(ledger), small_llama_runner(), _tell)


def _tell(experiment: Experiment, entry: Entry) -> None:
    typer.echo(f"{float(entry['perplexity']):12.4f} {entry['seconds']:6.1f} s  {label(experiment)}")


if __name__ == "__main__":
    typer.run(main)
