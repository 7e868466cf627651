r"""The ℓp scores: Eq. (3), Lemmas 3.8 and 3.9 and their rows of Table 1.

.. math:: S_{jk} = |W_{jk}|\,(\lVert W_{j:}\rVert_p^{-1} + \lVert W_{:k}\rVert_p^{-1})

Lemma 3.8 takes X_:j along W_j: (length c) and Y_k: along W_:k (length b), so it needs a = c
and d = b, which it does not say. Lemma 3.9 takes any unit vectors of the right lengths. Both
need that no input and no output has only zero weights, and work for any positive lengths in
the place of the norms, so for p = 0 and p = ∞ too. The re-weightings S1 to S4 are in
`lp_strategies`.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Abs, IndexedBase, Integer, Sum

from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.claim import Assumption, Claim, Equal
from pruneproof.symbolic.claims.worlds import ORDERS, WEIGHTS, live, no_dead_neuron
from pruneproof.symbolic.constructions import Construction, u_vector, v_vector
from pruneproof.symbolic.notation import (
    W,
    a,
    b,
    c,
    d,
    i,
    input_norm,
    j,
    k,
    output_norm,
    p,
)
from pruneproof.symbolic.world import LIVE, NONNEGATIVE, POSITIVE, REAL, UNIT

CODE = "pruneproof.reference.scores.lp"

ANY_ORDER = live(WEIGHTS).having(scalars={p: ORDERS})

ALIGNED = replace(constructions.lp_aligned(p), rows=a, columns=d)
SHAPED = ANY_ORDER.having(equal_sizes={a: c, d: b})
SHAPES = (
    Assumption(
        "W_j: fits into X_:j, a = c",
        without=ANY_ORDER.having(equal_sizes={d: b}, lengths=(a,)),
    ),
    Assumption(
        "W_:k fits into Y_k:, d = b",
        without=ANY_ORDER.having(equal_sizes={a: c}, lengths=(d,)),
    ),
)

UNIT_VECTORS = {u_vector: ((a,), UNIT), v_vector: ((d,), UNIT)}
UNIT_LENGTHS = (
    (Sum(u_vector[i] ** 2, (i, 1, a)), Integer(1)),
    (Sum(v_vector[i] ** 2, (i, 1, d)), Integer(1)),
)
DIRECTED = ANY_ORDER.having(arrays={W: ((b, c), LIVE), **UNIT_VECTORS}, facts=UNIT_LENGTHS)
UNITS = Assumption(
    "u and v are unit vectors",
    without=DIRECTED.having(
        arrays={W: ((b, c), LIVE), u_vector: ((a,), REAL), v_vector: ((d,), REAL)}, facts=()
    ),
    printed=True,
)

rho = IndexedBase("rho", nonnegative=True)
sigma = IndexedBase("sigma", nonnegative=True)


def lp_score_for_p_1_is_relative_importance() -> Claim:
    """Eq. (3) generalises RI."""
    weight = Abs(W[j, k])
    world = live(WEIGHTS)
    return Claim(
        id="lp_score_for_p_1_is_relative_importance",
        locus="Eq. (3)",
        form="as_printed",
        title="For p = 1, the ℓp score is RI.",
        statements=(
            Equal(scores.lp(j, k, p).subs(p, 1), weight / input_norm(j) + weight / output_norm(k)),
        ),
        world=world,
        assumptions=(no_dead_neuron(world),),
        code=CODE,
    )


def aligned_vectors_recover_the_lp_score() -> Claim:
    """Lemma 3.8."""
    return Claim(
        id="aligned_vectors_recover_the_lp_score",
        locus="Lemma 3.8",
        form="as_printed",
        title="X_:j = W_j:/(‖W_j:‖_p‖W_j:‖₂) and Y_k: = W_:k/(‖W_:k‖_p‖W_:k‖₂) recover Eq. (3).",
        statements=(Equal(ALIGNED.score(j, k), scores.lp(j, k, p)),),
        world=SHAPED,
        assumptions=(*SHAPES, no_dead_neuron(SHAPED)),
        note="The shapes and the zero rows and columns are left out. With a > c or d > b, the "
        "vectors can be padded with zeros.",
        severity="medium",
        code="pruneproof.reference.constructions.lp_aligned",
    )


def first_lp_row_has_the_lp_score() -> Claim:
    """Table 1, ℓp-norm (v1)."""
    return replace(
        aligned_vectors_recover_the_lp_score(),
        id="first_lp_row_has_the_lp_score",
        locus="Table 1, ℓp-norm (v1)",
        title="The aligned vectors have the score |W_jk|(1/‖W_j:‖_p + 1/‖W_:k‖_p).",
    )


def unit_vectors_recover_the_lp_score() -> Claim:
    """Lemma 3.9."""
    return Claim(
        id="unit_vectors_recover_the_lp_score",
        locus="Lemma 3.9",
        form="as_printed",
        title="X_:j = u/‖W_j:‖_p and Y_k: = v/‖W_:k‖_p with any unit vectors recover Eq. (3).",
        statements=(Equal(constructions.lp_unit_vectors(p).score(j, k), scores.lp(j, k, p)),),
        world=DIRECTED,
        assumptions=(UNITS, no_dead_neuron(DIRECTED)),
        note="Nothing has to be random, as the lemma's name suggests: any fixed u and v will do.",
        severity="low",
        code="pruneproof.reference.constructions.lp_unit_vectors",
    )


def second_lp_row_has_the_lp_score() -> Claim:
    """Table 1, ℓp-norm (v2)."""
    return replace(
        unit_vectors_recover_the_lp_score(),
        id="second_lp_row_has_the_lp_score",
        locus="Table 1, ℓp-norm (v2)",
        title="The unit vectors have the score |W_jk|(1/‖W_j:‖_p + 1/‖W_:k‖_p).",
        note="",
        severity="",
    )


def unit_vectors_recover_any_positive_lengths() -> Claim:
    """Lemma 3.9 uses of ‖·‖_p only that it is positive."""
    directed = Construction(
        lambda token, index: u_vector[token] / rho[index],
        lambda index, column: v_vector[column] / sigma[index],
        a,
        d,
    )
    lengths = {rho: ((b,), POSITIVE), sigma: ((c,), POSITIVE)}
    world = WEIGHTS.having(
        arrays={W: ((b, c), REAL), **UNIT_VECTORS, **lengths}, facts=UNIT_LENGTHS
    )
    return Claim(
        id="unit_vectors_recover_any_positive_lengths",
        locus="Lemma 3.9",
        form="beyond",
        title="Any positive ρ_j and σ_k in the place of the norms give |W_jk|(1/ρ_j + 1/σ_k).",
        statements=(Equal(directed.score(j, k), Abs(W[j, k]) * (1 / rho[j] + 1 / sigma[k])),),
        world=world,
        assumptions=(
            Assumption(
                "ρ and σ have no zero",
                world.with_kind(rho, NONNEGATIVE).with_kind(sigma, NONNEGATIVE),
            ),
        ),
        note="So Lemmas 3.8 and 3.9 hold for every p ≥ 0 and for p = ∞, norm or not.",
        code="pruneproof.reference.constructions.lp_unit_vectors",
    )


CLAIMS = (
    lp_score_for_p_1_is_relative_importance(),
    aligned_vectors_recover_the_lp_score(),
    first_lp_row_has_the_lp_score(),
    unit_vectors_recover_the_lp_score(),
    second_lp_row_has_the_lp_score(),
    unit_vectors_recover_any_positive_lengths(),
)
