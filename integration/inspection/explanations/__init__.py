"""Which methods explain a mask, which could, and which cannot; with certificates."""

from pruneproof.integration.inspection.explanations.cycle import Cycle, Entry, Pair
from pruneproof.integration.inspection.explanations.explanation import (
    Certificate,
    Explanation,
    Verdict,
)
from pruneproof.integration.inspection.explanations.farkas import Farkas, Term
from pruneproof.integration.inspection.explanations.of_scores import WorstPair, explained_by_score
from pruneproof.integration.inspection.explanations.scores import needs_no_data
from pruneproof.integration.inspection.explanations.symwanda import could_be_symwanda
from pruneproof.integration.inspection.explanations.wanda import could_be_ria, could_be_wanda

__all__ = [
    "Certificate",
    "Cycle",
    "Entry",
    "Explanation",
    "Farkas",
    "Pair",
    "Term",
    "Verdict",
    "WorstPair",
    "could_be_ria",
    "could_be_symwanda",
    "could_be_wanda",
    "explained_by_score",
    "needs_no_data",
]
