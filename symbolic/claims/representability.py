r"""Which scores some X and Y can give, beyond the paper.

By Lemma 3.1 a score has the form |W_jk|(x_j + y_k) with x, y ≥ 0. Every such score is given
by diagonal X and Y, so S1 and S3 are. For a layer without a zero weight S/|W| must have no
mixed difference; those of S2 and S4 (Appendix C.3) vanish only where two norms agree. With
zero weights the condition runs along the layer's non-zero weights, which is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Abs, Expr, IndexedBase, KroneckerDelta, prod

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import Assumption, Claim, Equal
from pruneproof.symbolic.claims.worlds import (
    LAYER,
    ORDERS,
    TWO_BY_TWO,
    WEIGHTS,
    dense,
    mixed_difference,
    no_zero_weight,
    per_weight,
)
from pruneproof.symbolic.constructions import Construction
from pruneproof.symbolic.notation import W, b, c, input_norm, j, j2, k, k2, output_norm, p
from pruneproof.symbolic.world import NONNEGATIVE, NONZERO, POSITIVE, REAL, World

x = IndexedBase("x", real=True)
y = IndexedBase("y", real=True)
rho = IndexedBase("rho", positive=True)
sigma = IndexedBase("sigma", positive=True)


def diagonals(of_input, of_output) -> Construction:
    """X = Diag(x_1, …) and Y = Diag(y_1, …)."""
    return Construction(
        lambda row, column: KroneckerDelta(row, column) * of_input(column),
        lambda row, column: KroneckerDelta(row, column) * of_output(row),
        b,
        c,
    )


def r(j) -> Expr:
    """‖W_j:‖_p."""
    return input_norm(j, p)


def q(k) -> Expr:
    """‖W_:k‖_p."""
    return output_norm(k, p)


def diagonals_give_every_sum_of_lengths() -> Claim:
    """x, y ≥ 0 are enough."""
    world = WEIGHTS.having(
        arrays={W: ((b, c), REAL), x: ((b,), NONNEGATIVE), y: ((c,), NONNEGATIVE)}
    )
    lengths = diagonals(lambda n: x[n], lambda n: y[n])
    return Claim(
        id="diagonals_give_every_sum_of_lengths",
        locus="Lemma 3.1",
        form="beyond",
        title="X = Diag(x) and Y = Diag(y) with x, y ≥ 0 give the score |W_jk|(x_j + y_k).",
        statements=(Equal(lengths.score(j, k), Abs(W[j, k]) * (x[j] + y[k])),),
        world=world,
        assumptions=(Assumption("x, y ≥ 0", world.with_kind(x, REAL).with_kind(y, REAL)),),
        note="Only x + y counts: x_j + t and y_k − t serve as well while neither is negative.",
        code="pruneproof.reference.scores.symwanda",
    )


def scores_of_dense_layers_have_no_mixed_difference() -> Claim:
    """What any X and Y imply."""
    world = dense(LAYER).having(indices=TWO_BY_TWO)

    def given(j, k):
        return per_weight(scores.symwanda(j, k), W[j, k])

    return Claim(
        id="scores_of_dense_layers_have_no_mixed_difference",
        locus="Lemma 3.1",
        form="beyond",
        title="For any X and Y and no zero weight, S_jk/|W_jk| − S_j′k/|W_j′k| does not depend "
        "on k.",
        statements=(Equal(given(j, k) - given(j2, k), given(j, k2) - given(j2, k2)),),
        world=world,
        assumptions=(no_zero_weight(world),),
        code="pruneproof.reference.scores.symwanda",
    )


def diagonal_norms_give_s3() -> Claim:
    """S3 is a symmetric score."""
    world = WEIGHTS.having(scalars={p: ORDERS})
    return Claim(
        id="diagonal_norms_give_s3",
        locus="Appendix C.3",
        form="beyond",
        title="X = Diag(‖W_j:‖_p) and Y = Diag(‖W_:k‖_p) give S3 = |W_jk|(‖W_j:‖_p + ‖W_:k‖_p).",
        statements=(Equal(diagonals(r, q).score(j, k), scores.lp(j, k, p, "S3")),),
        world=world,
        code="pruneproof.reference.scores.lp",
    )


def mixed_difference_of_s2() -> Claim:
    """S2 is none, unless the lengths agree."""
    return _mixed(
        "mixed_difference_of_s2",
        "S2",
        lambda j, k: 1 / (rho[j] + sigma[k]),
        rho[j] + rho[j2] + sigma[k] + sigma[k2],
    )


def mixed_difference_of_s4() -> Claim:
    """S4 is none either."""
    return _mixed(
        "mixed_difference_of_s4",
        "S4",
        lambda j, k: 1 / (1 / rho[j] + 1 / sigma[k]),
        rho[j] * rho[j2] * (sigma[k] + sigma[k2]) + sigma[k] * sigma[k2] * (rho[j] + rho[j2]),
    )


def _mixed(id: str, name: str, factor: Callable[..., Expr], positive: Expr) -> Claim:
    """The mixed difference, with the one of its factors that is positive for all lengths."""
    world = World(
        indices=TWO_BY_TWO,
        arrays={W: ((b, c), NONZERO), rho: ((b,), POSITIVE), sigma: ((c,), POSITIVE)},
    )
    sums = prod(rho[m] + sigma[n] for m in (j, j2) for n in (k, k2))
    return Claim(
        id=id,
        locus="Appendix C.3",
        form="beyond",
        title=f"The mixed differences of {name}/|W| vanish only where ρ_j = ρ_j′ or σ_k = σ_k′, "
        f"so in general no X and Y give {name}.",
        statements=(
            Equal(
                mixed_difference(lambda j, k: per_weight(Abs(W[j, k]) * factor(j, k), W[j, k])),
                (rho[j] - rho[j2]) * (sigma[k] - sigma[k2]) * positive / sums,
            ),
        ),
        world=world,
        assumptions=(no_zero_weight(world),),
        note="ρ_j and σ_k stand for norms of any order. The other factors are positive.",
        code="pruneproof.reference.scores.lp",
    )


CLAIMS = (
    diagonals_give_every_sum_of_lengths(),
    scores_of_dense_layers_have_no_mixed_difference(),
    diagonal_norms_give_s3(),
    mixed_difference_of_s2(),
    mixed_difference_of_s4(),
)
