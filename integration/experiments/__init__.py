"""Experiments as data, a ledger of what came of them, and what works through a list of them."""

from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.experiments.ledger import Entry, Ledger
from pruneproof.integration.experiments.runner import Runner
from pruneproof.integration.experiments.work import work_through

__all__ = ["Entry", "Experiment", "Ledger", "Runner", "work_through"]
