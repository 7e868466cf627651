r"""What it costs to remove one weight: Lemma 3.1, Eq. (1), the objectives, and Table 1's first row.

.. math:: g(\widetilde W) = \lVert X(\widetilde W - W)\rVert_F + \lVert(\widetilde W - W)Y\rVert_F

With a single entry set to zero, Δ = W̃ − W is −W_jk at (j, k) and zero elsewhere. Nothing is
assumed of W, X or Y. The lines of the paper's proofs (Appendices A.1 and B) are in
`removal_proof`; removing several weights is in `set_removal`.
"""

from __future__ import annotations

from dataclasses import replace

import sympy
from sympy import KroneckerDelta, Sum

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import Claim, Equal
from pruneproof.symbolic.claims.worlds import LAYER
from pruneproof.symbolic.constructions import Construction
from pruneproof.symbolic.notation import W, X, Y, a, b, c, d, frobenius, i, j, k, u, v, w


def removal(row, column):
    """Δ: minus the weight at (j, k), zero elsewhere."""
    return -W[j, k] * KroneckerDelta(row, j) * KroneckerDelta(column, k)


def pruned(row, column):
    """W̃: the weights, with zero at (j, k)."""
    return W[row, column] * (1 - KroneckerDelta(row, j) * KroneckerDelta(column, k))


def change(row, column):
    """W̃ − W."""
    return pruned(row, column) - W[row, column]


def terms(construction: Construction, delta=removal) -> tuple[sympy.Expr, sympy.Expr]:
    """‖XΔ‖_F and ‖ΔY‖_F for a construction's X and Y."""
    inputs = frobenius(
        lambda row, column: Sum(construction.x(row, u) * delta(u, column), (u, 1, b)),
        (i, construction.rows),
        (v, c),
    )
    outputs = frobenius(
        lambda row, column: Sum(delta(row, v) * construction.y(v, column), (v, 1, c)),
        (u, b),
        (w, construction.columns),
    )
    return inputs, outputs


def cost(construction: Construction) -> sympy.Expr:
    """g after removing W_jk, for a construction's X and Y."""
    return sympy.Add(*terms(construction))


GIVEN = Construction(lambda row, column: X[row, column], lambda row, column: Y[row, column], a, d)
"""Any X and Y."""


def input_term(delta=removal) -> sympy.Expr:
    """‖XΔ‖_F."""
    return terms(GIVEN, delta)[0]


def output_term(delta=removal) -> sympy.Expr:
    """‖ΔY‖_F."""
    return terms(GIVEN, delta)[1]


def removing_one_weight_costs_its_score() -> Claim:
    """Lemma 3.1: g is the score of the weight that is removed."""
    return Claim(
        id="removing_one_weight_costs_its_score",
        locus="Lemma 3.1",
        form="as_printed",
        title="Removing one weight costs g(W̃) = |W_jk|(‖X_:j‖₂ + ‖Y_k:‖₂).",
        statements=(Equal(input_term() + output_term(), scores.symwanda(j, k)),),
        world=LAYER,
        code="pruneproof.reference.scores.symwanda",
    )


def score_is_objective_of_zeroed_weight() -> Claim:
    """Eq. (1), from W̃ itself instead of its difference from W."""
    return replace(
        removing_one_weight_costs_its_score(),
        id="score_is_objective_of_zeroed_weight",
        locus="Eq. (1)",
        title="g of W with W_jk set to zero and all other weights kept is S_jk.",
        statements=(Equal(input_term(change) + output_term(change), scores.symwanda(j, k)),),
    )


def general_row_has_the_score_of_lemma_3_1() -> Claim:
    """Table 1, General Sym.: any X, any Y."""
    return replace(
        removing_one_weight_costs_its_score(),
        id="general_row_has_the_score_of_lemma_3_1",
        locus="Table 1, General Sym.",
        title="Any X and Y give the score |W_jk|(‖X_:j‖₂ + ‖Y_k:‖₂), the cost of removing W_jk.",
        statements=(
            Equal(GIVEN.score(j, k), scores.symwanda(j, k)),
            Equal(input_term() + output_term(), GIVEN.score(j, k)),
        ),
    )


def input_reconstruction_error_is_squared_wanda_score() -> Claim:
    """(InpRecon): f is squared, so one weight costs Wanda's score squared."""
    return Claim(
        id="input_reconstruction_error_is_squared_wanda_score",
        locus="(InpRecon)",
        form="beyond",
        title="Removing one weight costs f, the input reconstruction error, Wanda's score squared.",
        statements=(Equal(input_term() ** 2, scores.wanda(j, k) ** 2),),
        world=LAYER,
        note="So Wanda's order is the order of the exact single-weight errors; Y plays no part.",
        code="pruneproof.reference.objectives.input_reconstruction",
    )


def symmetric_objective_splits_into_outputs_and_inputs() -> Claim:
    """(Sym) for any W̃: the first expansion of Appendix A.1."""
    old, new = W, sympy.IndexedBase("Wt", real=True)
    by_outputs = Sum((X[i, u] * (new[u, v] - old[u, v])), (u, 1, b))
    by_inputs = Sum((new[u, v] - old[u, v]) * Y[v, w], (v, 1, c))

    def delta(row, column):
        return new[row, column] - old[row, column]

    expanded = Sum(Sum(by_outputs**2, (i, 1, a)), (v, 1, c)) ** sympy.Rational(1, 2) + Sum(
        Sum(by_inputs**2, (w, 1, d)), (u, 1, b)
    ) ** sympy.Rational(1, 2)
    return Claim(
        id="symmetric_objective_splits_into_outputs_and_inputs",
        locus="(Sym)",
        form="as_printed",
        title="g sums ‖X(W̃ − W)_:k‖² over outputs and ‖(W̃ − W)_j:Y‖² over inputs, under two roots.",
        statements=(Equal(input_term(delta) + output_term(delta), expanded),),
        world=LAYER.having(arrays={**LAYER.arrays, new: LAYER.arrays[W]}),
        code="pruneproof.reference.objectives.symmetric_objective",
    )


CLAIMS = (
    input_reconstruction_error_is_squared_wanda_score(),
    symmetric_objective_splits_into_outputs_and_inputs(),
    removing_one_weight_costs_its_score(),
    score_is_objective_of_zeroed_weight(),
    general_row_has_the_score_of_lemma_3_1(),
)
