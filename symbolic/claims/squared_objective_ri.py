r"""Case 4 of Appendix B: when RI is a score of the squared objective.

.. math:: \lVert X_{:j}\rVert_2^2 + \lVert Y_{k:}\rVert_2^2 = (r_j + q_k)^2, \qquad
    r_j = \lVert W_{j:}\rVert_1^{-1},\; q_k = \lVert W_{:k}\rVert_1^{-1}

The paper says that this is not always possible. It is possible iff all r_j are equal or all
q_k are. The paper's own indices, ‖X_j:‖ and ‖Y_:k‖, belong to no score.
"""

from __future__ import annotations

import sympy
from sympy import Abs, KroneckerDelta, sqrt

from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.claim import Claim, Equal
from pruneproof.symbolic.claims.single_removal import GIVEN
from pruneproof.symbolic.claims.squared_objective import CODE, squared_cost
from pruneproof.symbolic.claims.worlds import (
    LAYER,
    TWO_BY_TWO,
    dense,
    live,
    mixed_difference,
    no_dead_neuron,
    no_zero_weight,
    per_weight,
)
from pruneproof.symbolic.constructions import Construction
from pruneproof.symbolic.notation import (
    W,
    X,
    Y,
    a,
    b,
    c,
    d,
    i,
    input_norm,
    j,
    j2,
    k,
    k2,
    norm,
    output_norm,
    w,
)


def r(j) -> sympy.Expr:
    """1/‖W_j:‖₁."""
    return 1 / input_norm(j)


def q(k) -> sympy.Expr:
    """1/‖W_:k‖₁."""
    return 1 / output_norm(k)


def rows_of_x_and_columns_of_y_make_the_squared_score() -> Claim:
    """Case 4 puts its condition on ‖X_j:‖ and ‖Y_:k‖."""
    row = norm(lambda index: X[j, index], i, b)
    column = norm(lambda index: Y[index, k], w, c)
    return Claim(
        id="rows_of_x_and_columns_of_y_make_the_squared_score",
        locus="Appendix B, case 4",
        form="as_printed",
        title="The squared objective has the score |W_jk|·√(‖X_j:‖₂² + ‖Y_:k‖₂²).",
        statements=(Equal(sqrt(squared_cost(GIVEN)), Abs(W[j, k]) * sqrt(row**2 + column**2)),),
        world=LAYER.having(equal_sizes={a: b, d: c}),
        note="Columns of X and rows of Y make the score: the condition belongs to ‖X_:j‖ and "
        "‖Y_k:‖.",
        severity="low",
        code=CODE,
    )


def squared_ri_needs_like_inputs_or_like_outputs() -> Claim:
    """Only if."""
    world = dense(LAYER).having(indices=TWO_BY_TWO)

    def given(j, k):
        return per_weight(scores.symwanda_squared(j, k) ** 2, W[j, k] ** 2)

    return Claim(
        id="squared_ri_needs_like_inputs_or_like_outputs",
        locus="Appendix B, case 4",
        form="repaired",
        title="One X and Y give RI for g′ everywhere only if all ‖W_j:‖₁ or all ‖W_:k‖₁ are equal.",
        statements=(
            Equal(
                given(j, k) - given(j2, k),
                given(j, k2) - given(j2, k2),
                "S²/W² of any X and Y has no mixed difference",
            ),
            Equal(
                mixed_difference(lambda j, k: per_weight(scores.ri(j, k) ** 2, W[j, k] ** 2)),
                2 * (r(j) - r(j2)) * (q(k) - q(k2)),
                "that of RI vanishes for all pairs only if all r or all q are equal",
            ),
        ),
        world=world,
        assumptions=(no_zero_weight(world),),
        code=CODE,
    )


def like_inputs_or_like_outputs_give_squared_ri() -> Claim:
    """If: how far two constructions are from RI², which is zero in one case each."""
    world = live(LAYER).having(indices=TWO_BY_TWO)
    one_output = Construction(
        lambda row, column: KroneckerDelta(row, column) * (r(column) + q(k2)),
        constructions.zero,
        b,
        d,
    )
    one_input = Construction(
        constructions.zero,
        lambda row, column: KroneckerDelta(row, column) * (r(j2) + q(row)),
        a,
        c,
    )
    weight = W[j, k] ** 2
    return Claim(
        id="like_inputs_or_like_outputs_give_squared_ri",
        locus="Appendix B, case 4",
        form="repaired",
        title="A diagonal X or Y gives RI for g′ everywhere if all ‖W_:k‖₁ or all ‖W_j:‖₁ are "
        "equal.",
        statements=(
            Equal(
                squared_cost(one_output) - scores.ri(j, k) ** 2,
                weight * (q(k2) - q(k)) * (2 * r(j) + q(k) + q(k2)),
                "X = Diag(r + q_k′) and Y = 0",
            ),
            Equal(
                squared_cost(one_input) - scores.ri(j, k) ** 2,
                weight * (r(j2) - r(j)) * (2 * q(k) + r(j) + r(j2)),
                "X = 0 and Y = Diag(r_j′ + q)",
            ),
        ),
        world=world,
        assumptions=(no_dead_neuron(world),),
        code=CODE,
    )


CLAIMS = (
    rows_of_x_and_columns_of_y_make_the_squared_score(),
    squared_ri_needs_like_inputs_or_like_outputs(),
    like_inputs_or_like_outputs_give_squared_ri(),
)
