"""Section 4.2 and Tables 3 and 4: inputs and outputs, powers of the activation norm, sparsity."""

from __future__ import annotations

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.comparing import judge, order, pairs
from pruneproof.integration.audit.finding import DOUBTFUL, Result
from pruneproof.integration.paper_tables import Cell

LLAMA2 = ("LLaMA2-7b", "LLaMA2-13b")
OTHERS = ("LLaMA3-8b", "OPT-1.3b")


def column_sums_are_better_than_row_sums(book: Book) -> Result:
    """The sum over columns has more effect than the sum over rows."""
    return order(
        pairs(book.all(terms="col-sum"), book.all(terms="row-sum"), "model", "alpha"),
        locus="Section 4.2 and Table 3",
        severity="medium",
    )


def both_sums_are_better_than_one(book: Book) -> Result:
    """RIA, with both sums, is better than with one of them."""
    return order(
        pairs(
            book.all(table=3, method="ria", terms=None),
            book.all(table=3, terms=("col-sum", "row-sum")),
            "model",
            "alpha",
        ),
        locus="Section 4.2 and Table 3",
        severity="low",
        remark="The text takes it for granted; it says itself that columns alone might suffice.",
    )


def table_3_with(book: Book, *alphas: float) -> tuple[Cell, ...]:
    """The pruned cells of Table 3 with one of these powers of the activation norm."""
    return book.all(table=3, sparsity=0.5, alpha=alphas)


def activations_help(book: Book) -> Result:
    """Each power α > 0 of the activation norm is better than none."""
    return order(
        pairs(
            table_3_with(book, 0.5, 1.0, 2.0), table_3_with(book, 0.0), "model", "method", "terms"
        ),
        locus="Section 4.2 and Table 3",
        severity="medium",
    )


def square_root_is_the_best_power(book: Book) -> Result:
    """At 50 % sparsity α = 0.5 is the best power, for every method."""
    return order(
        pairs(
            table_3_with(book, 0.5), table_3_with(book, 0.0, 1.0, 2.0), "model", "method", "terms"
        ),
        locus="Section 4.2 and Table 3",
        severity="high",
    )


def square_root_is_better_at_60(book: Book) -> Result:
    """At 60 % sparsity α = 0.5 (Table 5) is better than α = 1 (Table 4), as it is at 50 %."""
    return order(
        pairs(
            book.all(table=5, method=("wanda", "ria"), refinement=None),
            book.all(table=4, sparsity=0.6),
            "method",
            "model",
        ),
        locus="Section 4.2, Tables 4 and 5",
        severity="low",
        verdict=DOUBTFUL,
        remark="The text draws on Table 3 only, and the two tables may compare other scores.",
    )


def ria_is_better_than_wanda(book: Book) -> Result:
    """RIA is better than Wanda at the same α and sparsity."""
    return order(
        pairs(
            book.all(method="ria", terms=None, n_m=None, metric="perplexity", refinement=None),
            book.all(method="wanda", refinement=None),
            "table",
            "model",
            "sparsity",
            "alpha",
        ),
        locus="Section 2 and Tables 2–5",
        severity="medium",
        remark="Tables 4 and 5 disagree on which is better at 60 %; one may compare scores over "
        "layers and the other within outputs.",
    )


def growth(book: Book, cell: Cell) -> float:
    """By which factor Table 4's perplexity grows from 50 to 70 % sparsity."""
    return float(cell.value / book.one(**row_at_half(cell)).value)


def row_at_half(cell: Cell) -> dict[str, object]:
    """What describes the cell of the same method and model at 50 %."""
    return {"table": 4, "method": cell.method, "model": cell.model, "sparsity": 0.5}


def wanda_is_most_sensitive_to_sparsity(book: Book) -> Result:
    """From 50 to 70 % sparsity Wanda's perplexity grows by a larger factor than the others'."""
    at_70 = book.all(table=4, sparsity=0.7)
    factors = {cell.method: [] for cell in at_70}
    for cell in at_70:
        factors[cell.method].append(growth(book, cell))
    return judge(
        pairs(
            [cell for cell in at_70 if cell.method == "wanda"],
            [cell for cell in at_70 if cell.method != "wanda"],
            "model",
        ),
        lambda pair: growth(book, pair.first) > growth(book, pair.second),
        locus="Section 4.2 and Table 4",
        printed="particularly sensitive",
        severity="medium",
        tally="; ".join(
            f"{method} grows {min(found):.1f} to {max(found):.1f} times"
            for method, found in factors.items()
        ),
    )


def stochria_is_better_on_llama3_and_opt(book: Book) -> Result:
    """In Table 4 StochRIA is better than RIA on LLaMA3-8b and OPT-1.3b, at every sparsity."""
    return order(
        pairs(
            book.all(table=4, method="stochria", model=OTHERS),
            book.all(table=4, method="ria"),
            "model",
            "sparsity",
        ),
        locus="Section 4.2 and Table 4",
        severity="medium",
    )


def stochria_is_worse_on_llama2(book: Book) -> Result:
    """In Table 4 RIA is better than StochRIA on the LLaMA2 models, at every sparsity."""
    return order(
        pairs(
            book.all(table=4, method="ria", model=LLAMA2),
            book.all(table=4, method="stochria"),
            "model",
            "sparsity",
        ),
        locus="Section 4.2 and Table 4",
        severity="low",
    )
