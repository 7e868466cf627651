r"""Relative importance: Theorem 3.5, its proof (Appendix A.2), Eq. (7) and Table 1's RI rows.

.. math:: \lVert X_{:j}\rVert_2 + \lVert Y_{k:}\rVert_2 = \lVert W_{j:}\rVert_1^{-1}
    + \lVert W_{:k}\rVert_1^{-1}

Both strategies need that no input and no output has only zero weights, which the paper does
not say. It does say a = b and c = d, of which the first strategy needs nothing (with √a and
√d in the place of √b and √c) and the second only a ≥ b and d ≥ c.
What RI's formula implies by itself is in `ri_properties`.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Abs, KroneckerDelta, sqrt

from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.claim import Assumption, Claim, Equal
from pruneproof.symbolic.claims.worlds import (
    LAYER,
    POWERS,
    WEIGHTS,
    live,
    no_dead_neuron,
)
from pruneproof.symbolic.constructions import Construction
from pruneproof.symbolic.notation import (
    W,
    a,
    alpha,
    b,
    c,
    d,
    i,
    input_norm,
    j,
    k,
    norm,
    output_norm,
    w,
)
from pruneproof.symbolic.world import World

TARGET = 1 / input_norm(j) + 1 / output_norm(k)
"""α_jk of Theorem 3.5 and Eq. (7)."""

CONSTANT = Construction(
    lambda token, index: 1 / (sqrt(b) * input_norm(index)),
    lambda index, column: 1 / (sqrt(c) * output_norm(index)),
    a,
    d,
)
"""The first strategy as printed, with √b and √c, for X of a rows and Y of d columns."""

DIAGONAL = replace(constructions.ri_diagonal(), rows=a, columns=d)
"""The second strategy, for rectangular X and Y too."""

SQUARE = live(WEIGHTS).having(equal_sizes={a: b, d: c})
ANY_SIZES = live(WEIGHTS).having(lengths=(a, d))
TALL = live(WEIGHTS).having(at_most={b: (a,), c: (d,)})


def printed_shapes(world: World) -> Assumption:
    """The sizes that Theorem 3.5 assumes."""
    return Assumption(
        "a = b and c = d", without=world.having(equal_sizes={}, lengths=(a, d)), printed=True
    )


def constant_columns_recover_relative_importance() -> Claim:
    """Theorem 3.5, first strategy, as printed."""
    return Claim(
        id="constant_columns_recover_relative_importance",
        locus="Theorem 3.5",
        form="as_printed",
        title="Constant columns t_j and rows s_k, with √b and √c, have the lengths that RI needs.",
        statements=(Equal(CONSTANT.lengths(j, k), TARGET),),
        world=SQUARE,
        assumptions=(printed_shapes(SQUARE), no_dead_neuron(SQUARE)),
        note="The theorem does not exclude zero rows and columns of W, where t_j or s_k does not "
        "exist.",
        severity="medium",
        code="pruneproof.reference.constructions.ri_constant",
    )


def constant_columns_of_any_length_recover_relative_importance() -> Claim:
    """The first strategy without a = b and c = d."""
    return Claim(
        id="constant_columns_of_any_length_recover_relative_importance",
        locus="Theorem 3.5",
        form="repaired",
        title="With √a and √d, constant columns and rows of any length recover RI.",
        statements=(Equal(constructions.ri_constant().score(j, k), scores.ri(j, k)),),
        world=ANY_SIZES,
        assumptions=(no_dead_neuron(ANY_SIZES),),
        note="a = b and c = d are not needed.",
        code="pruneproof.reference.constructions.ri_constant",
        repairs=("constant_columns_recover_relative_importance",),
    )


def diagonals_of_input_norms_recover_relative_importance() -> Claim:
    """Theorem 3.5, second strategy, with the Y that the main text prints."""
    printed = replace(DIAGONAL, y=lambda row, column: KroneckerDelta(row, column) / input_norm(row))
    return Claim(
        id="diagonals_of_input_norms_recover_relative_importance",
        locus="Theorem 3.5",
        form="as_printed",
        title="X = Diag(1/‖W_j:‖₁) and Y = Diag(1/‖W_1:‖₁, …) have the lengths that RI needs.",
        statements=(Equal(printed.lengths(j, k), TARGET),),
        world=SQUARE,
        note="Y needs the norms ‖W_:k‖₁ of the outputs, as in Appendix A.2 and Table 1. Possibly "
        "scan damage.",
        severity="medium",
        code="pruneproof.reference.constructions.ri_diagonal",
    )


def diagonals_recover_relative_importance() -> Claim:
    """The second strategy with the output norms, and for a ≥ b, d ≥ c."""
    return Claim(
        id="diagonals_recover_relative_importance",
        locus="Theorem 3.5",
        form="repaired",
        title="X = Diag(1/‖W_j:‖₁) and Y = Diag(1/‖W_:k‖₁) recover RI, with rows or columns of "
        "zeros below or beside them too.",
        statements=(Equal(DIAGONAL.score(j, k), scores.ri(j, k)),),
        world=TALL,
        assumptions=(
            Assumption(
                "the diagonals fit into X and Y, a ≥ b and d ≥ c",
                without=ANY_SIZES,
                printed=True,
            ),
            no_dead_neuron(TALL),
        ),
        note="The output norms stand in Y; a = b and c = d may be a ≥ b and d ≥ c.",
        code="pruneproof.reference.constructions.ri_diagonal",
        repairs=("diagonals_of_input_norms_recover_relative_importance",),
    )


def relative_importance_is_a_sum_of_two_shares() -> Claim:
    """§3.3: RI written with |W_jk| in both terms."""
    weight = Abs(W[j, k])
    return Claim(
        id="relative_importance_is_a_sum_of_two_shares",
        locus="§3.3",
        form="as_printed",
        title="RI_jk = |W_jk|/‖W_j:‖₁ + |W_jk|/‖W_:k‖₁ is the score of Theorem 3.5.",
        statements=(
            Equal(
                constructions.ri_diagonal().score(j, k),
                weight / input_norm(j) + weight / output_norm(k),
            ),
        ),
        world=live(WEIGHTS),
        assumptions=(no_dead_neuron(live(WEIGHTS)),),
        code="pruneproof.reference.scores.ri",
    )


def equation_7_with_the_indices_of_the_print() -> Claim:
    """Eq. (7): ‖X_k‖ + ‖Y_j‖, where Lemma 3.1 has ‖X_:j‖ + ‖Y_k:‖."""
    square = live(WEIGHTS).having(indices={j: b, k: b}, equal_sizes={c: b, a: b, d: b})
    return Claim(
        id="equation_7_with_the_indices_of_the_print",
        locus="Eq. (7)",
        form="as_printed",
        title="The diagonals satisfy ‖X_:k‖₂ + ‖Y_j:‖₂ = 1/‖W_j:‖₁ + 1/‖W_:k‖₁.",
        statements=(Equal(DIAGONAL.lengths(k, j), TARGET),),
        world=square,
        note="j and k have changed places: it must be ‖X_:j‖₂ + ‖Y_k:‖₂. As printed, the indices "
        "do not even fit unless W is square. Possibly scan damage.",
        severity="medium",
        code="pruneproof.reference.constructions.ri_diagonal",
    )


def equation_7_holds_for_both_constructions() -> Claim:
    """Eq. (7) with the indices of Lemma 3.1."""
    return Claim(
        id="equation_7_holds_for_both_constructions",
        locus="Eq. (7)",
        form="repaired",
        title="Both constructions satisfy ‖X_:j‖₂ + ‖Y_k:‖₂ = 1/‖W_j:‖₁ + 1/‖W_:k‖₁.",
        statements=(
            Equal(constructions.ri_constant().lengths(j, k), TARGET, "constant columns"),
            Equal(DIAGONAL.lengths(j, k), TARGET, "diagonals"),
        ),
        world=TALL,
        assumptions=(no_dead_neuron(TALL),),
        code="pruneproof.reference.constructions.ri_diagonal",
        repairs=(
            "equation_7_with_the_indices_of_the_print",
            "rows_of_constant_columns_have_the_length_of_a_column",
        ),
    )


def rows_of_constant_columns_have_the_length_of_a_column() -> Claim:
    """A.2 calls X_:j the j-th row, and computes ‖X_j:‖₂ = t_j·√b."""
    row = norm(lambda index: CONSTANT.x(j, index), i, b)
    column = norm(lambda index: CONSTANT.y(index, k), w, c)
    return Claim(
        id="rows_of_constant_columns_have_the_length_of_a_column",
        locus="Appendix A.2",
        form="as_printed",
        title="With constant columns t_j, the rows have ‖X_j:‖₂ = t_j√b, and ‖Y_:k‖₂ = s_k√c.",
        statements=(
            Equal(row, 1 / input_norm(j)),
            Equal(column, 1 / output_norm(k)),
        ),
        world=SQUARE,
        note="A row of X is (t_1, …, t_b). What the proof needs, and computes, is the column "
        "‖X_:j‖₂ and the row ‖Y_k:‖₂.",
        severity="medium",
    )


def rows_of_diagonals_have_the_length_of_a_column() -> Claim:
    """The same confusion does no harm to a diagonal matrix."""
    row = norm(lambda index: DIAGONAL.x(j, index), i, b)
    column = norm(lambda index: DIAGONAL.y(index, k), w, c)
    return Claim(
        id="rows_of_diagonals_have_the_length_of_a_column",
        locus="Appendix A.2",
        form="as_printed",
        title="For the diagonal X and Y, ‖X_j:‖₂ = 1/‖W_j:‖₁ and ‖Y_:k‖₂ = 1/‖W_:k‖₁.",
        statements=(Equal(row, 1 / input_norm(j)), Equal(column, 1 / output_norm(k))),
        world=live(WEIGHTS),
        assumptions=(no_dead_neuron(live(WEIGHTS)),),
        note="Rows and columns are confused here too, but a diagonal matrix does not mind.",
    )


def constant_columns_recover_ria() -> Claim:
    """A.2 says of the first construction that the score reduces to RIA."""
    world = live(LAYER).having(scalars={alpha: POWERS})
    return Claim(
        id="constant_columns_recover_ria",
        locus="Appendix A.2",
        form="as_printed",
        title="With constant columns, the score reduces to RIA.",
        statements=(Equal(constructions.ri_constant().score(j, k), scores.ria(j, k, alpha)),),
        world=world,
        note="It reduces to RI: no activations occur in the construction. The two agree for α = 0.",
        severity="medium",
        code="pruneproof.reference.scores.ri",
        reads="In this case, our score matrix Equation (1) reduces to the plug-and-play method RIA",
    )


def ria_without_activations_is_relative_importance() -> Claim:
    """The repair of the sentence in A.2."""
    world = live(LAYER)
    return Claim(
        id="ria_without_activations_is_relative_importance",
        locus="Appendix A.2",
        form="repaired",
        title="With constant columns, the score reduces to RI, which is RIA with α = 0.",
        statements=(Equal(constructions.ri_constant().score(j, k), scores.ria(j, k, 0)),),
        world=world,
        assumptions=(no_dead_neuron(world),),
        code="pruneproof.reference.scores.ri",
        repairs=("constant_columns_recover_ria",),
    )


def _row(name: str, construction: Construction, ids: tuple[str, str], code: str):
    """Table 1's row as printed, without |W_jk|, and with it."""
    lacking = Claim(
        id=ids[0],
        locus=f"Table 1, RI ({name})",
        form="as_printed",
        title="The score of the pair is 1/‖W_j:‖₁ + 1/‖W_:k‖₁.",
        statements=(Equal(construction.score(j, k), TARGET),),
        world=SQUARE,
        note="The factor |W_jk| is missing: as printed all weights of a layer whose norms agree "
        "would have one score.",
        severity="medium",
        code=code,
    )
    assumptions = (no_dead_neuron(SQUARE),)
    repaired = replace(
        lacking,
        id=ids[1],
        form="repaired",
        title="The score of the pair is |W_jk|(1/‖W_j:‖₁ + 1/‖W_:k‖₁).",
        statements=(Equal(construction.score(j, k), scores.ri(j, k)),),
        assumptions=(printed_shapes(SQUARE), *assumptions),
        note="",
        severity="",
        repairs=(ids[0],),
    )
    return lacking, repaired


CLAIMS = (
    constant_columns_recover_relative_importance(),
    constant_columns_of_any_length_recover_relative_importance(),
    diagonals_of_input_norms_recover_relative_importance(),
    diagonals_recover_relative_importance(),
    relative_importance_is_a_sum_of_two_shares(),
    equation_7_with_the_indices_of_the_print(),
    equation_7_holds_for_both_constructions(),
    rows_of_constant_columns_have_the_length_of_a_column(),
    rows_of_diagonals_have_the_length_of_a_column(),
    constant_columns_recover_ria(),
    ria_without_activations_is_relative_importance(),
    *_row(
        "v1",
        CONSTANT,
        ("first_ri_row_without_the_weight", "first_ri_row_with_the_weight"),
        "pruneproof.reference.constructions.ri_constant",
    ),
    *_row(
        "v2",
        DIAGONAL,
        ("second_ri_row_without_the_weight", "second_ri_row_with_the_weight"),
        "pruneproof.reference.constructions.ri_diagonal",
    ),
)
