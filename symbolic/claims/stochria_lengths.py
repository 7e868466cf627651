r"""How StochRIA's score relates to RI: Eq. (4) and §3.5.2, and what its sampling costs.

One τ serves both samples, though ‖W_j:‖₁ has c terms and ‖W_:k‖₁ has b. A sampled norm is about
τ/c of the first and τ/b of the second, so the input term grows by c/τ and the output term by
b/τ: their balance is off by c/b, whatever τ is, and stays so when as much is sampled as the
paper allows. Multiplying the sampled norms by c/τ and b/τ repairs it. Layers in which all
weights have one magnitude ω show this exactly; for others it holds on average over the samples.
"""

from __future__ import annotations

from sympy import Abs, Sum, Symbol

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import AtMost, Claim, Equal
from pruneproof.symbolic.claims.stochria import CODE, FROM_INPUT, INTO_OUTPUT, SCORE, sampled
from pruneproof.symbolic.claims.worlds import WEIGHTS, live, no_dead_neuron
from pruneproof.symbolic.constructions import chi, eta
from pruneproof.symbolic.notation import W, b, c, input_norm, j, k, output_norm, tau, u, v
from pruneproof.symbolic.transposition import with_entries
from pruneproof.symbolic.world import POSITIVE, Kind, World

omega = Symbol("omega", positive=True)
K = Symbol("K", integer=True, positive=True)


def alike(formula):
    """The formula for weights of one magnitude ω."""
    return with_entries(formula, {W: lambda row, column: omega})


ALIKE = sampled().having(
    arrays={base: sampled().arrays[base] for base in (chi, eta)},
    scalars={omega: POSITIVE},
    equal_sizes={},
    nonzero=(),
)

STOCHASTIC = alike(Abs(W[j, k]) / FROM_INPUT), alike(Abs(W[j, k]) / INTO_OUTPUT)
FULL = alike(Abs(W[j, k]) / input_norm(j)), alike(Abs(W[j, k]) / output_norm(k))
"""The input term and the output term, sampled and in full, for weights of one magnitude."""

CORRECTED = Abs(W[j, k]) * (1 / (c / tau * FROM_INPUT) + 1 / (b / tau * INTO_OUTPUT))


def sampling_all_that_is_allowed_gives_relative_importance() -> Claim:
    """Eq. (4) at β = 1, where τ = min(b, c); here b ≤ c."""
    full_column = with_entries(SCORE, {eta: lambda index: 1})
    world = live(WEIGHTS).having(
        arrays={**live(WEIGHTS).arrays, chi: ((c,), Kind("indicator", b))},
        at_most={b: (c,)},
        nonzero=(FROM_INPUT,),
    )
    return Claim(
        id="sampling_all_that_is_allowed_gives_relative_importance",
        locus="Appendix C.4",
        form="as_printed",
        title="With τ = min(b, c), StochRIA's score is RI.",
        statements=(Equal(full_column, scores.ri(j, k)),),
        world=world,
        note="For b < c each row norm still misses c − b weights, while the columns are complete: "
        "β = 1 is not RI, and Table 9's β = 1 differs from RI's figures.",
        severity="high",
        code=CODE,
        reads="these ratios are applied over min(b, c) … when sampling across entire rows and "
        "columns",
    )


def sampling_everything_gives_relative_importance() -> Claim:
    """Eq. (4) with |S_j| = c and |S_k| = b."""
    everything = with_entries(SCORE, {chi: lambda index: 1, eta: lambda index: 1})
    world = live(WEIGHTS)
    return Claim(
        id="sampling_everything_gives_relative_importance",
        locus="Eq. (4)",
        form="repaired",
        title="With all c weights of an input and all b of an output, StochRIA's score is RI.",
        statements=(Equal(everything, scores.ri(j, k)),),
        world=world,
        assumptions=(no_dead_neuron(world),),
        note="Two sample sizes, c and b, where the paper has one.",
        code=CODE,
        repairs=("sampling_all_that_is_allowed_gives_relative_importance",),
    )


def one_sample_size_keeps_the_balance_of_the_terms() -> Claim:
    """§3.5.2: one τ for rows and columns."""
    return Claim(
        id="one_sample_size_keeps_the_balance_of_the_terms",
        locus="§3.5.2",
        form="as_printed",
        title="With one τ for both samples, the input and the output term keep RI's proportion.",
        statements=(Equal(STOCHASTIC[0] / STOCHASTIC[1], FULL[0] / FULL[1]),),
        world=ALIKE,
        note="It is off by c/b, for every τ. In a layer of 4096 × 11008 that is 2.7 (or 0.37).",
        severity="high",
        code=CODE,
        reads="each with a cardinality of τ. This approach builds on the RIA-inspired framework",
    )


def one_sample_size_distorts_the_balance_by_c_over_b() -> Claim:
    """The exact distortion."""
    return Claim(
        id="one_sample_size_distorts_the_balance_by_c_over_b",
        locus="§3.5.2",
        form="repaired",
        title="For |W| = ω, sampling multiplies the input term by c/τ and the output term by b/τ.",
        statements=(
            Equal(STOCHASTIC[0] / FULL[0], c / tau),
            Equal(STOCHASTIC[1] / FULL[1], b / tau),
            Equal((STOCHASTIC[0] / STOCHASTIC[1]) / (FULL[0] / FULL[1]), c / b),
        ),
        world=ALIKE,
        note="The proportion c/b does not depend on τ, so no sampling ratio makes it small.",
        code=CODE,
        repairs=("one_sample_size_keeps_the_balance_of_the_terms",),
    )


def corrected_lengths_restore_relative_importance() -> Claim:
    """Norms multiplied by c/τ and b/τ."""
    return Claim(
        id="corrected_lengths_restore_relative_importance",
        locus="Eq. (4)",
        form="repaired",
        title="For |W| = ω, with the sampled norms multiplied by c/τ and b/τ, the score is RI.",
        statements=(Equal(alike(CORRECTED), 1 / c + 1 / b),),
        world=ALIKE,
        note="`length_corrected=True` in pruneproof.reference.",
        code=CODE,
        repairs=("one_sample_size_keeps_the_balance_of_the_terms",),
    )


ADDITIONS = Sum(c - 1, (u, 1, b)) + Sum(b - 1, (v, 1, c))
SAMPLED_ADDITIONS = Sum(tau - 1, (u, 1, b)) + Sum(tau - 1, (v, 1, c))
"""What the norms of a layer cost: b sums of c terms and c sums of b terms, or of τ."""

SIZES = World(lengths=(b, c), at_most={tau: (b, c)})
SQUARE = World(lengths=(K,), equal_sizes={b: K + 2, c: K + 2})


def norms_cost_a_multiple_of_b_plus_c() -> Claim:
    """§3.5.2: O(b + c) for a layer; here for b = c = K + 2 against the constant K."""
    return Claim(
        id="norms_cost_a_multiple_of_b_plus_c",
        locus="§3.5.2",
        form="as_printed",
        title="RI's norms of a layer take at most K(b + c) additions for some constant K.",
        statements=(AtMost(ADDITIONS, K * (b + c)),),
        world=SQUARE,
        note="For every K the square layer b = c = K + 2 takes more: the norms cost 2bc − b − c, "
        "the order of the layer itself. O(b + c) is the cost for one weight.",
        severity="medium",
        code="pruneproof.reference.scores.ri",
        reads="For RIA in each weight layer, the reweighting sampling complexity is O(b + c).",
    )


def sampled_norms_cost_a_multiple_of_tau() -> Claim:
    """§3.5.2: O(β·min(b, c)) for a layer; here τ = 2."""
    pairs = SAMPLED_ADDITIONS.subs(tau, 2)
    return Claim(
        id="sampled_norms_cost_a_multiple_of_tau",
        locus="§3.5.2",
        form="as_printed",
        title="StochRIA's norms of a layer take at most Kτ additions for some constant K.",
        statements=(AtMost(pairs, 2 * K),),
        world=SQUARE,
        note="They take (b + c)(τ − 1): every input and every output has its sample. For τ = 2 and "
        "b = c = K + 2 that is 2K + 4.",
        severity="medium",
        code=CODE,
        reads="the sampling complexity can be reduced to O(β min(b, c))",
    )


def norms_cost_2bc_and_sampled_norms_b_plus_c_times_tau() -> Claim:
    """The exact counts."""
    return Claim(
        id="norms_cost_2bc_and_sampled_norms_b_plus_c_times_tau",
        locus="§3.5.2",
        form="repaired",
        title="A layer's norms take 2bc − b − c additions in full and (b + c)(τ − 1) sampled.",
        statements=(
            Equal(ADDITIONS, 2 * b * c - b - c),
            Equal(SAMPLED_ADDITIONS, (b + c) * (tau - 1)),
        ),
        world=SIZES,
        note="Forming the b·c scores costs the order of the layer in any case.",
        code=CODE,
        repairs=(
            "norms_cost_a_multiple_of_b_plus_c",
            "sampled_norms_cost_a_multiple_of_tau",
        ),
    )


CLAIMS = (
    sampling_all_that_is_allowed_gives_relative_importance(),
    sampling_everything_gives_relative_importance(),
    one_sample_size_keeps_the_balance_of_the_terms(),
    one_sample_size_distorts_the_balance_by_c_over_b(),
    corrected_lengths_restore_relative_importance(),
    norms_cost_a_multiple_of_b_plus_c(),
    sampled_norms_cost_a_multiple_of_tau(),
    norms_cost_2bc_and_sampled_norms_b_plus_c_times_tau(),
)
