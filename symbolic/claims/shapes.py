r"""The sizes of §3.1 and the memory budgets of §3.1 and Appendix B.

X·W contracts the inputs of the layer, so b has to be C_in and a = N·L; the paper prints the
two the other way round. Its two budgets, (1 − ε)·Mem(W) and ε·Mem(W), give ε two meanings.
"""

from __future__ import annotations

from fractions import Fraction

from sympy import Sum, Symbol

from pruneproof.symbolic.claim import Claim, Equal
from pruneproof.symbolic.notation import W, X, a, b, c, k, u
from pruneproof.symbolic.world import POSITIVE, REAL, Kind, World

features = Symbol("C_in", integer=True, positive=True)
batch = Symbol("N", integer=True, positive=True)
length = Symbol("L", integer=True, positive=True)
TOKEN = Symbol("i'", integer=True, positive=True)

epsilon = Symbol("epsilon", nonnegative=True)
memory = Symbol("m", positive=True)
RATIOS = Kind("values", choices=tuple(Fraction(n, 8) for n in range(1, 8)))

PRODUCT = Sum(X[TOKEN, u] * W[u, k], (u, 1, b))
"""(XW)_ik as printed, with b terms."""
LAYER_OUTPUT = Sum(X[TOKEN, u] * W[u, k], (u, 1, features))
"""What a layer with C_in inputs puts out for a token."""

CALIBRATED = World(
    indices={TOKEN: batch * length, k: c},
    arrays={X: ((batch * length, features), REAL), W: ((features, c), REAL)},
)


def printed_sizes_make_the_product_the_output_of_the_layer() -> Claim:
    """§3.1: a = C_in and b = N·L."""
    return Claim(
        id="printed_sizes_make_the_product_the_output_of_the_layer",
        locus="§3.1",
        form="as_printed",
        title="With a = C_in and b = N·L, X·W is the output of the layer.",
        statements=(Equal(PRODUCT, LAYER_OUTPUT),),
        world=CALIBRATED.having(equal_sizes={a: features, b: batch * length}),
        note="The sizes have changed places: X is tokens × inputs, so a = N·L, and b = C_in is "
        "what X·W sums over.",
        severity="high",
    )


def inputs_are_contracted() -> Claim:
    """a = N·L and b = C_in."""
    return Claim(
        id="inputs_are_contracted",
        locus="§3.1",
        form="repaired",
        title="With a = N·L and b = C_in, X·W is the output of the layer.",
        statements=(Equal(PRODUCT, LAYER_OUTPUT),),
        world=CALIBRATED.having(equal_sizes={a: batch * length, b: features}),
        repairs=("printed_sizes_make_the_product_the_output_of_the_layer",),
    )


def both_budgets_are_the_same() -> Claim:
    """§3.1 and Appendix B with one ε."""
    return Claim(
        id="both_budgets_are_the_same",
        locus="Appendix B",
        form="as_printed",
        title="Mem(W̃) ≤ ε·Mem(W) is the budget (1 − ε)·Mem(W) of §3.1.",
        statements=(Equal(epsilon * memory, (1 - epsilon) * memory),),
        world=World(scalars={epsilon: RATIOS, memory: POSITIVE}),
        note="In §3.1, ε is the share that is removed (ε ∈ [0, 1)); in Appendix B, with "
        "ε ∈ (0, 1], the share that is kept.",
        severity="medium",
        reads="Choose ε ∈ (0, 1].",
    )


def budgets_agree_when_one_epsilon_is_the_rest_of_the_other() -> Claim:
    """ε of Appendix B is 1 − ε of §3.1."""
    kept = 1 - epsilon
    return Claim(
        id="budgets_agree_when_one_epsilon_is_the_rest_of_the_other",
        locus="Appendix B",
        form="repaired",
        title="With 1 − ε for its ε, Appendix B's budget is that of §3.1.",
        statements=(Equal((epsilon * memory).subs(epsilon, kept), memory - epsilon * memory),),
        world=World(scalars={epsilon: RATIOS, memory: POSITIVE}),
        repairs=("both_budgets_are_the_same",),
    )


CLAIMS = (
    printed_sizes_make_the_product_the_output_of_the_layer(),
    inputs_are_contracted(),
    both_budgets_are_the_same(),
    budgets_agree_when_one_epsilon_is_the_rest_of_the_other(),
)
