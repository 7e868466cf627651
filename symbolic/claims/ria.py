r"""RIA, relative importance with activations: Eq. (2), Lemma 3.6, Table 1's row.

.. math:: \mathrm{RIA}_{jk} = |W_{jk}|\,(r_j + q_k)\,n_j, \qquad r_j = \lVert W_{j:}\rVert_1^{-1},
    \; q_k = \lVert W_{:k}\rVert_1^{-1}, \; n_j = \lVert C_{:j}\rVert_2^{\alpha}

Lemma 3.6 puts one number into A and one into B. Their printed places, (j, p) and (s, k), give
the right lengths to a row of A and a column of B, while Lemma 3.1 measures columns of X and
rows of Y. With p = j and s = k the lemma holds, but for this (j, k) only, since A and B change
with j and k. One pair for all weights exists only in the cases that are stated here.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy
from sympy import Abs, KroneckerDelta, Sum, Symbol

from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.claim import Assumption, Claim, Equal
from pruneproof.symbolic.claims.single_removal import removal
from pruneproof.symbolic.claims.worlds import (
    LAYER,
    POWERS,
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
    HALF,
    C,
    W,
    a,
    alpha,
    b,
    c,
    column_norm,
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
from pruneproof.symbolic.world import REAL

P = Symbol("p", integer=True, positive=True)
S = Symbol("s", integer=True, positive=True)
"""The lemma's free places: a column of A and a row of B."""

ACTIVE = live(LAYER).having(
    arrays={**live(LAYER).arrays, C: ((a, b), REAL)}, scalars={alpha: POWERS}
)
CODE = "pruneproof.reference.scores.ria"


def r(j) -> sympy.Expr:
    """1/‖W_j:‖₁."""
    return 1 / input_norm(j)


def q(k) -> sympy.Expr:
    """1/‖W_:k‖₁."""
    return 1 / output_norm(k)


def n(j) -> sympy.Expr:
    """‖C_:j‖₂^α."""
    return column_norm(j, C) ** alpha


def factor(j, k) -> sympy.Expr:
    """RIA_jk/|W_jk|."""
    return (r(j) + q(k)) * n(j)


def ria(j, k) -> sympy.Expr:
    """RIA with the activations C."""
    return Abs(W[j, k]) * factor(j, k)


PRINTED = Construction(
    lambda row, column: KroneckerDelta(row, j) * KroneckerDelta(column, P) * n(j) * r(j),
    lambda row, column: KroneckerDelta(row, S) * KroneckerDelta(column, k) * n(j) * q(k),
    a,
    d,
)
"""A and B of Lemma 3.6, with free p and s."""

MARKED = ACTIVE.having(indices={j: b, k: c, P: b, S: c})

ROOM = Symbol("m", integer=True, positive=True)
WIDTH = Symbol("n", integer=True, positive=True)
INSIDE = ACTIVE.having(indices={j: ROOM, k: WIDTH}, at_most={ROOM: (a, b), WIDTH: (c, d)})
"""The world with j ≤ min(a, b) and k ≤ min(c, d)."""

FITS = Assumption("row j exists in A and column k in B: j ≤ a and k ≤ d", without=ACTIVE)


def ria_is_relative_importance_times_an_activation() -> Claim:
    """Eq. (2)."""
    world = live(LAYER).having(scalars={alpha: POWERS})
    share = Abs(W[j, k]) * column_norm(j) ** alpha
    return Claim(
        id="ria_is_relative_importance_times_an_activation",
        locus="Eq. (2)",
        form="as_printed",
        title="RIA_jk = RI_jk·‖X_:j‖₂^α, which is RI for α = 0.",
        statements=(
            Equal(
                scores.ria(j, k, alpha), share / input_norm(j) + share / output_norm(k), "expanded"
            ),
            Equal(
                scores.ria(j, k, 0), Abs(W[j, k]) / input_norm(j) + Abs(W[j, k]) / output_norm(k)
            ),
        ),
        world=world,
        assumptions=(no_dead_neuron(world),),
        code=CODE,
    )


def marked_entries_have_the_lengths_of_the_target() -> Claim:
    """Lemma 3.6 read with §3.3's target, a row of A and a column of B."""
    row = norm(lambda index: PRINTED.x(j, index), i, b)
    column = norm(lambda index: PRINTED.y(index, k), w, c)
    return Claim(
        id="marked_entries_have_the_lengths_of_the_target",
        locus="Lemma 3.6",
        form="as_printed",
        title="One entry in A and one in B give "
        "‖A_j:‖₂ + ‖B_:k‖₂ = (1/‖W_j:‖₁ + 1/‖W_:k‖₁)‖C_:j‖₂^α.",
        statements=(Equal(row + column, factor(j, k)),),
        world=MARKED,
        assumptions=(no_dead_neuron(MARKED),),
        note="True of a row of A and a column of B, but Lemma 3.1 needs a column of X and a row "
        "of Y.",
        severity="high",
    )


def marked_entries_recover_ria() -> Claim:
    """Lemma 3.6's conclusion for any p and s."""
    return Claim(
        id="marked_entries_recover_ria",
        locus="Lemma 3.6",
        form="as_printed",
        title="With A for X and B for Y, for any p and s, the score of W_jk is RIA.",
        statements=(Equal(PRINTED.score(j, k), ria(j, k)),),
        world=MARKED,
        note="For p ≠ j column j of A is zero, for s ≠ k row k of B. It needs p = j and s = k.",
        severity="high",
        code="pruneproof.reference.constructions.ria_pointwise",
    )


def one_pair_recovers_ria_for_all_weights() -> Claim:
    """Lemma 3.6 as one construction: the mixed differences of a sum x_j + y_k vanish."""
    weights = {(1, 1): 2, (1, 2): 1, (2, 1): 1, (2, 2): 1}
    world = dense(ACTIVE).having(indices=TWO_BY_TWO)
    return Claim(
        id="one_pair_recovers_ria_for_all_weights",
        locus="Lemma 3.6",
        form="as_printed",
        title="RIA_jk/|W_jk| is a sum ‖X_:j‖₂ + ‖Y_k:‖₂ for all j and k, so its mixed differences "
        "vanish.",
        statements=(Equal(mixed_difference(factor), sympy.Integer(0)),),
        world=world.having(arrays={base: world.arrays[base] for base in (W, C)}),
        witness={
            **{a: 1, b: 2, c: 2, j: 1, j2: 2, k: 1, k2: 2, alpha: Fraction(1)},
            W: weights,
            C: {(1, 1): Fraction(1), (1, 2): Fraction(1, 2)},
        },
        note="B depends on j and A on k, so the lemma needs another pair for every weight: no "
        "single symmetric objective has RIA as its score. The witness has lengths 1 and 1/2 of "
        "the activations.",
        severity="high",
        code="pruneproof.reference.constructions.ria_pointwise",
    )


def marked_entries_on_the_diagonal_recover_ria_at_one_weight() -> Claim:
    """Lemma 3.6 with p = j and s = k."""
    return Claim(
        id="marked_entries_on_the_diagonal_recover_ria_at_one_weight",
        locus="Lemma 3.6",
        form="repaired",
        title="With p = j and s = k, the score of this one weight W_jk is RIA_jk.",
        statements=(Equal(constructions.ria_pointwise(j, k).score(j, k), ria(j, k)),),
        world=INSIDE,
        assumptions=(FITS, no_dead_neuron(INSIDE)),
        note="Pointwise: another weight needs another A and B.",
        code="pruneproof.reference.constructions.ria_pointwise",
        repairs=("marked_entries_recover_ria",),
    )


def one_pair_for_ria_needs_like_activations_or_like_outputs() -> Claim:
    """Only if: the mixed differences of the two scores."""
    world = dense(ACTIVE).having(indices=TWO_BY_TWO)

    def given(j, k):
        return per_weight(scores.symwanda(j, k), W[j, k])

    return Claim(
        id="one_pair_for_ria_needs_like_activations_or_like_outputs",
        locus="Lemma 3.6",
        form="repaired",
        title="One X and Y give RIA everywhere only if all ‖C_:j‖₂^α or all ‖W_:k‖₁ are equal.",
        statements=(
            Equal(
                given(j, k) - given(j2, k),
                given(j, k2) - given(j2, k2),
                "S/|W| of any X and Y has no mixed difference",
            ),
            Equal(
                mixed_difference(lambda j, k: per_weight(ria(j, k), W[j, k])),
                (n(j) - n(j2)) * (q(k) - q(k2)),
                "that of RIA vanishes for all pairs only if all n or all q are equal",
            ),
        ),
        world=world,
        assumptions=(no_zero_weight(world),),
        note="In practice neither holds, so RIA is outside the symmetric objective.",
        code=CODE,
        repairs=("one_pair_recovers_ria_for_all_weights",),
    )


def like_activations_or_like_outputs_give_one_pair_for_ria() -> Claim:
    """If: how far two constructions are from RIA, which is zero in one case each."""
    world = ACTIVE.having(indices=TWO_BY_TWO)
    one_activation = Construction(
        lambda row, column: KroneckerDelta(row, column) * r(column) * n(column),
        lambda row, column: KroneckerDelta(row, column) * q(row) * n(j2),
        b,
        c,
    )
    one_output = Construction(
        lambda row, column: KroneckerDelta(row, column) * (r(column) + q(k2)) * n(column),
        constructions.zero,
        b,
        c,
    )
    return Claim(
        id="like_activations_or_like_outputs_give_one_pair_for_ria",
        locus="Lemma 3.6",
        form="repaired",
        title="Diagonal X and Y give RIA everywhere if all ‖C_:j‖₂^α or all ‖W_:k‖₁ are equal.",
        statements=(
            Equal(
                one_activation.score(j, k) - ria(j, k),
                Abs(W[j, k]) * q(k) * (n(j2) - n(j)),
                "with the activation of one j′ in Y, the error is a difference of two n",
            ),
            Equal(
                one_output.score(j, k) - ria(j, k),
                Abs(W[j, k]) * n(j) * (q(k2) - q(k)),
                "with Y = 0 and the norm of one output k′ in X, it is a difference of two q",
            ),
        ),
        world=world,
        assumptions=(no_dead_neuron(world),),
        note="α = 0 makes all ‖C_:j‖₂^α equal: RI itself is inside the symmetric objective.",
        code=CODE,
        repairs=("one_pair_recovers_ria_for_all_weights",),
    )


def weighted_objective_recovers_ria_for_all_weights() -> Claim:
    """Two weighted Frobenius norms instead of X and Y."""
    row, column = j2, k2

    def weighted(scale):
        entry = removal(row, column) ** 2 * scale**2
        return Sum(entry, (row, 1, b), (column, 1, c)) ** HALF

    objective = weighted(r(row) * n(row)) + weighted(n(row) * q(column))
    return Claim(
        id="weighted_objective_recovers_ria_for_all_weights",
        locus="Lemma 3.6",
        form="repaired",
        title="Removing any W_jk changes ‖diag(r·n)Δ‖_F + ‖diag(n)Δ diag(q)‖_F by RIA_jk.",
        statements=(Equal(objective, ria(j, k)),),
        world=ACTIVE,
        assumptions=(no_dead_neuron(ACTIVE),),
        note="The second term weighs Δ on both sides, which (Sym) cannot.",
        code=CODE,
        repairs=("one_pair_recovers_ria_for_all_weights",),
    )


def ria_row_without_the_weight() -> Claim:
    """Table 1's row: free p and s, no |W_jk|, and ‖X_:j‖ where C_:j is meant."""
    return Claim(
        id="ria_row_without_the_weight",
        locus="Table 1, RIA",
        form="as_printed",
        title="The pair of Lemma 3.6 has the score (1/‖W_j:‖₁ + 1/‖W_:k‖₁)‖X_:j‖₂^α.",
        statements=(Equal(PRINTED.score(j, k), factor(j, k)),),
        world=MARKED,
        note="|W_jk| is missing, p and s have to be j and k, and the pair serves one weight only. "
        "X stands for C here, since the row's own X is another matrix.",
        severity="medium",
        code="pruneproof.reference.constructions.ria_pointwise",
    )


def ria_row_with_the_weight() -> Claim:
    """Table 1's row, for the weight (j, k) that the pair was made for."""
    return replace(
        marked_entries_on_the_diagonal_recover_ria_at_one_weight(),
        id="ria_row_with_the_weight",
        locus="Table 1, RIA",
        title="With p = j and s = k, the score of this one weight is "
        "|W_jk|(1/‖W_j:‖₁ + 1/‖W_:k‖₁)‖C_:j‖₂^α.",
        repairs=("ria_row_without_the_weight",),
    )


CLAIMS = (
    ria_is_relative_importance_times_an_activation(),
    marked_entries_have_the_lengths_of_the_target(),
    marked_entries_recover_ria(),
    one_pair_recovers_ria_for_all_weights(),
    marked_entries_on_the_diagonal_recover_ria_at_one_weight(),
    one_pair_for_ria_needs_like_activations_or_like_outputs(),
    like_activations_or_like_outputs_give_one_pair_for_ria(),
    weighted_objective_recovers_ria_for_all_weights(),
    ria_row_without_the_weight(),
    ria_row_with_the_weight(),
)
