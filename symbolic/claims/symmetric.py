"""X = Y = Wᵀ: Corollary 3.4, and Table 1's Symmetric row, which prints another score.

The shapes a = c and d = b are printed, and X = Wᵀ has no meaning without them.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.claim import Assumption, AtMost, Claim, Equal
from pruneproof.symbolic.claims.single_removal import cost
from pruneproof.symbolic.claims.worlds import WEIGHTS
from pruneproof.symbolic.notation import W, a, b, c, d, j, j2, k, k2

TRANSPOSES = replace(constructions.symmetric(), rows=a, columns=d)
SHAPED = WEIGHTS.having(equal_sizes={a: c, d: b})
SHAPES = Assumption(
    "X = Wᵀ and Y = Wᵀ: a = c and d = b", without=WEIGHTS.having(lengths=(a, d)), printed=True
)


def transposes_recover_the_symmetric_score() -> Claim:
    """Corollary 3.4: the sum of both norms, without a root over it."""
    return Claim(
        id="transposes_recover_the_symmetric_score",
        locus="Corollary 3.4",
        form="as_printed",
        title="With X = Y = Wᵀ, removing W_jk costs |W_jk|(‖W_j:‖₂ + ‖W_:k‖₂).",
        statements=(Equal(cost(TRANSPOSES), scores.symmetric(j, k)),),
        world=SHAPED,
        assumptions=(SHAPES,),
        code="pruneproof.reference.scores.symmetric",
    )


def symmetric_row_has_a_root_over_the_squares() -> Claim:
    """Table 1 gives the pair the root of the sum of squares."""
    return Claim(
        id="symmetric_row_has_a_root_over_the_squares",
        locus="Table 1, Symmetric",
        form="as_printed",
        title="X = Y = Wᵀ give the score |W_jk|·√(‖W_j:‖₂² + ‖W_:k‖₂²).",
        statements=(Equal(TRANSPOSES.score(j, k), scores.symmetric_squared(j, k)),),
        world=SHAPED,
        note="The root belongs to the squared objective of Appendix B; for (Sym) the score is the "
        "sum of the two norms, as in Corollary 3.4.",
        severity="high",
        code="pruneproof.reference.scores.symmetric_squared",
    )


def symmetric_row_orders_weights_like_corollary_3_4() -> Claim:
    """Whether the slip of Table 1 could do no harm to a mask."""
    sums = scores.symmetric(j, k) - scores.symmetric(j2, k2)
    roots = scores.symmetric_squared(j, k) - scores.symmetric_squared(j2, k2)
    entries = {(1, 1): 1, (1, 2): 2, (2, 1): 6, (2, 2): 1}
    return Claim(
        id="symmetric_row_orders_weights_like_corollary_3_4",
        locus="Table 1, Symmetric",
        form="as_printed",
        title="The scores of Table 1 and of Corollary 3.4 order any two weights alike.",
        statements=(AtMost(sympy.Integer(0), sums * roots),),
        world=WEIGHTS.having(indices={j: b, k: c, j2: b, k2: c}),
        witness={W: entries, b: 2, c: 2, j: 1, k: 1, j2: 1, k2: 2},
        shows=(
            ("Corollary 3.4's S_jk", scores.symmetric(j, k)),
            ("S_jk′", scores.symmetric(j2, k2)),
            ("Table 1's S_jk", scores.symmetric_squared(j, k)),
            ("S_jk′ there", scores.symmetric_squared(j2, k2)),
        ),
        note="They do not: of 1 and 2 in W = [[1, 2], [6, 1]], the sum prunes the weight 1 first "
        "(8.32 < 8.94), the root the weight 2 (6.48 > 6.32). The two are different methods.",
        severity="high",
        code="pruneproof.reference.scores.symmetric_squared",
        reads="Corollary 3.4",
    )


def symmetric_row_with_the_sum() -> Claim:
    """Table 1 with the score of Corollary 3.4."""
    return Claim(
        id="symmetric_row_with_the_sum",
        locus="Table 1, Symmetric",
        form="repaired",
        title="X = Y = Wᵀ give the score |W_jk|(‖W_j:‖₂ + ‖W_:k‖₂).",
        statements=(Equal(TRANSPOSES.score(j, k), scores.symmetric(j, k)),),
        world=SHAPED,
        assumptions=(SHAPES,),
        code="pruneproof.reference.constructions.symmetric",
        repairs=(
            "symmetric_row_has_a_root_over_the_squares",
            "symmetric_row_orders_weights_like_corollary_3_4",
        ),
    )


CLAIMS = (
    transposes_recover_the_symmetric_score(),
    symmetric_row_has_a_root_over_the_squares(),
    symmetric_row_orders_weights_like_corollary_3_4(),
    symmetric_row_with_the_sum(),
)
