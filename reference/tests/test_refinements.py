"""DSnoT and R²-DSnoT against a rendering that shares no code with them, one output at a time.

The drawn numbers are small dyadic rationals, so sums are exact and both sides round every other
operation in the same way: masks are compared bit for bit.
"""

import inspect
import math
from fractions import Fraction
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pruneproof.reference.masks import keep_n_of_m
from pruneproof.reference.refinements import dsnot, r2_dsnot

REFINEMENTS = [dsnot, r2_dsnot]
LIMITS = {
    "max_cycles": 50,
    "update_threshold": 0.1,
    "same_sign": False,
    "guard": False,
    "m": None,
}
R2 = {
    "p": 2,
    "gamma_grow": 0.0,
    "gamma_prune": 1e-4,
    "relative_grow": True,
    "relative_prune": False,
    "alpha": 0.5,
    "form": "repaired",
}


def norm(numbers, p):
    magnitudes = [abs(number) for number in numbers]
    if p == math.inf:
        return max(magnitudes, default=0.0)
    if p == 0:
        return float(sum(magnitude != 0 for magnitude in magnitudes))
    return sum(magnitudes) if p == 1 else math.sqrt(sum(m * m for m in magnitudes))


def divided(number, variance):
    if variance > 0:
        return number / variance
    return math.copysign(torch.finfo(torch.float64).max, number) if number != 0 else 0.0


def refined_slowly(W, keep, mean, var, x_norm, options, zeros_grow=False):
    """Swap for each output in turn. R²-DSnoT with D and W left in place is DSnoT.

    With zeros_grow, whatever is pruned may grow, as the arg max of §3.6 is printed.
    """
    outputs = range(W.shape[1])
    W, keep, mean, var, x_norm = (t.tolist() for t in (W, keep, mean, var, x_norm))
    remaining = [
        [w * kept for w, kept in zip(*rows, strict=True)] for rows in zip(W, keep, strict=True)
    ]
    by_output = list(zip(*remaining, strict=True))
    statistics = (mean, var, x_norm, remaining, by_output, zeros_grow)
    refined = [
        refine_output(k, [row[k] for row in W], [row[k] for row in keep], *statistics, options)
        for k in outputs
    ]
    return [list(row) for row in zip(*refined, strict=True)]


def refine_output(k, w, keep, mean, var, x_norm, remaining, by_output, zeros_grow, options):
    def importance(j):
        terms = [norm(by_output[k], 1), norm(remaining[j], 1)]
        return sum(1 / term for term in terms if term > 0)

    def gain(j, sign):
        number = mean[j] if options["form"] == "printed" else w[j] * mean[j]
        if options["relative_grow"]:
            number *= importance(j)
        constant = norm(by_output[k], options["p"]) if options["form"] == "printed" else 0
        return divided(sign * number, var[j]) + options["gamma_grow"] * constant

    def cost(j):
        number = abs(w[j]) * (importance(j) if options["relative_prune"] else 1)
        constant = norm(by_output[k], options["p"]) if options["form"] == "printed" else 0
        return number * x_norm[j] ** options["alpha"] + options["gamma_prune"] * constant

    def of_one_group(i, j):
        return options["m"] is None or i // options["m"] == j // options["m"]

    inputs = range(len(w))
    growable = {j for j in inputs if not keep[j] and (w[j] != 0 or zeros_grow)}
    prunable = {j for j in inputs if keep[j]}
    error = sum(w[j] * mean[j] for j in growable)
    first_sign = (error > 0) - (error < 0)
    keep = list(keep)
    for _ in range(options["max_cycles"]):
        if abs(error) <= options["update_threshold"]:
            break
        sign = 1 if error > 0 else -1
        opposed = [j for j in sorted(prunable) if sign * w[j] * mean[j] < 0]
        matched = [i for i in sorted(growable) if any(of_one_group(i, j) for j in opposed)]
        if not matched:
            break
        grown = max(matched, key=lambda j: gain(j, sign))
        pruned = min((j for j in opposed if of_one_group(grown, j)), key=cost)
        after = error - w[grown] * mean[grown] + w[pruned] * mean[pruned]
        if options["guard"]:
            change = w[grown] * mean[grown] - w[pruned] * mean[pruned]
            if not 0 < sign * change < 2 * abs(error):
                break
        if options["same_sign"] and (after > 0) - (after < 0) != first_sign:
            break
        keep[grown], keep[pruned], error = True, False, after
        growable.remove(grown)
        prunable.remove(pruned)
    return keep


def tensors(draw, numbers, shape, dtype=torch.float64):
    count = math.prod(shape)
    drawn = draw(st.lists(st.sampled_from(numbers), min_size=count, max_size=count))
    return torch.tensor(drawn, dtype=dtype).reshape(shape)


def drawn_problem(draw, b):
    c = draw(st.integers(1, 5))
    return (
        tensors(draw, [-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0], (b, c)),
        tensors(draw, [True, False], (b, c), torch.bool),
        tensors(draw, [-2.0, -1.0, 0.0, 1.0, 1.5], (b,)),
        tensors(draw, [0.0, 0.5, 1.0, 3.0], (b,)),
        tensors(draw, [0.0, 1.0, 4.0, 16.0], (b,)),
    )


@st.composite
def problems(draw):
    return drawn_problem(draw, draw(st.integers(1, 9)))


@st.composite
def grouped_problems(draw):
    """A problem whose mask keeps any number of each group, and the length of a group."""
    m = draw(st.integers(2, 5))
    return drawn_problem(draw, m * draw(st.integers(1, 12 // m))), m


limits = st.fixed_dictionaries(
    {
        "max_cycles": st.sampled_from([0, 1, 2, 3, 50]),
        "update_threshold": st.sampled_from([0.0, 0.1, 1.0, 2.5]),
        "same_sign": st.booleans(),
        "guard": st.booleans(),
    }
)
r2_options = st.fixed_dictionaries(
    {
        "p": st.sampled_from([0, 1, 2, math.inf]),
        "gamma_grow": st.sampled_from([0.0, 1e-4, 1.0]),
        "gamma_prune": st.sampled_from([0.0, 1e-4, 1.0]),
        "relative_grow": st.booleans(),
        "relative_prune": st.booleans(),
        "alpha": st.sampled_from([0.0, 0.5, 1.0]),
        "form": st.sampled_from(["printed", "repaired"]),
    }
)


def refined_by(problem, options, r2):
    """Mask of R²-DSnoT, or of DSnoT where there are no options for R²."""
    return dsnot(*problem, **options) if r2 is None else r2_dsnot(*problem, **options, **r2)


def mean_error(W, keep, mean):
    """E[ε] of each output, exactly."""
    pruned = torch.where(keep, torch.zeros_like(W), W).T.tolist()
    means = [Fraction(number) for number in mean.tolist()]
    return [
        sum((Fraction(w) * m for w, m in zip(column, means, strict=True)), Fraction(0))
        for column in pruned
    ]


@given(problems(), limits)
def test_dsnot_is_the_slow_rendering(problem, options):
    plain = {**R2, "relative_grow": False, "alpha": 1.0, "gamma_prune": 0.0}
    expected = refined_slowly(*problem, LIMITS | plain | options)
    assert dsnot(*problem, **options).tolist() == expected


@given(problems(), limits, r2_options)
def test_r2_dsnot_is_the_slow_rendering(problem, options, r2):
    expected = refined_slowly(*problem, LIMITS | r2 | options)
    assert r2_dsnot(*problem, **options, **r2).tolist() == expected


def keyword_defaults(function):
    parameters = inspect.signature(function).parameters.values()
    return {x.name: x.default for x in parameters if x.kind is x.KEYWORD_ONLY}


def test_the_defaults_are_those_of_the_paper():
    # Appendix C.1, Table 5 for alpha, the best row of Table 10 for Wanda, the official code.
    assert keyword_defaults(dsnot) == LIMITS
    assert keyword_defaults(r2_dsnot) == R2 | LIMITS


@given(problems(), limits, r2_options, st.booleans())
def test_weights_are_only_swapped_within_an_output(problem, options, r2, relative):
    keep = problem[1]
    refined = r2_dsnot(*problem, **options, **r2) if relative else dsnot(*problem, **options)
    grown, pruned = (refined & ~keep).sum(0), (keep & ~refined).sum(0)
    assert grown.tolist() == pruned.tolist()
    assert (grown <= options["max_cycles"]).all()


@given(problems(), limits, r2_options, st.booleans())
def test_the_guard_lets_no_error_grow(problem, options, r2, relative):
    W, keep, mean = problem[:3]
    options = options | {"guard": True}
    refined = r2_dsnot(*problem, **options, **r2) if relative else dsnot(*problem, **options)
    before, after = mean_error(W, keep, mean), mean_error(W, refined, mean)
    changed = (refined != keep).any(0).tolist()
    for old, new, different in zip(before, after, changed, strict=True):
        assert abs(new) < abs(old) if different else new == old


@given(grouped_problems(), limits, st.none() | r2_options)
def test_within_groups_they_are_the_slow_rendering(grouped, options, r2):
    problem, m = grouped
    plain = {**R2, "relative_grow": False, "alpha": 1.0, "gamma_prune": 0.0}
    expected = refined_slowly(*problem, (r2 or plain) | options | {"m": m})
    assert refined_by(problem, options | {"m": m}, r2).tolist() == expected


@given(problems() | grouped_problems(), limits, st.none() | r2_options)
def test_where_no_pruned_weight_is_0_the_candidates_are_all_that_is_pruned(drawn, options, r2):
    (W, keep, *rest), m = drawn if len(drawn) == 2 else (drawn, None)
    W = torch.where(keep | (W != 0), W, 1.0)
    plain = {**R2, "relative_grow": False, "alpha": 1.0, "gamma_prune": 0.0}
    every = (r2 or plain) | options | {"m": m}
    expected = refined_slowly(W, keep, *rest, every, zeros_grow=True)
    assert refined_by((W, keep, *rest), options | {"m": m}, r2).tolist() == expected


@given(problems() | grouped_problems(), limits, st.none() | r2_options)
def test_no_weight_of_0_grows(drawn, options, r2):
    problem, m = drawn if len(drawn) == 2 else (drawn, None)
    refined = refined_by(problem, options | {"m": m}, r2)
    assert not (refined & ~problem[1] & (problem[0] == 0)).any()


@given(grouped_problems(), limits, st.none() | r2_options)
def test_weights_are_only_swapped_within_a_group(grouped, options, r2):
    problem, m = grouped
    kept = problem[1].T.unflatten(1, (-1, m))
    refined = refined_by(problem, options | {"m": m}, r2).T.unflatten(1, (-1, m))
    assert refined.sum(2).equal(kept.sum(2))


@given(grouped_problems(), limits, st.none() | r2_options)
def test_the_guard_lets_no_error_grow_within_groups(grouped, options, r2):
    problem, m = grouped
    refined = refined_by(problem, options | {"m": m, "guard": True}, r2)
    before, after = (mean_error(problem[0], keep, problem[2]) for keep in (problem[1], refined))
    changed = (refined != problem[1]).any(0).tolist()
    for old, new, different in zip(before, after, changed, strict=True):
        assert abs(new) < abs(old) if different else new == old


@given(grouped_problems(), limits, st.none() | r2_options)
def test_one_group_of_all_inputs_is_no_restriction(grouped, options, r2):
    problem, _ = grouped
    whole = refined_by(problem, options | {"m": len(problem[0])}, r2)
    assert whole.equal(refined_by(problem, options, r2))


@given(problems(), limits, r2_options, st.sampled_from([0.25, 1.0, 8.0]))
def test_the_printed_regulariser_changes_no_choice(problem, options, r2, gamma):
    # Without D, with an exact norm and with variances that divide exactly, every sum is exact.
    W, keep, mean, var, x_norm = problem
    problem = W, keep, mean, torch.where(var == 3, torch.ones_like(var), var), x_norm
    r2 = r2 | options | {"form": "printed", "relative_grow": False, "relative_prune": False}
    r2["p"] = 1 if r2["p"] == 2 else r2["p"]
    regularised = r2_dsnot(*problem, **(r2 | {"gamma_grow": gamma, "gamma_prune": gamma}))
    assert regularised.equal(r2_dsnot(*problem, **(r2 | {"gamma_grow": 0.0, "gamma_prune": 0.0})))


@pytest.mark.parametrize("refine", REFINEMENTS)
@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (3, 4), (4, 8), (1, 2), (8, 16)])
def test_an_n_m_mask_stays_one(refine, n, m):
    generator = torch.Generator().manual_seed(2)
    W = torch.randn(64, 30, generator=generator)
    mean, var, x_norm = torch.randn(64, generator=generator), torch.ones(64), torch.ones(64)
    keep = keep_n_of_m(W.abs(), n, m)

    def counts(mask):
        return mask.T.reshape(-1, m).sum(1).unique().tolist()

    refined = refine(W, keep, mean, var, x_norm, m=m)
    assert counts(refined) == [n]
    assert not refined.equal(keep)
    assert counts(refine(W, keep, mean, var, x_norm)) != [n]


@pytest.mark.parametrize("refine", REFINEMENTS)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_an_empty_layer_stays_empty(refine, shape):
    zeros = torch.zeros(shape[0])
    keep = torch.ones(shape, dtype=torch.bool)
    for m in (None, 3):
        refined = refine(torch.zeros(shape), keep, zeros, zeros, zeros, m=m)
        assert refined.shape == shape
        assert refined.dtype == torch.bool


@pytest.fixture
def problem(dtype, device):
    generator = torch.Generator().manual_seed(0)
    W = torch.randint(-8, 9, (40, 12), generator=generator).to(dtype).to(device)
    keep = (torch.rand(40, 12, generator=generator) < 0.5).to(device)
    mean, var, norms = torch.randint(0, 5, (3, 40), generator=generator).to(dtype).to(device)
    return W, keep, (mean.double() - 2).to(dtype), var, norms


@pytest.mark.parametrize("refine", REFINEMENTS)
@pytest.mark.parametrize("m", [None, 4])
def test_the_dtype_and_strides_do_not_matter_and_arguments_stay_as_they_are(refine, m, problem):
    refine = partial(refine, m=m)
    copies = [argument.clone() for argument in problem]
    refined = refine(*problem)
    assert refined.device == problem[0].device
    assert not refined.equal(problem[1])
    for argument, copy in zip(problem, copies, strict=True):
        assert argument.double().equal(copy.double())
    W, keep, *rest = problem
    wide = [W.double(), keep, *(numbers.double() for numbers in rest)]
    assert refine(*wide).equal(refined)
    W, keep, *rest = wide
    assert refine(W.T.contiguous().T, keep.T.contiguous().T, *rest).equal(refined)
    spread = [torch.stack([number, number], dim=1)[:, 0] for number in rest]
    assert refine(torch.stack([W, W])[:, ::1][0], keep, *spread).equal(refined)


@pytest.mark.parametrize("m", [None, 5])
def test_blocks_of_outputs_do_not_matter(m, monkeypatch):
    generator = torch.Generator().manual_seed(1)
    W = torch.randn(30, 20, generator=generator, dtype=torch.float64)
    keep = torch.rand(30, 20, generator=generator) < 0.5
    rest = [torch.randn(30, generator=generator, dtype=torch.float64)]
    rest += [torch.rand(30, generator=generator, dtype=torch.float64) for _ in range(2)]
    options = {"form": "printed", "relative_prune": True, "gamma_grow": 1.0, "m": m}
    whole = r2_dsnot(W, keep, *rest, **options)
    monkeypatch.setattr("pruneproof.reference.blocks.BLOCK_ELEMENTS", 90)
    small = r2_dsnot(W, keep, *rest, **options)
    assert whole.equal(small)
