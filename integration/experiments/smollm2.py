"""The experiments on SmolLM2-135M: every statement of the paper that one small model can answer.

They stand in the order in which they are worked through: the headline first, so that a run that is
stopped early has answered most. Activations enter scores with the powers α of the paper's tables.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.text.held_out import CALIBRATION, EVALUATION

MODEL, DTYPE = "SmolLM2-135M-Instruct", "float32"
DATA = Texts(CALIBRATION, EVALUATION, samples=16, seqlen=512, windows=20)
RECORDED = Path(__file__).with_name("smollm2_135m.jsonl")
"""The ledger of what was measured."""

DENSE = Experiment(MODEL, None, DATA, DTYPE)

ALPHAS = (0.0, 0.5, 1.0, 2.0)
BETAS = (1.0, 0.9, 0.5, 0.1, 0.05, 0.01)
NORMS = (1.0, 2.0, 3.0, 4.0, 0.0, inf)
STRATEGIES = ("S1", "S2", "S3", "S4")
SEEDS = (0, 1, 2)
SAMPLING_SEEDS = (0, 1, 2, 3, 4)
PATTERNS = ((2, 4), (4, 8))
SPARSITIES = (0.4, 0.5, 0.6, 0.7)
BASES = ("magnitude", "wanda", "ria")

Row = dict[str, Any]
"""A method with its parameters, as keywords of `pruned`."""


def pruned(
    method: str,
    sparsity: float | None = 0.5,
    *,
    n_m: tuple[int, int] | None = None,
    group: str = "output",
    refine: str | None = None,
    refining: dict[str, Any] | None = None,
    calibration_seed: int = 0,
    **parameters: Any,
) -> Experiment:
    """One experiment; n_m takes the place of sparsity, and parameters are those of the score."""
    plan = Plan(
        method,
        sparsity=None if n_m else sparsity,
        n_m=n_m,
        group=group,
        parameters=parameters,
        refine=refine,
        refine_parameters=refining or {},
    )
    return Experiment(MODEL, plan, replace(DATA, seed=calibration_seed), DTYPE)


def magnitude(**more: Any) -> Experiment:
    """Magnitude, which has no parameters."""
    return pruned("magnitude", **more)


def wanda(alpha: float = 1.0, **more: Any) -> Experiment:
    """Wanda, and for α ≠ 1 what Table 3 calls so."""
    return pruned("wanda", alpha=alpha, **more) if alpha else magnitude(**more)


def ria(alpha: float = 1.0, terms: str = "both", **more: Any) -> Experiment:
    """RIA; of Tables 2, 4, 7 and 9 with α = 1, of Tables 5, 6 and 8 with α = 0.5."""
    return pruned("ria", alpha=alpha, terms=terms, **more)


def stochria(ratio: float = 0.1, seed: int = 0, **more: Any) -> Experiment:
    """StochRIA with α = 1, as in Tables 2, 4 and 9."""
    return pruned("stochria", ratio=ratio, seed=seed, alpha=1.0, **more)


def lp(p: float, **more: Any) -> Experiment:
    """RIA with another norm and α = 1, as in Table 7."""
    return pruned("lp", p=p, strategy="S1", alpha=1.0, **more) if p != 1 else ria(**more)


def strategy(name: str) -> Experiment:
    """Another re-weighting with p = 1 and α = 0.5, as in Table 8."""
    return pruned("lp", p=1.0, strategy=name, alpha=0.5) if name != "S1" else ria(0.5)


def base(name: str, **more: Any) -> Experiment:
    """What Table 5 refines: 60 % sparsity, α = 0.5."""
    alpha = {} if name == "magnitude" else {"alpha": 0.5}
    terms = {"terms": "both"} if name == "ria" else {}
    return pruned(name, 0.6, **alpha, **terms, **more)


def r2_dsnot(name: str, grow: bool = True, prune: bool = False, **refining: Any) -> Experiment:
    """R²-DSnoT after a base of Table 5; by default with what Table 10 calls best for Wanda."""
    relative = {"relative_grow": grow, "relative_prune": prune, "alpha": 0.5}
    return base(name, refine="r2_dsnot", refining={**relative, **refining})


def of_all(**more: Any) -> list[Experiment]:
    """The four methods of Tables 2 and 4."""
    return [each(**more) for each in (magnitude, wanda, ria, stochria)]


PRINTED = {"form": "printed", "gamma_grow": 0.0}
REGULARISERS = ({"p": 2, "gamma_prune": 1e-4}, {"p": 1, "gamma_prune": 1e-3})

SECTIONS: dict[str, list[Experiment]] = {
    "50 %": [DENSE, *of_all(), ria(0.5), magnitude(group="layer"), pruned("symmetric"), lp(2.0)],
    "layers": [each(a, group="layer") for each in (wanda, ria) for a in (1.0, 0.5)],
    "seeds": [
        *(wanda(calibration_seed=seed) for seed in SEEDS),
        *(ria(0.5, calibration_seed=seed) for seed in SEEDS),
        *(stochria(seed=seed) for seed in SAMPLING_SEEDS[:2]),
    ],
    "60 %": [*of_all(sparsity=0.6), base("wanda"), base("ria")],
    "refinements": [
        refined for name in BASES for refined in (base(name, refine="dsnot"), r2_dsnot(name))
    ],
    "n:m": [each for pattern in PATTERNS for each in of_all(n_m=pattern)],
    "samples": [stochria(seed=seed) for seed in SAMPLING_SEEDS],
    "α": [
        *(wanda(alpha) for alpha in ALPHAS),
        *(ria(alpha) for alpha in ALPHAS),
        *(ria(alpha, "input") for alpha in ALPHAS),
        ria(1.0, "output"),
        *(ria(1.0, terms, group="layer") for terms in ("input", "output")),
    ],
    "β": [stochria(ratio) for ratio in BETAS],
    "p": [lp(p) for p in NORMS],
    "strategies": [strategy(name) for name in STRATEGIES],
    "sparsity": [each for s in (0.7, 0.4) for each in of_all(sparsity=s)],
    "R²-DSnoT": [
        *(r2_dsnot("wanda", grow, prune) for grow in (True, False) for prune in (True, False)),
        *(r2_dsnot("wanda", **PRINTED, **each) for each in REGULARISERS),
        *(r2_dsnot("ria", grow, prune) for grow in (True, False) for prune in (True, False)),
    ],
}
"""Experiments by what they are for; some stand in several sections."""

EXPERIMENTS: list[Experiment] = list(
    {each.digest: each for section in SECTIONS.values() for each in section}.values()
)
"""Each once."""
