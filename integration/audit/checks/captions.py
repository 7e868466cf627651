"""What captions and text say that a table holds, against what it holds."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.finding import CONTRADICTED, DOUBTFUL, Finding, Result, ids
from pruneproof.integration.paper_tables import MODELS, Cell


def content(
    locus: str,
    wrong: Iterable[Cell],
    *,
    printed: str,
    computed: str,
    asked: int = 1,
    verdict: str = CONTRADICTED,
    remark: str = "",
) -> Result:
    """One finding with all the cells that are not as the paper says, if there are any."""
    cells = ids(wrong)
    if not cells:
        return Result(locus, asked, printed)
    finding = Finding(locus, printed, computed, "low", cells, verdict=verdict, remark=remark)
    return Result(locus, asked, computed, (finding,))


def table_6_holds_llama2(book: Book) -> Result:
    """Table 6 holds the models that its caption names, LLaMA2."""
    others = [cell for cell in book.all(table=6) if not cell.model.startswith("LLaMA2")]
    names = ", ".join(dict.fromkeys(cell.model for cell in others))
    return content(
        "Table 6, caption",
        others,
        printed="LLaMA2 models",
        computed=f"{len(others)} cells are {names}",
        asked=len(book.all(table=6)),
    )


def deviations_stand_in_table_1(book: Book) -> Result:
    """The deviations that Section 4.2 looks up in Table 1 stand there."""
    elsewhere = [cell for cell in book.cells if cell.deviation and cell.table != 1]
    numbers = sorted({cell.table for cell in elsewhere})
    return content(
        "Section 4.2",
        elsewhere,
        printed="deviations in Table 1",
        computed=f"deviations in Table {', '.join(map(str, numbers))}",
        remark="Table 1 holds formulas.",
    )


def tau_counts_samples(book: Book) -> Result:
    """Section 4.1 calls the sampling ratio by its letter, β."""
    stated = (0.05, 0.01, 0.1)
    return content(
        "Section 4.1",
        book.all(table=9, ratio=stated),
        printed="τ = 0.05, 0.01, 0.1",
        computed="β in Table 9; in Section 3.5.2 τ is a number of samples",
        asked=len(stated),
    )


def sampling_ratios_are_below_1(book: Book) -> Result:
    """Every ratio β takes fewer than min(b, c) samples, as Section 3.5.2 demands (τ < min)."""
    sampled = [cell for cell in book.cells if cell.get("ratio") is not None]
    return content(
        "Section 3.5.2 and Table 9",
        [cell for cell in sampled if cell.get("ratio") >= 1],
        printed="τ < min(b, c)",
        computed="β = 1 takes τ = min(b, c)",
        asked=len(sampled),
        remark="τ ≤ min(b, c) is enough.",
    )


def default_ratio_is_used(book: Book) -> Result:
    """Tables 2 and 4 use the default sampling ratio β = 0.1."""
    sampled = book.all(table=(2, 4), method="stochria")
    return content(
        "Section 4.1, Tables 2 and 4",
        [cell for cell in sampled if cell.get("ratio") != 0.1],
        printed="β = 0.1",
        computed="another β",
        asked=len(sampled),
    )


def table_7_holds_the_stated_norms(book: Book) -> Result:
    """Table 7 holds p = 1, 2, 3, 4, 0 and ∞, and no other."""
    stated = (1.0, 2.0, 3.0, 4.0, 0.0, inf)
    cells = book.all(table=7)
    missing = set(stated) - {cell.get("p") for cell in cells}
    return content(
        "Appendix C.2 and Table 7",
        cells if missing else [cell for cell in cells if cell.get("p") not in stated],
        printed="p = 1, 2, 3, 4, 0, ∞",
        computed="other p",
        asked=len(cells),
    )


def table_10_stays_in_the_searched_values(book: Book) -> Result:
    """Each hyperparameter of Table 10 is one of those that C.5 searches."""
    searched = {"p": (1.0, 2.0, inf), **dict.fromkeys(("gamma_grow", "gamma_prune"), GAMMAS)}
    cells = book.all(table=10)
    return content(
        "Appendix C.5 and Table 10",
        [
            cell
            for cell in cells
            if any(cell.get(name) not in values for name, values in searched.items())
        ],
        printed="p of 1, 2, ∞; γ of 0, 0.0001, 0.001",
        computed="other values",
        asked=len(cells) * len(searched),
    )


GAMMAS = (0.0, 0.0001, 0.001)


def rows_of_table_10_differ_from_the_best(book: Book) -> Result:
    """Each row of Table 10 has a value that the best one has not, as its caption says."""
    best = {cell.method: cell for cell in book.all(table=10) if cell.id.endswith(" best")}
    others = [cell for cell in book.all(table=10) if cell is not best[cell.method]]
    return content(
        "Table 10, caption",
        [cell for cell in others if cell.parameters == best[cell.method].parameters],
        printed="non-default values",
        computed="the best row's values",
        asked=len(others),
    )


def tables_cover_the_four_models(book: Book) -> Result:
    """Tables 2–9 hold the four models that Section 4 evaluates."""
    lacking = {
        table: [model for model in MODELS if not book.all(table=table, model=model)]
        for table in range(2, 10)
    }
    shown = "; ".join(
        f"Table {table} lacks {', '.join(models)}" for table, models in lacking.items() if models
    )
    return content(
        "Section 4, Tables 5 and 6",
        [cell for table, models in lacking.items() if models for cell in book.all(table=table)],
        printed="four models",
        computed=shown,
        asked=len(lacking),
        verdict=DOUBTFUL,
        remark="What is called consistent there was not shown on them.",
    )
