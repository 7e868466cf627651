"""What the text says about the order of the paper's numbers, asked of measured ones instead."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from pruneproof.integration.audit.answered import statement
from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.checks import Check, norms, refinement, repeated
from pruneproof.integration.audit.checks import sensitivity as sensitive
from pruneproof.integration.audit.checks import stochastic as sampled
from pruneproof.integration.audit.finding import Result
from pruneproof.integration.bands.outcome import Outcome
from pruneproof.integration.bands.settings import Interpretation, interpretations
from pruneproof.integration.paper_tables import Cell

STATEMENTS: tuple[Check, ...] = (
    sampled.stochria_is_better_than_ria,
    sensitive.column_sums_are_better_than_row_sums,
    sensitive.both_sums_are_better_than_one,
    sensitive.activations_help,
    sensitive.square_root_is_the_best_power,
    sensitive.square_root_is_better_at_60,
    sensitive.ria_is_better_than_wanda,
    sensitive.wanda_is_most_sensitive_to_sparsity,
    sensitive.stochria_is_better_on_llama3_and_opt,
    sensitive.stochria_is_worse_on_llama2,
    refinement.r2_dsnot_is_better_than_no_refinement,
    refinement.r2_dsnot_is_better_than_dsnot,
    refinement.r2_dsnot_is_better_on_each_task,
    refinement.r2_dsnot_is_better_on_the_mean,
    norms.p_1_is_the_best_norm,
    norms.higher_p_is_worse,
    norms.zero_and_infinity_are_not_promising,
    repeated.counting_norm_is_wanda,
    norms.s1_is_the_best_strategy,
    repeated.sampling_everything_is_ria,
    sampled.ratios_from_0_05_are_robust,
    sampled.ratios_from_0_05_keep_up_with_ria,
    sampled.fewer_samples_are_sometimes_better,
    sampled.ratio_0_01_drops_significantly,
    refinement.the_best_settings_are_best,
    refinement.p_2_is_best,
    refinement.penalties_change_nothing,
    refinement.either_phase_helps,
    refinement.both_phases_hurt,
    refinement.gamma_matters_less_than_reweighting,
)
"""The audit's checks that compare cells by what was measured, in the order of the paper."""

READINGS = ("as the tables guess", "over layers", "within outputs")
"""By which reading of the groups a statement is asked."""


@dataclass(frozen=True)
class Answer:
    """A statement and what numbers say of it.

    Attributes:
        statement: in the project's words.
        locus: the place that makes it.
        printed: what the printed numbers give.
        measured: what the measured ones give, by the reading of the groups; None where too little
            was measured.
    """

    statement: str
    locus: str
    printed: Result
    measured: dict[str, Result | None]


def answers(outcomes: Iterable[Outcome]) -> list[Answer]:
    """Ask every statement of what was measured; statements about nothing measured are left out."""
    outcomes = list(outcomes)
    printed = Book.printed()
    books = {reading: measured_book(outcomes, reading) for reading in READINGS}
    found = []
    for check in STATEMENTS:
        measured = {reading: ask(check, book) for reading, book in books.items()}
        if any(measured.values()):
            own = check(printed)
            found.append(Answer(statement(check), own.locus, own, measured))
    return found


def ask(check: Check, book: Book) -> Result | None:
    """What a check gives on the cells that there are; None when they are too few."""
    try:
        result = check(book)
    except (ValueError, LookupError):
        # A check that looks a cell up finds none.
        return None
    return result if result.asked else None


def measured_book(outcomes: Iterable[Outcome], reading: str) -> Book:
    """The measured cells, printed as their table would print them.

    Rounding as the table does keeps "equal" what it means there.
    """
    cells = []
    for each in outcomes:
        number = _number(each, reading)
        if number is not None and math.isfinite(number):
            cells.append(replace(each.band.cell, printed=as_printed(each.band.cell, number)))
    return Book(tuple(cells))


def as_printed(cell: Cell, number: float) -> str:
    """A number with the digits that a cell's has.

    Example:
        >>> from pruneproof.integration.paper_tables import load
        >>> as_printed(load(2)[0], 5.4749), as_printed(load(5)[3], 6943.2)
        ('5.47', '6.9E+3')
    """
    last = Decimal((0, (1,), int(cell.value.as_tuple().exponent)))
    return str(Decimal(number).quantize(last))


def _number(outcome: Outcome, reading: str) -> float | None:
    # Sums over columns and over rows are compared in one orientation, the likelier one.
    terms = interpretations(outcome.band.cell)[0].terms
    for each in outcome.readings:
        if each.interpretation.terms == terms and _fits(each.interpretation, reading):
            return each.measured
    return None


def _fits(interpretation: Interpretation, reading: str) -> bool:
    groups = {"over layers": "layer", "within outputs": "output"}
    return reading not in groups or interpretation.group in ("none", groups[reading])
