"""Differences, sums, means and percentages that the paper computes from its own cells."""

from __future__ import annotations

from decimal import Decimal

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.comparing import Pair, judge, pairs
from pruneproof.integration.audit.figure import Figure, figures
from pruneproof.integration.audit.finding import Result
from pruneproof.integration.paper_tables import Cell, half_unit


def difference(pair: Pair) -> Decimal:
    """The first cell's value minus the second one's."""
    return pair.first.value - pair.second.value


def slack(stated: str, *cells: Cell) -> Decimal:
    """How far rounding may move a stated difference or sum of cells."""
    return half_unit(stated) + sum(cell.half_unit for cell in cells)


def table_2_gains(book: Book) -> list[Pair]:
    """Each RIA cell of Table 2 with the StochRIA cell that is compared with it."""
    ria, stochria = (book.all(table=2, method=method) for method in ("ria", "stochria"))
    return pairs(ria, stochria, "model", "sparsity", "n_m")


def deltas_of_table_2(book: Book) -> Result:
    """Each difference printed in Table 2 is RIA's perplexity minus StochRIA's."""
    stated = [
        Figure(
            locus=f"Table 2, {pair.second.id.partition('/')[2]}",
            stated=pair.second.delta or "",
            computed=difference(pair),
            # "+0" stands for 0.00: the differences are meant as finely as the cells.
            slack=slack(pair.first.printed, pair.first, pair.second),
            cells=(pair.first, pair.second),
        )
        for pair in table_2_gains(book)
    ]
    return figures(stated, locus="Table 2", severity="low")


def sum_of_the_printed_deltas(book: Book) -> Result:
    """By the differences printed in Table 2, StochRIA's accumulated perplexity is 0.66 lower."""
    cells = book.all(table=2, method="stochria")
    total = sum((Decimal(cell.delta or 0) for cell in cells), Decimal(0))
    stated = Figure("Section 4.1 and Table 2", "0.66", total, half_unit("0.66"), cells)
    return figures([stated], locus=stated.locus, severity="high")


def sum_of_the_cells(book: Book) -> Result:
    """By the perplexities printed in Table 2, StochRIA's accumulated perplexity is 0.66 lower."""
    gains = table_2_gains(book)
    cells = tuple(cell for pair in gains for cell in (pair.first, pair.second))
    stated = Figure(
        locus="Section 4.1 and Table 2",
        stated="0.66",
        computed=sum(map(difference, gains), Decimal(0)),
        slack=slack("0.66", *cells),
        cells=cells,
    )
    return figures([stated], locus=stated.locus, severity="high")


def table_9_losses(book: Book) -> list[Pair]:
    """The cell at β = 1 of each model in Table 9 with each of the model's other cells."""
    others = [cell for cell in book.all(table=9) if cell.get("ratio") < 1]
    return pairs(book.all(table=9, ratio=1.0), others, "model")


def deltas_of_table_9(book: Book) -> Result:
    """Each difference printed in Table 9 is the perplexity at β = 1 minus the cell's."""
    stated = [
        Figure(
            locus=f"Table 9, {pair.second.id.partition('/')[2]}",
            stated=pair.second.delta,
            computed=difference(pair),
            slack=slack(pair.second.delta, pair.first, pair.second),
            cells=(pair.first, pair.second),
        )
        for pair in table_9_losses(book)
        if pair.second.delta
    ]
    return figures(stated, locus="Table 9", severity="low")


def drops_significantly(pair: Pair) -> bool:
    """Whether the second cell drops by what the caption of Table 9 calls significant."""
    return -difference(pair) > Decimal("0.1")


def highlights_of_table_9(book: Book) -> Result:
    """Table 9 marks exactly the cells that drop by more than 0.1 against β = 1."""
    return judge(
        table_9_losses(book),
        lambda pair: bool(pair.second.delta) == drops_significantly(pair),
        locus="Table 9, caption",
        printed="drops over 0.1 are marked",
        severity="low",
    )


def means_of_table_6(book: Book) -> Result:
    """Each mean printed in Table 6 is the mean of its row's seven accuracies."""
    stated = []
    for mean in book.all(table=6, task="mean"):
        tasks = tuple(cell for cell in row_of(book, mean) if cell.task != "mean")
        # A row that the scan has damaged cannot be recomputed.
        if len(tasks) == 7:
            rounding = half_unit(mean.printed) + sum(cell.half_unit for cell in tasks) / 7
            stated.append(
                Figure(
                    locus=f"Table 6, {mean.id.split('/')[1]}",
                    stated=mean.printed,
                    computed=sum(cell.value for cell in tasks) / Decimal(7),
                    slack=rounding,
                    cells=(mean, *tasks),
                )
            )
    return figures(stated, locus="Table 6", severity="low")


def row_of(book: Book, cell: Cell) -> tuple[Cell, ...]:
    """The cells of Table 6 that stand in one row with this one."""
    same = ("table", "model", "method", "refinement")
    return book.all(**{name: cell.get(name) for name in same})


def reductions_of_magnitude(book: Book) -> Result:
    """R²-DSnoT cuts Magnitude's perplexity by 96.5 % (LLaMA2-7b) and 96.4 % (LLaMA3-8b)."""
    stated = []
    for model, percentage in (("LLaMA2-7b", "96.5"), ("LLaMA3-8b", "96.4")):
        before = book.one(table=5, method="magnitude", model=model, refinement=None)
        after = book.one(table=5, method="magnitude", model=model, refinement="r2_dsnot")
        ratio = after.value / before.value
        highest = (after.value + after.half_unit) / (before.value - before.half_unit)
        stated.append(
            Figure(
                locus=f"Section 4.3 and Table 5, {model}",
                stated=percentage,
                computed=100 * (1 - ratio),
                slack=half_unit(percentage) + 100 * (highest - ratio),
                cells=(before, after),
            )
        )
    return figures(stated, locus="Section 4.3 and Table 5", severity="low")


def effects_of_reweighting(book: Book) -> Result:
    """Relative reweighting gains 0.5 and 0.83 over none; both phases lose 0.64 and 2.1."""
    stated = []
    for method, gain, loss in (("wanda", "0.5", "0.64"), ("ria", "0.83", "2.1")):
        best = book.one(id=f"T10/{method} best")
        for phases, text in (("neither", gain), ("both", loss)):
            other = book.one(id=f"T10/{method} relative {phases}")
            stated.append(
                Figure(
                    locus=f"Appendix C.5 and Table 10, {method}, {phases}",
                    stated=text,
                    computed=other.value - best.value,
                    slack=slack(text, best, other),
                    cells=(best, other),
                )
            )
    return figures(stated, locus="Appendix C.5 and Table 10", severity="low")
