r"""The squared objective of Appendix B: its score, its special cases and the G identity.

.. math:: g'(\widetilde W) = \lVert X\Delta\rVert_F^2 + \lVert \Delta Y\rVert_F^2, \qquad
    S_{jk} = |W_{jk}|\sqrt{\lVert X_{:j}\rVert_2^2 + \lVert Y_{k:}\rVert_2^2}

Only the third case needs shapes (printed), and only the quotient by ‖W‖² needs W ≠ 0. The
paper's "(27)" over an equals sign in the third case refers to no equation. Case 4, which
decides when RI is such a score, is in `squared_objective_ri`.
"""

from __future__ import annotations

from sympy import Expr, Integer, Sum, Symbol, sqrt

from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.claim import Assumption, AtMost, Claim, Equal
from pruneproof.symbolic.claims.removal_proof import (
    all_inputs,
    all_outputs,
    other_inputs,
    over_columns,
    over_tokens,
    unprimed_outputs,
)
from pruneproof.symbolic.claims.single_removal import GIVEN, terms
from pruneproof.symbolic.claims.symmetric import SHAPED, SHAPES, TRANSPOSES
from pruneproof.symbolic.claims.worlds import LAYER, WEIGHTS, times
from pruneproof.symbolic.constructions import Construction
from pruneproof.symbolic.notation import (
    W,
    X,
    a,
    b,
    c,
    column_norm,
    frobenius,
    input_norm,
    j,
    j2,
    k,
    k2,
    output_norm,
    row_norm,
    u,
    v,
)

CODE = "pruneproof.reference.scores.symwanda_squared"
TOKEN = Symbol("i'", integer=True, positive=True)


def squared_cost(construction: Construction) -> Expr:
    """g′ after removing W_jk."""
    inputs, outputs = terms(construction)
    return inputs**2 + outputs**2


def removing_one_weight_costs_its_squared_score_with_one_activation() -> Claim:
    """The last line for a single weight, with ‖X_ij‖."""
    return Claim(
        id="removing_one_weight_costs_its_squared_score_with_one_activation",
        locus="Appendix B",
        form="as_printed",
        title="Removing one weight costs g′(W̃) = W_jk²(‖X_ij‖² + ‖Y_k:‖²).",
        statements=(
            Equal(squared_cost(GIVEN), W[j, k] ** 2 * (X[TOKEN, j] ** 2 + row_norm(k) ** 2)),
        ),
        world=LAYER.having(indices={**LAYER.indices, TOKEN: a}),
        note="The column ‖X_:j‖ over all tokens is meant, not one entry. Possibly scan damage.",
        severity="low",
        code=CODE,
    )


def removing_one_weight_costs_its_squared_score() -> Claim:
    """The same with ‖X_:j‖."""
    return Claim(
        id="removing_one_weight_costs_its_squared_score",
        locus="Appendix B",
        form="repaired",
        title="Removing one weight costs g′(W̃) = W_jk²(‖X_:j‖₂² + ‖Y_k:‖₂²), its score squared.",
        statements=(
            Equal(squared_cost(GIVEN), W[j, k] ** 2 * (column_norm(j) ** 2 + row_norm(k) ** 2)),
        ),
        world=LAYER,
        code=CODE,
        repairs=(
            "squared_proof_line_with_unprimed_outputs",
            "removing_one_weight_costs_its_squared_score_with_one_activation",
            "rows_of_x_and_columns_of_y_make_the_squared_score",
        ),
    )


def squared_proof_line_with_unprimed_outputs() -> Claim:
    """The line with (W̃_jk − W_jk)Y_kl under the sum over k' ≠ k, as in A.1."""
    return Claim(
        id="squared_proof_line_with_unprimed_outputs",
        locus="Appendix B",
        form="as_printed",
        title="In g′, the sum over k′ ≠ k has the terms (W̃_jk − W_jk)Y_kl.",
        statements=(
            Equal(squared_cost(GIVEN), over_tokens(other_inputs) + over_columns(unprimed_outputs)),
        ),
        world=LAYER,
        note="Its terms are (W̃_jk′ − W_jk′)Y_k′l, which vanish.",
        severity="low",
    )


def squared_proof_line_without_roots() -> Claim:
    """The line which in A.1 lacks its roots is right here."""
    return Claim(
        id="squared_proof_line_without_roots",
        locus="Appendix B",
        form="as_printed",
        title="g′ is the sum of the two squared sums over column k and row j of Δ.",
        statements=(
            Equal(
                over_tokens(all_inputs) + over_columns(all_outputs),
                scores.symwanda_squared(j, k) ** 2,
            ),
        ),
        world=LAYER,
    )


def _case(number: int, name: str, title: str, construction: Construction, score: Expr, **more):
    return Claim(
        id=name,
        locus=f"Appendix B, case {number}",
        form="as_printed",
        title=title,
        statements=(Equal(sqrt(squared_cost(construction)), score),),
        **{"world": LAYER, "code": CODE, **more},
    )


def squared_lengths_average_to_the_norm() -> Claim:
    """‖G‖_F² = ‖W‖_F²."""
    total = Sum(squared_g(j2, k2), (j2, 1, b), (k2, 1, c))
    return Claim(
        id="squared_lengths_average_to_the_norm",
        locus="Appendix B, case 3",
        form="as_printed",
        title="With G_jk² = (‖W_j:‖₂² + ‖W_:k‖₂²)/(b + c), ‖G‖_F = ‖W‖_F.",
        statements=(Equal(total, NORM_OF_W**2),),
        world=WEIGHTS,
    )


def squared_g(j, k) -> Expr:
    """G_jk²."""
    return (input_norm(j, 2) ** 2 + output_norm(k, 2) ** 2) / (b + c)


NORM_OF_W = frobenius(lambda row, column: W[row, column], (u, b), (v, c))


def relative_squared_score_is_weight_times_g() -> Claim:
    """S²/((b + c)‖W‖²) = W²G²/‖W‖²."""
    world = WEIGHTS.having(nonzero=(NORM_OF_W**2,))
    score = scores.symmetric_squared(j, k)
    return Claim(
        id="relative_squared_score_is_weight_times_g",
        locus="Appendix B, case 3",
        form="as_printed",
        title="S_jk²/((b + c)‖W‖_F²) = W_jk²·G_jk²/‖W‖_F².",
        statements=(
            Equal(
                score**2 / ((b + c) * NORM_OF_W**2),
                times(W[j, k] ** 2 / NORM_OF_W**2, squared_g(j, k)),
            ),
        ),
        world=world,
        assumptions=(Assumption("W is not zero", without=world.having(nonzero=())),),
        note="The paper does not exclude W = 0.",
        severity="low",
        code="pruneproof.reference.scores.symmetric_squared",
    )


def squared_score_lies_within_root_2_of_the_score() -> Claim:
    """S′ ≤ S ≤ √2·S′."""
    lengths = column_norm(j), row_norm(k)
    squared, plain = scores.symwanda_squared(j, k), scores.symwanda(j, k)
    weight = W[j, k] ** 2
    return Claim(
        id="squared_score_lies_within_root_2_of_the_score",
        locus="Appendix B",
        form="beyond",
        title="The squared objective's score S′ and Lemma 3.1's S satisfy S′ ≤ S ≤ √2·S′.",
        statements=(
            AtMost(squared, plain, extra=2 * weight * lengths[0] * lengths[1], power=Integer(2)),
            AtMost(
                plain,
                sqrt(2) * squared,
                extra=weight * (lengths[0] - lengths[1]) ** 2,
                power=Integer(2),
            ),
        ),
        world=LAYER,
        note="They differ most where both lengths are equal, and agree where one is zero.",
        code=CODE,
    )


CLAIMS = (
    squared_proof_line_without_roots(),
    squared_proof_line_with_unprimed_outputs(),
    removing_one_weight_costs_its_squared_score_with_one_activation(),
    removing_one_weight_costs_its_squared_score(),
    _case(
        1,
        "zero_inputs_reduce_the_squared_objective_to_owanda",
        "With X = 0, the squared objective has the score |W_jk|·‖Y_k:‖₂.",
        constructions.owanda(),
        scores.owanda(j, k),
    ),
    _case(
        2,
        "zero_outputs_reduce_the_squared_objective_to_wanda",
        "With Y = 0, the squared objective has the score |W_jk|·‖X_:j‖₂.",
        constructions.wanda(),
        scores.wanda(j, k),
    ),
    _case(
        3,
        "transposes_recover_the_root_of_the_squares",
        "With X = Y = Wᵀ, the squared objective has the score |W_jk|·√(‖W_j:‖₂² + ‖W_:k‖₂²).",
        TRANSPOSES,
        scores.symmetric_squared(j, k),
        world=SHAPED,
        assumptions=(SHAPES,),
        note="Printed with a reference to an Eq. (27), which does not exist.",
        code="pruneproof.reference.scores.symmetric_squared",
    ),
    squared_lengths_average_to_the_norm(),
    relative_squared_score_is_weight_times_g(),
    squared_score_lies_within_root_2_of_the_score(),
)
