r"""What it costs to remove several weights: §3.2's "extended to multiple weights".

M is 1 where a weight is removed, so Δ = −M∘W. The cost of a set is not the sum of its scores,
but at most that sum, and it needs only the Gram matrices of X and of Yᵀ. The bound is the
triangle inequality, proved from Lagrange's identity

.. math:: \lVert x\rVert^2\lVert y\rVert^2 - \langle x, y\rangle^2
    = \tfrac12 \sum_{i,i'} (x_i y_{i'} - x_{i'} y_i)^2

Nothing is assumed of W, X, Y and M.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Abs, Expr, IndexedBase, Integer, KroneckerDelta, S, Sum, Symbol

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import AtMost, Claim, Equal
from pruneproof.symbolic.claims.single_removal import input_term, output_term, terms
from pruneproof.symbolic.claims.worlds import LAYER
from pruneproof.symbolic.constructions import Construction, zero
from pruneproof.symbolic.notation import (
    HALF,
    W,
    X,
    Y,
    a,
    b,
    c,
    column_norm,
    d,
    i,
    j,
    j2,
    k,
    k2,
    norm,
    row_norm,
    u,
    v,
    w,
)
from pruneproof.symbolic.transposition import transposed
from pruneproof.symbolic.world import BINARY, REAL, World

M = IndexedBase("M", nonnegative=True)
WORLD = LAYER.having(indices={}, arrays={**LAYER.arrays, M: ((b, c), BINARY)})
TWO = LAYER.having(indices={j: b, j2: b, k: c, k2: c})
CODE = "pruneproof.reference.objectives.removal_cost"


def removed(row, column) -> Expr:
    """Δ for a set of weights."""
    return -M[row, column] * W[row, column]


def gram(j, j2) -> Expr:
    """(XᵀX)_jj′."""
    return Sum(X[i, j] * X[i, j2], (i, 1, a))


def output_gram(k, k2) -> Expr:
    """(YYᵀ)_kk′."""
    return Sum(Y[k, w] * Y[k2, w], (w, 1, d))


def two_removed(row, column) -> Expr:
    """Δ for the weights (j, k) and (j′, k′)."""
    first = W[j, k] * KroneckerDelta(row, j) * KroneckerDelta(column, k)
    return -first - W[j2, k2] * KroneckerDelta(row, j2) * KroneckerDelta(column, k2)


def removing_two_weights_costs_both_scores() -> Claim:
    """Lemma 3.1 "extended to multiple weights", taken as a formula."""
    world = TWO.having(distinct=((j2, j),))
    return Claim(
        id="removing_two_weights_costs_both_scores",
        locus="§3.2",
        form="as_printed",
        title="Removing a second weight too costs the sum of the two scores.",
        statements=(
            Equal(
                input_term(two_removed) + output_term(two_removed),
                scores.symwanda(j, k) + scores.symwanda(j2, k2),
            ),
        ),
        world=world,
        note="Errors of several weights overlap or cancel. Lemma 3.1 is about one weight; for a "
        "set, the sum of the scores is an upper bound.",
        severity="medium",
        code=CODE,
        reads="the general approach can be extended to multiple weights iteratively",
    )


def cost_of_a_set_needs_only_gram_matrices() -> Claim:
    """‖XΔ‖² = Σ_k Δ_:kᵀ(XᵀX)Δ_:k, and the same for Y."""
    return Claim(
        id="cost_of_a_set_needs_only_gram_matrices",
        locus="§3.2",
        form="repaired",
        title="‖XΔ‖_F² is a quadratic form of XᵀX for each output, ‖ΔY‖_F² one of YYᵀ for each "
        "input.",
        statements=(
            Equal(
                input_term(removed) ** 2,
                Sum(
                    M[u, v] * W[u, v] * M[j2, v] * W[j2, v] * gram(u, j2),
                    (u, 1, b),
                    (j2, 1, b),
                    (v, 1, c),
                ),
            ),
            Equal(
                output_term(removed) ** 2,
                Sum(
                    M[u, v] * W[u, v] * M[u, k2] * W[u, k2] * output_gram(v, k2),
                    (v, 1, c),
                    (k2, 1, c),
                    (u, 1, b),
                ),
            ),
        ),
        world=WORLD,
        note="So the cost of a mask takes b² + c² numbers of the calibration data, not all tokens.",
        code=CODE,
        repairs=("removing_two_weights_costs_both_scores",),
    )


def cauchy_schwarz() -> AtMost:
    """|⟨X_:j, X_:j′⟩| ≤ ‖X_:j‖‖X_:j′‖, by Lagrange's identity."""
    other = Symbol("i'", integer=True, positive=True)
    crossed = X[i, j] * X[other, j2] - X[other, j] * X[i, j2]
    return AtMost(
        Abs(gram(j, j2)),
        column_norm(j) * column_norm(j2),
        extra=HALF * Sum(crossed**2, (i, 1, a), (other, 1, a)),
        power=Integer(2),
    )


def overlap() -> AtMost:
    """W_jk·W_j′k·⟨X_:j, X_:j′⟩ ≤ |W_jk|‖X_:j‖·|W_j′k|‖X_:j′‖, for all j, j′, k."""
    product = W[j, k] * W[j2, k] * gram(j, j2)
    lengths = Abs(W[j, k]) * column_norm(j) * Abs(W[j2, k]) * column_norm(j2)
    return AtMost(
        product,
        lengths,
        using=(
            (S.One, AtMost(product, Abs(product), extra=Abs(product) - product)),
            (Abs(W[j, k] * W[j2, k]), cauchy_schwarz()),
        ),
        over=((j, b), (j2, b), (k, c)),
    )


def triangle() -> AtMost:
    """‖XΔ‖_F ≤ Σ M_jk|W_jk|‖X_:j‖: within an output by overlaps, between outputs trivially."""

    def of_output(k) -> Expr:
        return Sum(M[u, k] * Abs(W[u, k]) * column_norm(u), (u, 1, b))

    total = Sum(of_output(v), (v, 1, c))
    squares = Sum(of_output(v) ** 2, (v, 1, c))
    error = input_term(removed)
    others = Sum((1 - KroneckerDelta(v, k)) * of_output(v), (v, 1, c))
    part = AtMost(of_output(k), total, extra=others, over=((k, c),))
    return AtMost(
        error,
        total,
        using=(
            (S.One, AtMost(error**2, squares, using=((M[j, k] * M[j2, k], overlap()),))),
            (S.One, AtMost(squares, total**2, using=((of_output(k), part),))),
        ),
        power=Integer(2),
    )


def mirrored(known: AtMost) -> AtMost:
    """The same inequality of the transposed layer, with its certificate."""
    return replace(
        known,
        small=transposed(known.small),
        large=transposed(known.large),
        extra=transposed(known.extra),
        using=tuple((transposed(factor), mirrored(part)) for factor, part in known.using),
        over=tuple((index, transposed(size)) for index, size in known.over),
    )


def _bound(id: str, title: str, statement: AtMost, note: str = "") -> Claim:
    return Claim(
        id=id,
        locus="§3.2",
        form="repaired",
        title=title,
        statements=(statement,),
        world=WORLD,
        note=note,
        code=CODE,
        repairs=("removing_two_weights_costs_both_scores",),
    )


def input_error_of_a_set_is_at_most_its_wanda_scores() -> Claim:
    """The first half of g ≤ ΣS."""
    return _bound(
        "input_error_of_a_set_is_at_most_its_wanda_scores",
        "‖XΔ‖_F is at most the sum of |W_jk|·‖X_:j‖₂ over the removed weights.",
        triangle(),
    )


def output_error_of_a_set_is_at_most_its_owanda_scores() -> Claim:
    """The second half: the first one for the transposed layer."""
    return _bound(
        "output_error_of_a_set_is_at_most_its_owanda_scores",
        "‖ΔY‖_F is at most the sum of |W_jk|·‖Y_k:‖₂ over the removed weights.",
        mirrored(triangle()),
        "Together with the input error: g ≤ ΣS, so pruning the lowest scores minimises a bound.",
    )


def halves_add_up_to_the_sum_of_scores() -> Claim:
    """The two sums of the bounds are ΣS."""
    halves = triangle().large + mirrored(triangle()).large
    total = Sum(M[u, v] * Abs(W[u, v]) * (column_norm(u) + row_norm(v)), (u, 1, b), (v, 1, c))
    return Claim(
        id="halves_add_up_to_the_sum_of_scores",
        locus="§3.2",
        form="repaired",
        title="The bounds of the input and the output error sum to ΣS over the removed weights.",
        statements=(Equal(halves, total),),
        world=WORLD,
        code=CODE,
        repairs=("removing_two_weights_costs_both_scores",),
    )


def opposite_weights_of_equal_features_cost_nothing_together() -> Claim:
    """Neither the sum nor the largest score is a lower bound."""
    feature, weight = IndexedBase("x", real=True), Symbol("omega", real=True)
    equal_features = Construction(lambda row, column: feature[row], zero, a, d)

    def single(row, column):
        return -weight * KroneckerDelta(row, j) * KroneckerDelta(column, k)

    def both(row, column):
        second = weight * KroneckerDelta(row, j2) * KroneckerDelta(column, k)
        return single(row, column) + second

    length = norm(lambda index: feature[index], i, a)
    first, _ = terms(equal_features, single)
    together, _ = terms(equal_features, both)
    world = World(
        indices={j: b, j2: b, k: c},
        arrays={feature: ((a,), REAL)},
        scalars={weight: REAL},
        distinct=((j2, j),),
    )
    return Claim(
        id="opposite_weights_of_equal_features_cost_nothing_together",
        locus="§3.2",
        form="beyond",
        title="Weights ω and −ω from two equal features cost |ω|·‖x‖₂ each and nothing together: "
        "no score of a set is a lower bound of its cost.",
        statements=(
            Equal(first, Abs(weight) * length, "one weight"),
            Equal(first + together, Abs(weight) * length, "both add nothing"),
        ),
        world=world,
        code=CODE,
    )


CLAIMS = (
    removing_two_weights_costs_both_scores(),
    cost_of_a_set_needs_only_gram_matrices(),
    input_error_of_a_set_is_at_most_its_wanda_scores(),
    output_error_of_a_set_is_at_most_its_owanda_scores(),
    halves_add_up_to_the_sum_of_scores(),
    opposite_weights_of_equal_features_cost_nothing_together(),
)
