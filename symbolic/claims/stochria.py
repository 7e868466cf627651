r"""StochRIA's score and constructions: Eq. (4), Lemma 3.10 and its row of Table 1.

.. math:: S_{jk} = |W_{jk}|\,(\lVert W_{j:S_j}\rVert_1^{-1} + \lVert W_{S_k:k}\rVert_1^{-1})

χ marks the sample S_j among the c outputs, η the sample S_k among the b inputs. Both
constructions need a = c and d = b (or that the sampled indices fit, with zeros elsewhere), and
sampled norms that are not zero; the first one needs |S_j| = |S_k| = τ, which §3.5.2 says and
the lemma does not. The printed τ < min(b, c) is not needed: τ ≤ min(b, c) is all that a sample
without repetition asks for. How the score relates to RI is in `stochria_lengths`.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Abs, Integer, Sum, Symbol

from pruneproof.symbolic import constructions
from pruneproof.symbolic.claim import Assumption, AtMost, Claim, Equal
from pruneproof.symbolic.claims.worlds import WEIGHTS
from pruneproof.symbolic.constructions import Construction, chi, eta
from pruneproof.symbolic.notation import W, a, b, c, d, i, j, k, tau
from pruneproof.symbolic.world import REAL, Kind, World

CODE = "pruneproof.reference.scores.stochria"

FROM_INPUT, INTO_OUTPUT = constructions.stochria_norms(j, k)
SCORE = Abs(W[j, k]) * (1 / FROM_INPUT + 1 / INTO_OUTPUT)
"""Eq. (4)."""

taken = Symbol("n_j", integer=True, positive=True)
taken_too = Symbol("n_k", integer=True, positive=True)


def sampled(of_input=tau, of_output=tau) -> World:
    """The world with a sample of outputs for input j and of inputs for output k."""
    bounds = {of_input: (c,), of_output: (b,)}
    return WEIGHTS.having(
        arrays={
            W: ((b, c), REAL),
            chi: ((c,), Kind("indicator", of_input)),
            eta: ((b,), Kind("indicator", of_output)),
        },
        facts=(
            (Sum(chi[i], (i, 1, c)), of_input),
            (Sum(eta[i], (i, 1, b)), of_output),
        ),
        at_most=bounds if len(bounds) == 2 else {tau: (b, c)},
        nonzero=(FROM_INPUT, INTO_OUTPUT),
        equal_sizes={a: c, d: b},
    )


EQUALLY = sampled()
FREELY = sampled(taken, taken_too)


def _assumptions(world: World) -> tuple[Assumption, ...]:
    return (
        Assumption(
            "X has a row for every output, a = c",
            without=world.having(equal_sizes={d: b}, lengths=(a,)),
        ),
        Assumption(
            "Y has a column for every input, d = b",
            without=world.having(equal_sizes={a: c}, lengths=(d,)),
        ),
        Assumption("the sampled norms are not zero", without=world.having(nonzero=())),
    )


CARDINALITY = Assumption(
    "both samples have τ distinct indices (said in §3.5.2, not in the lemma)",
    without=FREELY.having(at_most={**FREELY.at_most, tau: (b, c)}),
    printed=True,
)


def _fitted(construction: Construction) -> Construction:
    return replace(construction, rows=a, columns=d)


def indicators_recover_the_stochastic_score() -> Claim:
    """Lemma 3.10, first construction."""
    construction = _fitted(constructions.stochria_indicator(j, k))
    return Claim(
        id="indicators_recover_the_stochastic_score",
        locus="Lemma 3.10",
        form="as_printed",
        title="1{i ∈ S_j}/(‖W_j:S_j‖₁√τ) and 1{i ∈ S_k}/(‖W_S_k:k‖₁√τ) recover Eq. (4).",
        statements=(Equal(construction.score(j, k), SCORE),),
        world=EQUALLY,
        assumptions=(CARDINALITY, *_assumptions(EQUALLY)),
        note="The lemma's τ > 0 is not enough: the samples need τ indices each, inside X and Y, "
        "and norms that are not zero. τ = min(b, c) is allowed, against §3.5.2.",
        severity="medium",
        code="pruneproof.reference.constructions.stochria_indicator",
    )


def sampled_weights_recover_the_stochastic_score() -> Claim:
    """The second construction, in Appendix A.6."""
    construction = _fitted(constructions.stochria_aligned(j, k))
    return Claim(
        id="sampled_weights_recover_the_stochastic_score",
        locus="Appendix A.6",
        form="as_printed",
        title="W_j:S_j/(‖W_j:S_j‖₁‖W_j:S_j‖₂) and W_S_k:k/(‖W_S_k:k‖₁‖W_S_k:k‖₂) recover Eq. (4).",
        statements=(Equal(construction.score(j, k), SCORE),),
        world=FREELY,
        assumptions=_assumptions(FREELY),
        note="Here the samples may have any sizes, different ones too.",
        severity="medium",
        code="pruneproof.reference.constructions.stochria_aligned",
    )


def stochria_row_has_the_stochastic_score() -> Claim:
    """Table 1, StochRIA."""
    return replace(
        indicators_recover_the_stochastic_score(),
        id="stochria_row_has_the_stochastic_score",
        locus="Table 1, StochRIA",
        title="The indicators have the score |W_jk|(1/‖W_j:S_j‖₁ + 1/‖W_S_k:k‖₁).",
    )


def all_sampling_ratios_keep_tau_below_the_smaller_size() -> Claim:
    """§3.5.2's τ < min(b, c) against Table 9's β = 1."""
    world = World(lengths=(b, c), at_most={tau: (b, c)})
    return Claim(
        id="all_sampling_ratios_keep_tau_below_the_smaller_size",
        locus="§3.5.2",
        form="as_printed",
        title="τ < min(b, c) for every sample of at most min(b, c) indices, β = 1 included.",
        statements=(AtMost(tau + Integer(1), b), AtMost(tau + Integer(1), c)),
        world=world,
        note="β = 1 in Table 9 means τ = min(b, c). Lemma 3.10 needs no repair: it is proved for "
        "τ ≤ min(b, c).",
        severity="low",
        code=CODE,
        reads="where τ < min(b, c)",
    )


CLAIMS = (
    all_sampling_ratios_keep_tau_below_the_smaller_size(),
    indicators_recover_the_stochastic_score(),
    sampled_weights_recover_the_stochastic_score(),
    stochria_row_has_the_stochastic_score(),
)
