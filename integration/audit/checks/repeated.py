"""Numbers that stand in the paper more than once, or ought to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from itertools import combinations

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.comparing import Pair, equal, judge, pairs
from pruneproof.integration.audit.finding import DOUBTFUL, Finding, Result, ids, suspicion
from pruneproof.integration.paper_tables import Cell


def setting(cell: Cell) -> Hashable:
    """What was run, however the table calls it."""
    method, parameters = cell.method, dict(cell.parameters)
    if method == "wanda" and parameters.get("alpha") == 0:
        method, parameters = "magnitude", {}
    # Eq. (3) at p = 1, with its own strategy S1, is RIA without activations.
    if method == "lp" and parameters["p"] == 1 and parameters.get("strategy", "S1") == "S1":
        method, parameters = "ria", {"alpha": parameters["alpha"]}
    named = (cell.model, cell.task, method, cell.sparsity, cell.n_m, cell.refinement)
    return (*named, *sorted(parameters.items()))


def cells_of_one_setting_agree(book: Book) -> Result:
    """A setting that stands in several tables has one number."""
    groups: dict[Hashable, list[Cell]] = defaultdict(list)
    for cell in book.cells:
        groups[setting(cell)].append(cell)
    several = [group for group in groups.values() if len(group) > 1]
    asked = sum(len(list(combinations(group, 2))) for group in several)
    findings = tuple(
        Finding(
            locus=f"{tables(group)}, {group[0].model}",
            printed=", ".join(f"{cell.printed} ({cell.id})" for cell in group),
            computed="one setting, so one number",
            severity="low",
            cells=ids(group),
            ocr_suspect=bool(suspicion(group)),
            remark=suspicion(group),
        )
        for group in several
        if len({cell.value for cell in group}) > 1
    )
    return Result("Tables 2–10", asked, f"{len(several)} settings, {asked} pairs", findings)


def tables(cells: Iterable[Cell]) -> str:
    """The tables of some cells, in words."""
    *others, last = sorted({cell.table for cell in cells})
    return f"Tables {', '.join(map(str, others))} and {last}" if others else f"Table {last}"


def counting_norm_is_wanda(book: Book) -> Result:
    """At p = 0 the norms of Table 7 count weights, which leaves Wanda's order and perplexity."""
    return equal(
        pairs(book.all(table=7, p=0.0), book.all(table=2, method="wanda"), "model"),
        locus="Table 7, p = 0, and Table 2, Wanda",
        printed="other numbers than Wanda's",
        severity="low",
        verdict=DOUBTFUL,
        remark="Possible where layers hold weights that are zero, or where rounding makes ties.",
    )


def sampling_everything_is_ria(book: Book) -> Result:
    """StochRIA at β = 1, which C.4 calls sampling across entire rows and columns, is RIA."""
    return equal(
        pairs(book.all(table=9, ratio=1.0), book.all(table=2, method="ria", sparsity=0.5), "model"),
        locus="Table 9, β = 1, and Table 2, RIA",
        printed="other numbers than RIA's",
        severity="medium",
        remark="β · min(b, c) entries are not an entire row and column of a layer with b ≠ c.",
    )


def best_of_table_10_is_in_table_5(book: Book) -> Result:
    """The best settings of Table 10 give Table 5's R²-DSnoT on LLaMA3-8b."""
    return equal(
        pairs(
            book.all(id=("T10/wanda best", "T10/ria best")),
            book.all(table=5, refinement="r2_dsnot"),
            "method",
            "model",
        ),
        locus="Table 10, best, and Table 5, R²-DSnoT",
        printed="other numbers than Table 5's",
        severity="medium",
        remark="The two numbers agree when one table's labels Wanda and RIA are swapped; "
        "C.5 speaks of them as Table 10 does.",
    )


def means_of_other_trials_differ(book: Book) -> Result:
    """Means over a different number of trials are not the same in every digit."""
    compared = [
        pair
        for pair in pairs(
            book.all(table=2, method="stochria"), book.all(table=4, method="stochria"), "model"
        )
        if setting(pair.first) == setting(pair.second) and pair.first.trials != pair.second.trials
    ]
    some_differ = any(pair.outcome != "equal" for pair in compared)
    return judge(
        compared,
        # Two means may well agree by chance: only all of them together are remarkable.
        lambda _: some_differ,
        locus="Table 4, StochRIA at 50 %, and Table 2",
        printed="five trials in Table 2, three in Table 4",
        severity="low",
        verdict=DOUBTFUL,
        remark="By Table 2's deviations other seeds would give other means on LLaMA3-8b and "
        "OPT-1.3b; the cells look copied.",
    )


def alpha_explains_tables_4_and_5(book: Book) -> Result:
    """What α = 1 costs over α = 0.5 at 60 % is less than ten times what it costs at 50 %."""

    def costs(pair: Pair) -> tuple[float, float]:
        same = {"table": 3, "method": pair.first.method, "model": pair.first.model, "terms": None}
        usual = Pair(book.one(alpha=1.0, **same), book.one(alpha=0.5, **same))
        return excess(pair), excess(usual)

    return judge(
        pairs(
            book.all(table=4, method=("wanda", "ria"), sparsity=0.6),
            book.all(table=5, method=("wanda", "ria"), refinement=None),
            "method",
            "model",
        ),
        lambda pair: abs(costs(pair)[0]) < 10 * abs(costs(pair)[1]),
        locus="Tables 4 and 5, unrefined at 60 %",
        printed="one method, one sparsity, α = 1 and α = 0.5",
        severity="medium",
        verdict=DOUBTFUL,
        remark="Scores compared over layers in one table and within outputs in the other would "
        "explain it; the paper does not say.",
        show=lambda pair: "{} ({:+.0%}, at 50 % {:+.1%})".format(pair, *costs(pair)),
    )


def excess(pair: Pair) -> float:
    """By which fraction of the second cell the first one exceeds it."""
    return float(pair.first.value / pair.second.value) - 1
