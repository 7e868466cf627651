r"""The re-weightings of Appendix C.3, and Table 7's p = 0.

With r = ‖W_j:‖_p and q = ‖W_:k‖_p, the strategies are

.. math:: S1 = |W|(1/r + 1/q),\; S2 = |W|/(r + q),\; S3 = |W|(r + q),\; S4 = |W|/(1/r + 1/q)

S1, S2 and S4 need that no input and no output has only zero weights. For p = 0, which counts
the weights that are not zero, everything is about layers without a zero weight, as trained
layers are.
"""

from __future__ import annotations

from sympy import Abs, Mul, Sum, sign

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import AtMost, Claim, Equal
from pruneproof.symbolic.claims.worlds import (
    LAYER,
    ORDERS,
    WEIGHTS,
    dense,
    live,
    no_dead_neuron,
    no_zero_weight,
)
from pruneproof.symbolic.notation import (
    W,
    b,
    c,
    column_norm,
    input_norm,
    j,
    k,
    output_norm,
    p,
    u,
    v,
)

CODE = "pruneproof.reference.scores.lp"
WORLD = live(WEIGHTS).having(scalars={p: ORDERS})
R, Q = input_norm(j, p), output_norm(k, p)
WEIGHT = Abs(W[j, k])


def strategy(name: str):
    """S1 to S4 at (j, k)."""
    return scores.lp(j, k, p, name)


def product(first: str, second: str):
    """The product of two scores, left uncancelled: it does not exist where one does not."""
    return Mul(strategy(first), strategy(second), evaluate=False)


def s4_multiplies_by_the_reciprocal_norms() -> Claim:
    """The text of C.3 on its formulas."""
    return Claim(
        id="s4_multiplies_by_the_reciprocal_norms",
        locus="Appendix C.3",
        form="as_printed",
        title="S4 multiplies |W_jk| by 1/‖W_j:‖_p + 1/‖W_:k‖_p.",
        statements=(Equal(strategy("S4"), WEIGHT * (1 / R + 1 / Q)),),
        world=WORLD,
        note="S4 divides by it; S1 multiplies. Nor can making all scores smaller explain a mask, "
        "which only compares them.",
        severity="medium",
        code=CODE,
        reads="dividing by the former (S2) or multiplying by the latter (S4)",
    )


def s1_multiplies_and_s4_divides_by_the_reciprocal_norms() -> Claim:
    """The repair of the sentence."""
    return Claim(
        id="s1_multiplies_and_s4_divides_by_the_reciprocal_norms",
        locus="Appendix C.3",
        form="repaired",
        title="S1 is |W_jk| times 1/‖W_j:‖_p + 1/‖W_:k‖_p, and S4 is |W_jk| divided by it.",
        statements=(
            Equal(strategy("S1"), WEIGHT / R + WEIGHT / Q),
            Equal(strategy("S4"), WEIGHT * R * Q / (R + Q)),
        ),
        world=WORLD,
        assumptions=(no_dead_neuron(WORLD),),
        code=CODE,
        repairs=("s4_multiplies_by_the_reciprocal_norms",),
    )


def opposite_strategies_multiply_to_the_squared_weight() -> Claim:
    """S1·S4 = S2·S3 = W²."""
    return Claim(
        id="opposite_strategies_multiply_to_the_squared_weight",
        locus="Appendix C.3",
        form="beyond",
        title="S1·S4 = S2·S3 = W_jk².",
        statements=(
            Equal(product("S1", "S4"), W[j, k] ** 2),
            Equal(product("S2", "S3"), W[j, k] ** 2),
        ),
        world=WORLD,
        assumptions=(no_dead_neuron(WORLD),),
        note="Where magnitudes agree, S4 prunes what S1 keeps, and S3 what S2 keeps.",
        code=CODE,
    )


def harmonic_strategies_are_a_quarter_at_most() -> Claim:
    """The arithmetic mean is at least the harmonic one."""
    gap = WEIGHT * (R - Q) ** 2 / (R * Q * (R + Q))
    return Claim(
        id="harmonic_strategies_are_a_quarter_at_most",
        locus="Appendix C.3",
        form="beyond",
        title="4·S2 ≤ S1 and 4·S4 ≤ S3.",
        statements=(
            AtMost(4 * strategy("S2"), strategy("S1"), extra=gap),
            AtMost(4 * strategy("S4"), strategy("S3"), extra=gap * R * Q),
        ),
        world=WORLD,
        assumptions=(no_dead_neuron(WORLD),),
        code=CODE,
    )


def counting_weights_orders_a_dense_layer_like_wanda() -> Claim:
    """Table 7's p = 0 on a layer without zeros."""
    from_input = Sum(sign(W[j, v]) ** 2, (v, 1, c))
    into_output = Sum(sign(W[u, k]) ** 2, (u, 1, b))
    score = WEIGHT * (1 / from_input + 1 / into_output)
    world = dense(LAYER)
    length = column_norm(j)
    return Claim(
        id="counting_weights_orders_a_dense_layer_like_wanda",
        locus="Appendix C.2",
        form="beyond",
        title="For p = 0 and no zero weight, the score is (1/b + 1/c)|W_jk|, and with α = 1 that "
        "multiple of Wanda's.",
        statements=(
            Equal(score, (1 / b + 1 / c) * WEIGHT),
            Equal(score * length, (1 / b + 1 / c) * scores.wanda(j, k)),
        ),
        world=world,
        assumptions=(no_zero_weight(world),),
        note="p = 0 is not a norm of its own in Table 7: its column repeats Wanda's (7.78 and 7.79 "
        "on LLaMA2-7b), as one constant changes no order.",
        code=CODE,
    )


CLAIMS = (
    s4_multiplies_by_the_reciprocal_norms(),
    s1_multiplies_and_s4_divides_by_the_reciprocal_norms(),
    opposite_strategies_multiply_to_the_squared_weight(),
    harmonic_strategies_are_a_quarter_at_most(),
    counting_weights_orders_a_dense_layer_like_wanda(),
)
