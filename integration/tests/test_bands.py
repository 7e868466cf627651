"""Bands hold what they are for, rest on what they say, and can fail."""

import math
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.checks.repeated import setting
from pruneproof.integration.bands import spread
from pruneproof.integration.bands.band import Band
from pruneproof.integration.bands.bands import band, every_band
from pruneproof.integration.bands.page import page
from pruneproof.integration.bands.resolving import comparable, resolution
from pruneproof.integration.bands.settings import (
    Interpretation,
    interpretations,
    plan_of,
    refine_parameters,
)
from pruneproof.integration.paper_tables import MODELS, TABLES, Cell, load

BANDS = every_band()
BY_ID = {each.cell.id: each for each in BANDS}


def width(cell: str, cause: str) -> tuple[float, float]:
    (reason,) = (each for each in BY_ID[cell].reasons if each.cause == cause)
    return reason.below, reason.above


def causes(cell: str) -> set[str]:
    return {each.cause for each in BY_ID[cell].reasons}


def test_every_cell_has_a_band_around_its_own_number() -> None:
    assert len(BANDS) == sum(len(load(table)) for table in TABLES)
    for each in BANDS:
        half = float(each.cell.half_unit)
        assert each.low <= float(each.cell.value) - half
        assert each.high >= float(each.cell.value) + half
        assert each.place(float(each.cell.value)) == "inside"


def test_every_width_is_a_number_with_its_reason() -> None:
    for each in BANDS:
        assert each.reasons[0].cause == "rounding"
        for reason in each.reasons:
            assert reason.words
            assert 0 <= reason.below < math.inf
            assert 0 <= reason.above < math.inf
            assert reason.below + reason.above > 0


def test_a_band_can_fail() -> None:
    each = BY_ID["T2/ria 50%/LLaMA2-7b"]
    assert each.place(each.low) == each.place(each.high) == "inside"
    assert each.place(math.nextafter(each.low, 0)) == "below"
    assert each.place(math.nextafter(each.high, 9)) == "above"
    assert each.place(math.inf) == "above"
    assert each.place(-math.inf) == "below"
    assert each.place(math.nan) == "not a number"


def test_no_percentage_is_common_to_all() -> None:
    relative = {
        round((each.high - each.low) / float(each.cell.value), 4)
        for each in BANDS
        if each.cell.metric == "perplexity"
    }
    assert len(relative) > 100
    assert max(relative) > 20 * min(relative)


def test_numbers_of_one_setting_lie_in_each_others_bands() -> None:
    perplexities = [each for each in BANDS if each.cell.metric == "perplexity"]
    found = [
        (first, second)
        for first, second in combinations(perplexities, 2)
        if setting(first.cell) == setting(second.cell)
    ]
    assert len(found) > 50
    for first, second in found:
        assert first.place(float(second.cell.value)) == "inside"
        assert second.place(float(first.cell.value)) == "inside"


@pytest.mark.parametrize(
    ("cell", "other"),
    [
        ("T3/ria/LLaMA2-13b/0.5", 5.83),
        ("T8/S1/LLaMA2-13b", 5.93),
        ("T2/stochria 2:4/LLaMA3-8b", 22.74),
        ("T5/wanda r2_dsnot/LLaMA3-8b", 18.99),
        ("T10/wanda best", 20.50),
        ("T9/β=1/LLaMA2-7b", 6.88),
        ("T6/LLaMA2-7b dense/mean", 59.73),
        ("T6/LLaMA2-7b magnitude dsnot/boolq", 50.9),
    ],
)
def test_what_the_paper_contradicts_itself_about_lies_in_the_band(cell: str, other: float) -> None:
    assert "contradiction" in causes(cell)
    assert BY_ID[cell].place(other) == "inside"


def test_a_contradiction_widens_no_others_band() -> None:
    """RIA is not StochRIA at β = 1, and Table 10's labels say nothing about Table 5's RIA on 7b."""
    assert "contradiction" not in causes("T2/ria 50%/LLaMA2-7b")
    assert "contradiction" not in causes("T2/ria 2:4/LLaMA3-8b")
    assert "contradiction" not in causes("T5/ria r2_dsnot/LLaMA2-7b")


def perplexities(model: str, table: int) -> list[Band]:
    return [each for each in every_band(table) if each.cell.model == model]


@pytest.mark.parametrize("model", MODELS)
def test_dense_is_told_from_every_pruned_number(model: str) -> None:
    for table in (2, 3, 4, 5):
        dense = [each for each in perplexities(model, table) if each.cell.method == "dense"]
        others = [each for each in perplexities(model, table) if each.cell.method != "dense"]
        for first in dense:
            for second in others:
                assert first.place(float(second.cell.value)) == "above"
                assert second.place(float(first.cell.value)) == "below"


@pytest.mark.parametrize("table", [2, 4])
def test_one_method_at_other_sparsities_is_told_apart(table: int) -> None:
    """Each of 50 %, 60 %, 70 %, 2:4 and 4:8 lies outside the others' bands."""

    def alike(first: Cell, second: Cell) -> bool:
        return (first.method, first.model) == (second.method, second.model)

    found = [
        (first, second)
        for first in every_band(table)
        for second in every_band(table)
        if first is not second
        and alike(first.cell, second.cell)
        and (first.cell.sparsity, first.cell.n_m) != (second.cell.sparsity, second.cell.n_m)
    ]
    assert found
    for first, second in found:
        assert first.place(float(second.cell.value)) != "inside"


@pytest.mark.parametrize("model", MODELS)
def test_magnitude_wanda_and_ria_are_told_apart(model: str) -> None:
    at_half = [each for each in perplexities(model, 2) if each.cell.sparsity == 0.5]
    rows = [each for each in at_half if each.cell.method != "stochria"]
    for first, second in combinations(rows, 2):
        assert first.place(float(second.cell.value)) != "inside"
        assert second.place(float(first.cell.value)) != "inside"


def test_every_pair_is_counted_once() -> None:
    for table in TABLES:
        cells = load(table)
        found = resolution(table)
        assert found.pairs == sum(comparable(*pair) for pair in combinations(cells, 2))
        assert found.told


def test_ria_and_stochria_are_not_told_apart_at_50_percent() -> None:
    """As the page says: Table 2's own deviations are too large for its differences."""
    pairs = {frozenset((first.id, second.id)) for first, second in resolution(2).not_told}
    assert {"T2/ria 50%/LLaMA2-7b", "T2/stochria 50%/LLaMA2-7b"} in pairs


def test_shares_of_the_excess_are_alike_where_deviations_are_not() -> None:
    deviations = [float(cell.deviation) for cell in load(2) if cell.deviation]
    shares = [share for model in MODELS for share in spread.printed_ratios(model)]
    assert len(deviations) == len(shares) == 12
    assert 70 < max(deviations) / min(deviations) < 73
    assert max(shares) / min(shares) < 6
    assert min(shares) < spread.SMALL_CHECKPOINT < max(shares)


def test_quantiles_are_those_of_99_in_100() -> None:
    """By the distribution functions; Student's at four degrees of freedom has a closed form."""
    assert math.erf(spread.QUANTILE / math.sqrt(2)) == pytest.approx(0.99, abs=1e-4)
    t = spread.T_QUANTILE[5]
    half = t / math.sqrt(4 + t * t) * (1 + 2 / (4 + t * t)) / 2
    assert 2 * half == pytest.approx(0.99, abs=1e-4)


def test_a_printed_deviation_gives_the_width_of_one_more_trial() -> None:
    below, above = width("T2/stochria 50%/LLaMA2-7b", "trials")
    assert below == above == pytest.approx(4.604 * 0.0032 * math.sqrt(6 / 5))


def test_an_unprinted_deviation_is_a_share_of_the_excess() -> None:
    _, above = width("T4/stochria 60%/LLaMA2-7b", "trials")
    share = max(spread.printed_ratios("LLaMA2-7b"))
    exponent = 2.576 * share * math.log(10.62 / 5.47) * math.sqrt(4 / 3)
    assert above == pytest.approx(10.62 * (math.exp(exponent) - 1))


def test_beyond_the_printed_deviations_a_width_says_that_it_is_extrapolated() -> None:
    def words(cell: str) -> str:
        return " ".join(reason.words for reason in BY_ID[cell].reasons)

    assert "extrapolated" in words("T4/ria 70%/LLaMA2-7b")
    assert "extrapolated" not in words("T4/ria 60%/LLaMA2-7b")


def test_calibration_matters_only_to_what_calibrates() -> None:
    assert "calibration" in causes("T2/wanda 50%/OPT-1.3b")
    assert "calibration" in causes("T5/magnitude dsnot/LLaMA2-7b")
    for cell in ("T2/dense/OPT-1.3b", "T2/magnitude 50%/OPT-1.3b", "T3/ria/OPT-1.3b/0.0"):
        assert "calibration" not in causes(cell)


def test_calibration_widens_exactly_the_bands_of_plans_that_need_activations() -> None:
    for each in (each for each in BANDS if each.cell.metric == "perplexity"):
        plans = [plan_of(each.cell, reading) for reading in interpretations(each.cell)]
        needs = {plan is not None and bool(plan.needs) for plan in plans}
        assert needs == {"calibration" in causes(each.cell.id)}, each.cell.id


def test_more_excess_is_more_width() -> None:
    widths = [width(f"T4/ria {each}%/OPT-1.3b", "calibration")[1] for each in (50, 60, 70)]
    assert widths == sorted(widths)
    assert len(set(widths)) == 3


def test_an_accuracy_moves_by_a_binomial_deviation() -> None:
    below, _ = width("T6/LLaMA2-7b ria/boolq", "questions")
    assert below == pytest.approx(257.6 * math.sqrt(0.661 * 0.339 / 3270))
    tasks = [width(f"T6/LLaMA2-7b ria/{task}", "questions")[0] for task in ("rte", "hellaswag")]
    mean, _ = width("T6/LLaMA2-7b ria/mean", "questions")
    assert tasks[0] > below > tasks[1]
    assert mean < below


def test_readings_start_with_the_tables_own() -> None:
    one = next(cell for cell in load(4) if cell.id == "T4/wanda 60%/LLaMA2-7b")
    assert interpretations(one) == (Interpretation("layer"), Interpretation("output"))
    refined = next(cell for cell in load(5) if cell.id == "T5/ria dsnot/LLaMA2-7b")
    assert interpretations(refined)[0] == Interpretation("output")
    summed = next(cell for cell in load(3) if cell.get("terms") == "row-sum")
    assert [str(each) for each in interpretations(summed)] == [
        "over layers, output term",
        "within outputs, output term",
        "over layers, input term",
        "within outputs, input term",
    ]
    for cell in load(2):
        if cell.n_m or cell.method == "dense":
            assert interpretations(cell) == (Interpretation("none"),)


def test_unprinted_hyperparameters_are_the_best_of_table_10() -> None:
    refined = {cell.method: cell for cell in load(5) if cell.refinement == "r2_dsnot"}
    assert refine_parameters(refined["ria"])["relative_prune"] is True
    assert refine_parameters(refined["wanda"])["relative_prune"] is False
    assert "setting" in causes("T5/ria r2_dsnot/LLaMA2-7b")
    assert "setting" not in causes("T10/ria best")


def test_a_band_is_a_function_of_its_cell() -> None:
    cell = load(2)[12]
    assert band(cell) == band(replace(cell))
    coarser = band(replace(cell, printed="6.9"))
    assert coarser.reasons[0].above == pytest.approx(0.05)


def test_the_page_is_current() -> None:
    recorded = Path(__file__).parents[2] / "docs" / "bands.md"
    assert recorded.read_text(encoding="utf-8") == page()


def test_the_page_shows_every_cell() -> None:
    shown = page()
    for cell in Book.printed().cells:
        assert f"| {cell.id.partition('/')[2]} | {cell.printed} |" in shown
