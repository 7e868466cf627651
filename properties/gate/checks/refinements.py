"""What a refinement does to a keep mask: it swaps weights of one output, by §3.6's criteria."""

from __future__ import annotations

import math
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import Subject, Unsupported
from pruneproof.properties.gate.checks.refinement_examples import (
    any_layers,
    by_reference,
    contributions,
    expected_error,
    is_clear,
    options_of,
    plain_layers,
    separated_layers,
    statistics_of,
)
from pruneproof.properties.gate.comparing.assertions import hold, same, unchanged
from pruneproof.properties.gate.comparing.moments import moments
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.gate.methods import REFINEMENTS
from pruneproof.properties.gate.property import Violation, gate_property
from pruneproof.properties.gate.snippets.snippet import literal

INTERFACE = "The gate's interface, refine"
CYCLES = "Section 3.6 and Appendix C.1"
ONE_CYCLE = st.just({"max_cycles": 1, "update_threshold": 0.0})
FEW_CYCLES = st.sampled_from([{"max_cycles": n, "update_threshold": 0.0} for n in (1, 2)])
MANY_CYCLES = st.just({"max_cycles": 50, "update_threshold": 0.0})
REGULARISERS = st.fixed_dictionaries(
    {
        "p": st.sampled_from([1.0, 2.0, 3.0, math.inf]),
        "gamma_grow": st.sampled_from([0.1, 0.01]),
        "gamma_prune": st.sampled_from([10.0, 1.0, 1e-4]),
        "max_cycles": st.sampled_from([1, 2, 50]),
        "update_threshold": st.just(0.0),
    }
)
VARIANTS = {
    "dsnot": st.fixed_dictionaries({"update_threshold": st.sampled_from([0.0, 0.1])}),
    "r2_dsnot": st.fixed_dictionaries(
        {
            "update_threshold": st.sampled_from([0.0, 0.1]),
            "relative_grow": st.sampled_from([True, True, False]),
            "relative_prune": st.sampled_from([True, True, False]),
            "alpha": st.sampled_from([0.5, 1.0]),
        }
    ),
}


@gate_property(
    "refine.count",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: st.one_of(any_layers(method), plain_layers(method, FEW_CYCLES)),
    source="Section 3.6: one weight is pruned for one that is grown",
)
def count(subject: Subject, example: Example) -> None:
    """Each output keeps exactly as many weights as before, whatever there is to choose from."""
    _as_many(subject, example)


@gate_property(
    "refine.constant_inputs",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: any_layers(method, constant=True),
    source="Section 3.6 divides by Var(X)",
    assumptions="some input never varies",
)
def constant_inputs(subject: Subject, example: Example) -> None:
    """An input that never varies, or is always zero, does not break a refinement."""
    _as_many(subject, example)


@gate_property(
    "refine.no_cycles",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: plain_layers(method, st.just({"max_cycles": 0})),
    source=CYCLES,
)
def no_cycles(subject: Subject, example: Example) -> None:
    """With max_cycles = 0 nothing changes."""
    _unchanged(subject, example, range(len(example.weight)))


@gate_property(
    "refine.max_cycles",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: plain_layers(method, FEW_CYCLES),
    source=CYCLES,
)
def max_cycles(subject: Subject, example: Example) -> None:
    """No output grows more weights than max_cycles."""
    refined, keep = _refined(subject, example), example.more["keep"]
    name, most = subject.name_of(refined), example.parameters["max_cycles"]
    for k, grown in enumerate((refined & ~keep).sum(1).tolist()):
        hold(
            grown <= most,
            f"output {k} grows {grown} weights in {most} cycles",
            f"({name}[{k}] & ~{literal(keep[k])}).sum() <= {most}",
            expected=f"at most {most}",
            got=grown,
        )


@gate_property(
    "refine.threshold",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: plain_layers(method, st.just({"update_threshold": 1e9})),
    source=CYCLES,
)
def threshold(subject: Subject, example: Example) -> None:
    """With an update_threshold above every error nothing changes."""
    _unchanged(subject, example, range(len(example.weight)))


@gate_property(
    "refine.small_error",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: plain_layers(method, st.just({"max_cycles": 50})),
    source=CYCLES,
    level="SHOULD",
    assumptions="errors are means over tokens",
)
def small_error(subject: Subject, example: Example) -> None:
    """An output is left as it is if its expected error is not above update_threshold."""
    errors = expected_error(example, example.more["keep"]).abs()
    # Errors are multiples of an eighth, so that none lies near this.
    limit = errors.median().item() + 0.0625
    parameters = {**example.parameters, "update_threshold": limit}
    limited = Example(
        example.method, example.weight, example.inputs, None, parameters, example.more
    )
    _unchanged(subject, limited, (errors <= limit).nonzero()[:, 0].tolist())


@gate_property(
    "refine.defaults",
    kind="refine",
    methods=REFINEMENTS,
    examples=plain_layers,
    source=CYCLES,
)
def defaults(subject: Subject, example: Example) -> None:
    """Without parameters there are at most 50 cycles and a threshold of 0.1."""
    named = {"max_cycles": 50, "update_threshold": 0.1}
    first, second = _refined(subject, example), _refined(subject, example, named)
    same(subject, first, second, "the mask differs when the defaults are given")


@gate_property(
    "refine.arguments",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: plain_layers(method, MANY_CYCLES),
    source=INTERFACE,
)
def arguments(subject: Subject, example: Example) -> None:
    """The weights, the mask and the inputs are not changed."""
    assert example.inputs is not None
    before = (example.weight, example.more["keep"], example.inputs)
    given = tuple(tensor.clone() for tensor in before)
    subject.refine(example.method, *given, **example.parameters)
    unchanged(before, given, [f"{name} was changed" for name in ("weight", "keep", "inputs")])


@gate_property(
    "refine.rows",
    kind="refine",
    methods=("dsnot",),
    examples=lambda method: separated_layers(method, MANY_CYCLES),
    source="Section 3.6: the criteria of DSnoT see one output",
    assumptions="no two candidates are as good as each other",
)
def rows(subject: Subject, example: Example) -> None:
    """Other outputs make no difference to an output."""
    first, k = _refined(subject, example), len(example.weight) - 1
    assert example.inputs is not None
    keep, row = example.more["keep"], slice(k, k + 1)
    second = subject.refine(
        "dsnot",
        example.weight[row].clone(),
        keep[row].clone(),
        example.inputs,
        **example.parameters,
    )
    # Whether an example is clear does not depend on the answers; here it is seldom looked at.
    if torch.equal(first[row], second) or not _all_clear(subject, example):
        return
    names = subject.name_of(first), subject.name_of(second)
    raise Violation(
        f"output {k} is refined differently when it stands alone",
        f"torch.equal({names[0]}[{k}:], {names[1]})",
        expected=first[row].tolist(),
        got=second.tolist(),
    )


@gate_property(
    "refine.regulariser",
    kind="refine",
    methods=("r2_dsnot",),
    examples=lambda method: separated_layers(method, REGULARISERS),
    source="Eqs. (5) and (6): the terms with γ do not depend on the weight that is chosen",
    assumptions="no two candidates are as good as each other",
)
def regulariser(subject: Subject, example: Example) -> None:
    """The regulariser γ‖W̃‖ₚ changes no choice, whatever γ₁, γ₂ and p are."""
    none = {"p": 2, "gamma_grow": 0.0, "gamma_prune": 0.0}
    without = _refined(subject, example, example.parameters | none)
    same(subject, without, _refined(subject, example), "the mask differs with the regulariser")


@gate_property(
    "refine.delta",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: plain_layers(method, ONE_CYCLE),
    source="Section 3.6, Δ < 0 in the pruning criterion, with the index of the input",
)
def delta(subject: Subject, example: Example) -> None:
    """A weight is pruned only where that moves the expected error towards zero (Δ < 0)."""
    refined, keep = _refined(subject, example), example.more["keep"]
    name, errors = subject.name_of(refined), expected_error(example, keep)
    signed = contributions(example) * errors.sign()[:, None]
    wrong = keep & ~refined & (signed >= 0)
    if wrong.any():
        k, j = wrong.nonzero()[0].tolist()
        raise Violation(
            f"output {k} prunes input {j}, which moves its error away from zero",
            f"{name}[{k}, {j}].item()",
            expected="Δ < 0",
            got=f"Δ = {signed[k, j].item()}",
        )


@gate_property(
    "refine.criterion",
    kind="refine",
    methods=("dsnot",),
    examples=lambda method: separated_layers(method, ONE_CYCLE),
    source="Section 3.6, DSnoT's growing and pruning index, with the index of the input",
    assumptions="no two candidates are as good as each other; one cycle",
)
def criterion(subject: Subject, example: Example) -> None:
    """DSnoT grows the weight of the largest gain and prunes one of the lowest cost."""
    assert example.inputs is not None
    refined, keep = _refined(subject, example), example.more["keep"]
    name, (_, var, norm) = subject.name_of(refined), statistics_of(example.inputs)
    signed = contributions(example) * expected_error(example, keep).sign()[:, None]
    gain = (signed / var).masked_fill(keep, -math.inf)
    cost = (example.weight.double().abs() * norm).masked_fill(~keep | (signed >= 0), math.inf)
    for k in range(len(keep)):
        grown, pruned = ((a & ~b)[k].nonzero()[:, 0] for a, b in ((refined, keep), (keep, refined)))
        if len(grown) != 1 or len(pruned) != 1 or not signed[k].any():
            continue
        best, g = int(gain[k].argmax()), int(grown)
        check = f"{name}[{k}, {best}].item() or not {name}[{k}, {g}].item()"
        message = f"output {k} grows input {g} before input {best}"
        hold(g == best, message, check, expected=gain[k, best].item(), got=gain[k, g].item())
        best, p = int(cost[k].argmin()), int(pruned)
        check = f"{name}[{k}, {p}].item() or not {name}[{k}, {best}].item()"
        message = f"output {k} prunes input {p} before input {best}"
        hold(
            p == best or math.isinf(cost[k, best].item()),
            message,
            check,
            expected=cost[k, best].item(),
            got=cost[k, p].item(),
        )


@gate_property(
    "refine.guard",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: plain_layers(method, MANY_CYCLES),
    source="Beyond the paper: a swap lowers |E[ε]| iff it moves less than twice as far",
    assumptions="the adapter declares refine_guard = on",
)
def guard(subject: Subject, example: Example) -> None:
    """With the guard, no output's expected error grows."""
    declared = getattr(subject.adapter, "conventions", None) or {}
    if declared.get("refine_guard") != "on":
        raise Unsupported("refine_guard is not declared on")
    assert example.inputs is not None
    refined, keep = _refined(subject, example), example.more["keep"]
    before, after = (expected_error(example, mask).abs() for mask in (keep, refined))
    # Twice what a sum of rounded means, updated swap by swap, may be off.
    n, each = keep.shape[1], moments(example.inputs, torch.float32, double=False)["mean"].bound
    size = example.weight.double().abs()
    sums = 2.0**-24 * (4 * n + 8) * (size * example.inputs.double().abs().amax(0)).sum(1)
    slack = 4 * ((size * torch.tensor(each, dtype=torch.float64)).sum(1) + sums)
    for k, limit in enumerate((before + slack).tolist()):
        terms = literal(contributions(example)[k])
        hold(
            after[k].item() <= limit,
            f"the expected error of output {k} grows",
            f"({terms} * ~{subject.name_of(refined)}[{k}]).sum().abs() <= {limit!r}",
            expected=f"at most {before[k].item()}",
            got=after[k].item(),
        )


@gate_property(
    "refine.agreement",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: separated_layers(method, VARIANTS[method]),
    source="Section 3.6 and Appendix C.1, as pruneproof.reference reads them",
    assumptions="no decision hangs on the fifth digit of a statistic",
)
def agreement(subject: Subject, example: Example) -> None:
    """The refined mask is the reference's, in a variant that the adapter may be by what it says."""
    refined = _refined(subject, example)
    masks: list[Tensor] = []
    for options in options_of(subject, example.method):
        masks.append(by_reference(example, options))
        if torch.equal(refined, masks[-1]):
            return
    # Whether an example is clear does not depend on the answer; it is looked at last for speed.
    if not _all_clear(subject, example):
        return
    name = subject.name_of(refined)
    texts = dict.fromkeys(literal(mask.contiguous()) for mask in masks)
    raise Violation(
        "the mask is that of no variant of the reference",
        " or ".join(f"torch.equal({name}, {text})" for text in texts),
        expected=masks[0].tolist(),
        got=refined.tolist(),
    )


def _refined(subject: Subject, example: Example, named: dict[str, Any] | None = None) -> Tensor:
    assert example.inputs is not None
    parameters = example.parameters if named is None else named
    keep = example.more["keep"]
    return subject.refine(example.method, example.weight, keep, example.inputs, **parameters)


def _as_many(subject: Subject, example: Example) -> None:
    refined, before = _refined(subject, example), example.more["keep"].sum(1).tolist()
    name = subject.name_of(refined)
    for k, (expected, got) in enumerate(zip(before, refined.sum(1).tolist(), strict=True)):
        hold(
            got == expected,
            f"output {k} keeps {got} weights, not {expected}",
            f"{name}[{k}].sum() == {expected}",
            expected=expected,
            got=got,
        )


def _unchanged(subject: Subject, example: Example, outputs: Any) -> None:
    refined, keep = _refined(subject, example), example.more["keep"]
    name = subject.name_of(refined)
    for k in outputs:
        hold(
            torch.equal(refined[k], keep[k]),
            f"output {k} is changed",
            f"torch.equal({name}[{k}], {literal(keep[k])})",
            expected=keep[k].tolist(),
            got=refined[k].tolist(),
        )


def _all_clear(subject: Subject, example: Example) -> bool:
    return all(is_clear(example, options) for options in options_of(subject, example.method))
