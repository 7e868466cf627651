"""Appendices C.2 and C.3: the norm in the score, and the strategies of re-weighting."""

from __future__ import annotations

from itertools import pairwise
from math import inf

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.comparing import order, pairs
from pruneproof.integration.audit.finding import Result

ORDERS = (1.0, 2.0, 3.0, 4.0, inf)


def p_1_is_the_best_norm(book: Book) -> Result:
    """p = 1 is better than every other p of Table 7."""
    return order(
        pairs(book.all(table=7, p=1.0), book.all(table=7, p=(*ORDERS[1:], 0.0)), "model"),
        locus="Section 4.1, Appendix C.2 and Table 7",
        severity="high",
    )


def higher_p_is_worse(book: Book) -> Result:
    """Each p of 1, 2, 3, 4, ∞ is better than the next one."""
    compared = [
        pair
        for lower, higher in pairwise(ORDERS)
        for pair in pairs(book.all(table=7, p=lower), book.all(table=7, p=higher), "model")
    ]
    return order(compared, locus="Appendix C.2 and Table 7", severity="medium")


def zero_and_infinity_are_not_promising(book: Book) -> Result:
    """p = 1, 2, 3 and 4 are better than p = 0 and p = ∞."""
    return order(
        pairs(book.all(table=7, p=ORDERS[:4]), book.all(table=7, p=(0.0, inf)), "model"),
        locus="Appendix C.2 and Table 7",
        severity="medium",
    )


def s1_is_the_best_strategy(book: Book) -> Result:
    """S1 is better than S2, S3 and S4."""
    return order(
        pairs(
            book.all(table=8, strategy="S1"),
            book.all(table=8, strategy=("S2", "S3", "S4")),
            "model",
        ),
        locus="Appendix C.3 and Table 8",
        severity="high",
    )
