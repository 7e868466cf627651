r"""The diagonal construction of §3.4: Lemma 3.7 and its row of Table 1.

.. math:: D_X = \mathrm{Diag}(\lVert W_{j:}\rVert_1^{-1}), \qquad
    D_Y = \mathrm{Diag}(\lVert W_{:k}\rVert_1^{-1})

A and B are arbitrary. The inverses need that no input and no output has only zero weights.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import KroneckerDelta, Sum

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import Claim, Equal
from pruneproof.symbolic.claims.worlds import WEIGHTS, live, no_dead_neuron
from pruneproof.symbolic.constructions import Construction
from pruneproof.symbolic.notation import (
    A,
    B,
    W,
    a,
    b,
    c,
    column_norm,
    d,
    input_norm,
    j,
    k,
    output_norm,
    row_norm,
    u,
    v,
)
from pruneproof.symbolic.world import LIVE, REAL

WORLD = live(WEIGHTS).having(arrays={W: ((b, c), LIVE), A: ((a, b), REAL), B: ((c, d), REAL)})

PRODUCTS = Construction(
    lambda token, index: Sum(A[token, u] * KroneckerDelta(u, index) / input_norm(u), (u, 1, b)),
    lambda index, column: Sum(KroneckerDelta(index, v) / output_norm(v) * B[v, column], (v, 1, c)),
    a,
    d,
)
"""A·D_X and D_Y·B as matrix products."""

LENGTHS = column_norm(j, A) / input_norm(j) + row_norm(k, B) / output_norm(k)


def diagonal_products_have_quotients_of_norms_as_lengths() -> Claim:
    """Lemma 3.7."""
    return Claim(
        id="diagonal_products_have_quotients_of_norms_as_lengths",
        locus="Lemma 3.7",
        form="as_printed",
        title="‖(A·D_X)_:j‖₂ + ‖(D_Y·B)_k:‖₂ = ‖A_:j‖₂/‖W_j:‖₁ + ‖B_k:‖₂/‖W_:k‖₁.",
        statements=(Equal(PRODUCTS.lengths(j, k), LENGTHS),),
        world=WORLD,
        assumptions=(no_dead_neuron(WORLD),),
        code="pruneproof.reference.constructions.general_diagonal",
    )


def general_row_without_the_weight() -> Claim:
    """Table 1 prints the sum of the lengths as the score."""
    return Claim(
        id="general_row_without_the_weight",
        locus="Table 1, General (diag.)",
        form="as_printed",
        title="A·D_X and D_Y·B have the score ‖A_:j‖₂/‖W_j:‖₁ + ‖B_k:‖₂/‖W_:k‖₁.",
        statements=(Equal(PRODUCTS.score(j, k), LENGTHS),),
        world=WORLD,
        note="The factor |W_jk| is missing.",
        severity="medium",
        code="pruneproof.reference.scores.general_diagonal",
    )


def general_row_with_the_weight() -> Claim:
    """Table 1 with |W_jk|."""
    return replace(
        general_row_without_the_weight(),
        id="general_row_with_the_weight",
        form="repaired",
        title="A·D_X and D_Y·B have the score |W_jk|(‖A_:j‖₂/‖W_j:‖₁ + ‖B_k:‖₂/‖W_:k‖₁).",
        statements=(Equal(PRODUCTS.score(j, k), scores.general_diagonal(j, k)),),
        assumptions=(no_dead_neuron(WORLD),),
        note="",
        severity="",
        repairs=("general_row_without_the_weight",),
    )


CLAIMS = (
    diagonal_products_have_quotients_of_norms_as_lengths(),
    general_row_without_the_weight(),
    general_row_with_the_weight(),
)
