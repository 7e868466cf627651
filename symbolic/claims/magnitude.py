"""Magnitude pruning as a symmetric objective (Table 1, printed "Marginal").

X = I needs a row for every input; nothing else is assumed.
"""

from __future__ import annotations

from dataclasses import replace

from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.claim import Assumption, Claim, Equal
from pruneproof.symbolic.claims.worlds import LAYER
from pruneproof.symbolic.notation import a, b, j, k

TALL = LAYER.having(at_most={b: (a,)})


def identity_and_zero_recover_magnitude() -> Claim:
    """Table 1: X = I and Y = 0."""
    return Claim(
        id="identity_and_zero_recover_magnitude",
        locus="Table 1, Marginal",
        form="as_printed",
        title="X = I and Y = 0 give the score |W_jk|.",
        statements=(
            Equal(replace(constructions.magnitude(), rows=a).score(j, k), scores.magnitude(j, k)),
        ),
        world=TALL,
        assumptions=(
            Assumption("X = I has a row for every input, a ≥ b", without=LAYER, printed=True),
        ),
        code="pruneproof.reference.constructions.magnitude",
    )


CLAIMS = (identity_and_zero_recover_magnitude(),)
