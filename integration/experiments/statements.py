"""What the paper's text says that SmolLM2-135M can answer, as comparisons of experiments.

A statement stands here as the paper makes it, whatever the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from pruneproof.integration.experiments.compare import Contrast, better
from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.experiments.smollm2 import (
    ALPHAS,
    BASES,
    BETAS,
    NORMS,
    PATTERNS,
    SAMPLING_SEEDS,
    STRATEGIES,
    base,
    lp,
    magnitude,
    r2_dsnot,
    ria,
    stochria,
    strategy,
    wanda,
)

ORDER, ALIKE = "order", "alike"


@dataclass(frozen=True)
class Statement:
    """One thing that the paper says.

    Attributes:
        locus: where.
        text: what.
        contrasts: the comparisons that it makes.
        kind: `order`, as the contrasts say; or `alike`, none can be told from 0.
        remark: what an answer depends on.
    """

    locus: str
    text: str
    contrasts: tuple[Contrast, ...]
    kind: str = ORDER
    remark: str = ""


def all_better(
    firsts: Experiment | list[Experiment], seconds: Experiment | list[Experiment]
) -> tuple[Contrast, ...]:
    """Each first has a smaller loss than each second."""
    ones = firsts if isinstance(firsts, list) else [firsts]
    others = seconds if isinstance(seconds, list) else [seconds]
    return tuple(better(one, other) for one in ones for other in others)


def over_alphas(*sections: tuple[float, tuple[float, ...]]) -> tuple[Contrast, ...]:
    """One power of the activation norm is better than others, for Wanda and for RIA's terms."""
    kinds = (wanda, ria, lambda alpha: ria(alpha, "input"))
    return tuple(
        contrast
        for kind in kinds
        for first, others in sections
        for contrast in all_better(kind(first), [kind(alpha) for alpha in others])
    )


HALF_BETTER = 0.5, (0.0, 1.0, 2.0)
ANY_BETTER = tuple((alpha, (0.0,)) for alpha in ALPHAS if alpha)
P_ORDERS = NORMS[:4] + NORMS[5:]

STATEMENTS = (
    Statement(
        "Table 2",
        "RIA (α = 1) is better than Wanda at 50 %.",
        (better(ria(), wanda()),),
        remark="Scores are compared within output neurons, as in Wanda's own code.",
    ),
    Statement(
        "Table 2",
        "RIA (α = 1) is better than Wanda at 50 %, between layer-wide groups.",
        (better(ria(group="layer"), wanda(group="layer")),),
        remark="RIA's code compares scores over the layer, also for Wanda, and the paper says that "
        "it left the defaults as they were.",
    ),
    Statement(
        "Table 3",
        "RIA is better than Wanda at each α.",
        tuple(better(ria(alpha), wanda(alpha)) for alpha in ALPHAS),
    ),
    Statement(
        "Table 3",
        "RIA is better than Wanda at α = 0.5, between layer-wide groups.",
        (better(ria(0.5, group="layer"), wanda(0.5, group="layer")),),
    ),
    Statement(
        "Table 4",
        "RIA is better than Wanda at 60 and 70 % (α = 1).",
        tuple(better(ria(sparsity=s), wanda(sparsity=s)) for s in (0.6, 0.7)),
    ),
    Statement(
        "Table 5",
        "At 60 % and α = 0.5 RIA is better than Wanda (LLaMA3-8b; the reverse on LLaMA2).",
        (better(base("ria"), base("wanda")),),
    ),
    Statement(
        "Table 2",
        "Wanda and RIA are better than magnitude at 50 %.",
        all_better([wanda(), ria()], magnitude()),
    ),
    Statement(
        "§4.1, Table 2",
        "StochRIA with 10 % of the weights is as good as RIA at 50 %.",
        all_better([stochria(seed=seed) for seed in SAMPLING_SEEDS], ria()),
        ALIKE,
    ),
    Statement(
        "§4.1, Table 2",
        "StochRIA is better than RIA in total: here at 50 %, 2:4 and 4:8.",
        (
            better(stochria(), ria()),
            *(better(stochria(n_m=each), ria(n_m=each)) for each in PATTERNS),
        ),
    ),
    Statement(
        "§4.2, Table 4",
        "StochRIA is better than RIA at every sparsity (LLaMA3-8b and OPT; the reverse on LLaMA2).",
        tuple(better(stochria(sparsity=s), ria(sparsity=s)) for s in (0.5, 0.6, 0.7)),
    ),
    Statement(
        "§4.1, C.4, Table 9",
        "StochRIA is stable for β ≥ 0.05.",
        all_better([stochria(ratio) for ratio in BETAS[1:5]], stochria(1.0)),
        ALIKE,
    ),
    Statement(
        "§4.1, C.4, Table 9",
        "At β = 0.01 performance drops significantly.",
        all_better([stochria(ratio) for ratio in BETAS[:5]], stochria(0.01)),
    ),
    Statement(
        "§4.2, Table 3",
        "Activations help: each power α > 0 is better than α = 0.",
        over_alphas(*ANY_BETTER),
    ),
    Statement(
        "§4.2, Table 3",
        "α = 0.5 is the best power, for every method.",
        over_alphas(HALF_BETTER),
    ),
    Statement(
        "§4.2, Table 3",
        "RI's input term alone is better than its output term alone.",
        (
            better(ria(1.0, "input"), ria(1.0, "output")),
            better(ria(1.0, "input", group="layer"), ria(1.0, "output", group="layer")),
        ),
        remark="The paper says that column sums matter more. In `nn.Linear`'s layout a column is "
        "an input, in the paper's an output. Within output neurons the output term is one constant "
        "per group and changes nothing, so there its score is Wanda's.",
    ),
    Statement(
        "§4.2, Table 3",
        "Both terms are better than one.",
        (
            *all_better(ria(), [ria(1.0, "input"), ria(1.0, "output")]),
            *all_better(
                ria(group="layer"),
                [ria(1.0, terms, group="layer") for terms in ("input", "output")],
            ),
        ),
    ),
    Statement(
        "§4.2, Table 4",
        "From 50 to 70 % Wanda loses more than RIA and StochRIA.",
        tuple(
            Contrast(
                lower=(other(sparsity=0.7), other(sparsity=0.5)),
                higher=(wanda(sparsity=0.7), wanda(sparsity=0.5)),
            )
            for other in (ria, stochria)
        ),
    ),
    Statement(
        "§4.3, Table 5",
        "R²-DSnoT is better than what it starts from.",
        tuple(better(r2_dsnot(name), base(name)) for name in BASES),
    ),
    Statement(
        "§4.3, Table 5",
        "R²-DSnoT is better than DSnoT.",
        tuple(better(r2_dsnot(name), base(name, refine="dsnot")) for name in BASES),
    ),
    Statement(
        "Table 5",
        "DSnoT is better than what it starts from (in 7 of the 9 printed cells).",
        tuple(better(base(name, refine="dsnot"), base(name)) for name in BASES),
    ),
    Statement(
        "§4.1, C.2, Table 7",
        "p = 1 is the best norm.",
        all_better(lp(1.0), [lp(p) for p in NORMS[1:]]),
    ),
    Statement(
        "C.2, Table 7",
        "Each p of 1, 2, 3, 4, ∞ is better than the next.",
        tuple(better(lp(lower), lp(higher)) for lower, higher in pairwise(P_ORDERS)),
    ),
    Statement(
        "C.2, Table 7",
        "p = 0 and p = ∞ are worse than p = 1, 2, 3, 4.",
        all_better([lp(p) for p in NORMS[:4]], [lp(p) for p in NORMS[4:]]),
    ),
    Statement(
        "C.3, Table 8",
        "S1 is the best strategy.",
        all_better(strategy("S1"), [strategy(name) for name in STRATEGIES[1:]]),
    ),
    Statement(
        "C.5, Table 10",
        "Relative importance in growing or in pruning is better than in neither.",
        tuple(
            better(r2_dsnot(name, *lines), r2_dsnot(name, False, False))
            for name in ("wanda", "ria")
            for lines in ((True, False), (False, True))
        ),
    ),
    Statement(
        "C.5, Table 10",
        "Relative importance in both is worse than in neither.",
        tuple(
            better(r2_dsnot(name, False, False), r2_dsnot(name, True, True))
            for name in ("wanda", "ria")
        ),
    ),
)
