"""Section 4.1 and Appendix C.4: StochRIA against RIA, and its sampling ratio."""

from __future__ import annotations

from decimal import Decimal

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.checks.arithmetic import (
    drops_significantly,
    table_2_gains,
    table_9_losses,
)
from pruneproof.integration.audit.comparing import Pair, judge, order, pairs
from pruneproof.integration.audit.finding import Result


def stochria_is_better_than_ria(book: Book) -> Result:
    """StochRIA is better than RIA, as Table 2 is said to show consistently."""
    return order(
        [Pair(pair.second, pair.first) for pair in table_2_gains(book)],
        locus="Section 4.1 and Table 2",
        severity="high",
        remark="Section 1 calls its performance superior, Section 5 enhanced.",
    )


def noise_is_heavy_on_llama3_and_opt(book: Book) -> Result:
    """Sampling is noisier on LLaMA3-8b and OPT-1.3b than on the LLaMA2 models."""
    return judge(
        pairs(
            book.all(table=2, method="stochria", model=("LLaMA3-8b", "OPT-1.3b")),
            book.all(table=2, method="stochria", model=("LLaMA2-7b", "LLaMA2-13b")),
            "sparsity",
            "n_m",
        ),
        lambda pair: Decimal(pair.first.deviation or 0) > Decimal(pair.second.deviation or 0),
        locus="Section 4.2 and Table 2, deviations",
        printed="heavy noise",
        severity="low",
    )


def ratios_from_0_05_are_robust(book: Book) -> Result:
    """For β ≥ 0.05 nothing drops by more than 0.1, which Table 9 calls significant."""
    return judge(
        [pair for pair in table_9_losses(book) if pair.second.get("ratio") >= 0.05],
        lambda pair: not drops_significantly(pair),
        locus="Section 4.1, Appendix C.4 and Table 9",
        printed="robust",
        severity="medium",
    )


def ratios_from_0_05_keep_up_with_ria(book: Book) -> Result:
    """For β ≥ 0.05 StochRIA stays within 0.1 of RIA."""
    sampled = [cell for cell in book.all(table=9) if cell.get("ratio") >= 0.05]
    return judge(
        pairs(book.all(table=2, method="ria", sparsity=0.5), sampled, "model"),
        lambda pair: not drops_significantly(pair),
        locus="Section 4.1, Appendix C.4 and Table 9",
        printed="stable and competitive with RIA",
        severity="medium",
    )


def ratio_0_01_drops_significantly(book: Book) -> Result:
    """At β = 0.01 perplexity drops by more than 0.1, which Table 9 calls significant."""
    return judge(
        [pair for pair in table_9_losses(book) if pair.second.get("ratio") == 0.01],
        drops_significantly,
        locus="Section 4.1, Appendix C.4 and Table 9",
        printed="a significant drop at 0.01",
        severity="low",
    )


def fewer_samples_are_sometimes_better(book: Book) -> Result:
    """Some β ≥ 0.05 of Table 9 beats a larger β."""
    cells = [cell for cell in book.all(table=9) if cell.get("ratio") >= 0.05]
    compared = [
        pair
        for pair in pairs(cells, cells, "model")
        if pair.first.get("ratio") < pair.second.get("ratio")
    ]
    better = sum(pair.outcome == "better" for pair in compared)
    return judge(
        compared,
        lambda _: better > 0,
        locus="Section 4.1, Appendix C.4 and Table 9",
        printed="occasionally better than with more samples",
        severity="low",
        tally=f"better in {better} of {len(compared)}",
    )
