"""Section 4.3 and Appendix C.5: R²-DSnoT against its baselines, and its hyperparameters."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.comparing import Pair, equal, judge, order, pairs
from pruneproof.integration.audit.finding import DOUBTFUL, Finding, Result, ids
from pruneproof.integration.paper_tables import Cell

BASES = ("wanda", "ria")
C5 = "Appendix C.5 and Table 10"


def r2_dsnot_is_better_than_no_refinement(book: Book) -> Result:
    """R²-DSnoT is better than the mask that it starts from."""
    return order(
        pairs(
            book.all(table=5, refinement="r2_dsnot"),
            [cell for cell in book.all(table=5, refinement=None) if cell.method != "dense"],
            "method",
            "model",
        ),
        locus="Section 4.3 and Table 5",
        severity="medium",
    )


def r2_dsnot_is_better_than_dsnot(book: Book) -> Result:
    """R²-DSnoT is better than DSnoT in perplexity."""
    return order(
        pairs(
            book.all(table=5, refinement="r2_dsnot"),
            book.all(table=5, refinement="dsnot"),
            "method",
            "model",
        ),
        locus="Section 4.3 and Table 5",
        severity="medium",
    )


def zero_shot(book: Book) -> list[Pair]:
    """Each cell of Table 6 with R²-DSnoT and the one with DSnoT."""
    return pairs(
        book.all(table=6, refinement="r2_dsnot"),
        book.all(table=6, refinement="dsnot"),
        "method",
        "model",
        "task",
    )


def r2_dsnot_is_better_on_each_task(book: Book) -> Result:
    """R²-DSnoT is consistently better than DSnoT on the zero-shot tasks."""
    return order(
        [pair for pair in zero_shot(book) if pair.first.task != "mean"],
        locus="Section 4.3 and Table 6",
        severity="medium",
    )


def r2_dsnot_is_better_on_the_mean(book: Book) -> Result:
    """R²-DSnoT's mean zero-shot accuracy, as printed, is higher than DSnoT's."""
    return order(
        [pair for pair in zero_shot(book) if pair.first.task == "mean"],
        locus="Section 4.3 and Table 6",
        severity="medium",
    )


def best(book: Book, base: str) -> Cell:
    """The best setting of a base method in Table 10."""
    return book.one(id=f"T10/{base} best")


def variants(book: Book, base: str, changed: str) -> tuple[Cell, ...]:
    """The rows of Table 10 that change `p`, `γ₂` or what is `relative`."""
    return tuple(
        cell
        for cell in book.all(table=10, method=base)
        if cell.id.startswith(f"T10/{base} {changed}")
    )


def the_best_settings_are_best(book: Book) -> Result:
    """No row of Table 10 beats the one that it calls best."""
    compared = [
        Pair(best(book, base), cell)
        for base in BASES
        for cell in book.all(table=10, method=base)
        if cell.id != f"T10/{base} best"
    ]
    return order(compared, locus=C5, severity="medium")


def p_2_is_best(book: Book) -> Result:
    """p = 2 is better than p = 1 and p = ∞ in R²-DSnoT."""
    compared = [
        Pair(best(book, base), cell) for base in BASES for cell in variants(book, base, "p")
    ]
    return order(compared, locus=C5, severity="medium")


def either_phase_helps(book: Book) -> Result:
    """Relative reweighting of the growing or of the pruning phase is better than of neither."""
    compared = []
    for base, (grow, prune) in product(BASES, ((True, False), (False, True))):
        one = book.all(table=10, method=base, relative_grow=grow, relative_prune=prune)[0]
        compared.append(Pair(one, book.one(id=f"T10/{base} relative neither")))
    return order(compared, locus=C5, severity="medium")


def both_phases_hurt(book: Book) -> Result:
    """Relative reweighting of one phase, and of neither, is better than of both."""
    compared = [
        Pair(other, book.one(id=f"T10/{base} relative both"))
        for base in BASES
        for other in (best(book, base), book.one(id=f"T10/{base} relative neither"))
    ]
    return order(compared, locus=C5, severity="medium")


def gamma_matters_less_than_reweighting(book: Book) -> Result:
    """Changing γ₂ moves the perplexity less than changing what is reweighted."""
    return judge(
        [
            Pair(gamma, relative)
            for base in BASES
            for gamma in variants(book, base, "γ₂")
            for relative in variants(book, base, "relative")
        ],
        lambda pair: distance(book, pair.first) < distance(book, pair.second),
        locus=C5,
        printed="γ has minimal impact",
        severity="low",
    )


def distance(book: Book, cell: Cell) -> Decimal:
    """How far a row of Table 10 lies from its best one."""
    return abs(cell.value - best(book, cell.method).value)


def both_penalties_are_varied(book: Book) -> Result:
    """Table 10 varies γ₁ as well as γ₂, since C.5 concludes something about both."""
    findings = []
    for name, letter in (("gamma_grow", "γ₁"), ("gamma_prune", "γ₂")):
        cells = book.all(table=10)
        values = sorted({cell.get(name) for cell in cells})
        if len(values) == 1:
            findings.append(
                Finding(
                    locus=C5,
                    printed="minimal impact of γ₁ and γ₂",
                    computed=f"{letter} is {values[0]:g} in all {len(cells)} rows",
                    severity="low",
                    cells=ids(cells),
                    verdict=DOUBTFUL,
                    remark="The table says nothing about it.",
                )
            )
    return Result(C5, 2, f"{2 - len(findings)} of 2 are varied", tuple(findings))


def penalties_change_nothing(book: Book) -> Result:
    """p and γ₂ change no perplexity: Eqs. (5) and (6) add the same term to all r they compare."""
    return equal(
        [
            Pair(cell, best(book, base))
            for base in BASES
            for cell in (*variants(book, base, "p"), *variants(book, base, "γ₂"))
        ],
        locus="Eqs. (5) and (6) and Table 10",
        printed="+ γ‖W̃_q‖_p, the same for every r",
        severity="high",
        remark="The code behind the table cannot be the printed formula.",
    )
