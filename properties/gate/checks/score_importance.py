"""What relative importance is, whatever the layer: shares that add up, bounded, ordered in p."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.comparing.assertions import hold
from pruneproof.properties.gate.comparing.scores import Answer, ask, each_as_expected, is_exact
from pruneproof.properties.gate.examples.layers import DTYPES, Example, examples
from pruneproof.properties.gate.property import Violation, gate_property

ALIVE = "every input and output has a weight"
INFINITY = float("inf")


@gate_property(
    "score.normalisation",
    kind="score",
    methods=("ri",),
    examples=examples,
    source="Theorem 3.5: each line of |W| over its own ℓ1 norm sums to 1",
    assumptions=f"{ALIVE}; scores up to a multiple or an order are compared with the closed form",
)
def normalisation(subject: Subject, example: Example) -> None:
    """Relative importance sums to the number of inputs plus the number of outputs."""
    answer = ask(subject, example)
    if not is_exact(subject):
        each_as_expected(subject, answer)
        return
    rows, columns = example.weight.shape
    name = subject.name_of(answer.scores)
    terms = example.parameters.get("terms", "both")
    sums: dict[str, tuple[np.ndarray, int]] = {}
    if terms == "both":
        sums[f"{name}.double().sum()"] = (np.arange(rows * columns), rows + columns)
    elif terms == "input":
        for k in range(columns):
            sums[f"{name}[:, {k}].double().sum()"] = (np.arange(rows) * columns + k, 1)
    else:
        for j in range(rows):
            sums[f"{name}[{j}].double().sum()"] = (np.arange(columns) + j * columns, 1)
    for expression, (places, total) in sums.items():
        got = float(answer.got.ravel()[places].sum())
        bound = float(answer.bound.ravel()[places].sum()) + len(places) * total * 2.0**-51
        hold(
            abs(got - total) <= bound,
            f"{expression} is {got!r}, not {total}",
            f"abs({expression}.item() - {total}) <= {bound!r}",
            expected=total,
            got=got,
            ratio=abs(got - total) / bound,
        )


@gate_property(
    "score.share",
    kind="score",
    methods=("ri",),
    examples=examples,
    source="§3.3: each term is a share of an ℓ1 norm",
    assumptions=f"{ALIVE}; scores up to a multiple or an order are compared with the closed form",
)
def share(subject: Subject, example: Example) -> None:
    """Relative importance lies between 0 and 2, and each of its two terms between 0 and 1."""
    answer = ask(subject, example)
    if not is_exact(subject):
        each_as_expected(subject, answer)
        return
    most = 2 if example.parameters.get("terms", "both") == "both" else 1
    wrong = ~((answer.got >= 0) & (answer.got <= most + answer.bound))
    if wrong.any():
        at = tuple(map(int, np.argwhere(wrong)[0]))
        entry = answer.entry(subject, at)
        raise Violation(
            f"score {list(at)} is outside [0, {most}]",
            f"0 <= {entry} <= {most + float(answer.bound[at])!r}",
            expected=f"0 to {most}",
            got=float(answer.got[at]),
        )


@st.composite
def _two_powers(draw: st.DrawFn, method: str) -> Example:
    sizes: dict[str, Any] = {"out_features": st.integers(1, 4), "in_features": st.integers(1, 5)}
    example = draw(examples(method, parameters=False, **sizes))
    powers = st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0, INFINITY]), min_size=2, max_size=2)
    low, high = sorted(draw(powers.filter(lambda pair: pair[0] != pair[1])))
    strategy = draw(st.sampled_from(["S1", "S2", "S3", "S4"]))
    return replace(example, parameters={"strategy": strategy}, more={"low": low, "high": high})


def _pair(subject: Subject, example: Example) -> tuple[Answer, Answer]:
    def at(p: float) -> Answer:
        return ask(subject, replace(example, parameters={**example.parameters, "p": p}))

    return at(example.more["low"]), at(example.more["high"])


@gate_property(
    "score.monotone_in_p",
    kind="score",
    methods=("lp",),
    examples=_two_powers,
    source="Eq. (3), Appendix C.3: an ℓp norm falls when p rises",
    assumptions=f"{ALIVE}, p > 0; other score scales are compared with the closed form",
)
def monotone_in_p(subject: Subject, example: Example) -> None:
    """Under S1 and S2 an ℓp score does not fall when p rises; under S3 and S4 it does not rise."""
    low, high = _pair(subject, example)
    if not is_exact(subject):
        each_as_expected(subject, low, high)
        return
    least, most = (low, high) if example.parameters["strategy"] in ("S1", "S2") else (high, low)
    _not_above(subject, least, most, "p rises, and the score goes the wrong way")


@st.composite
def _near_infinity(draw: st.DrawFn, method: str) -> Example:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    dtype = draw(st.sampled_from(DTYPES))
    # Powers of such weights stay in range, however a norm is computed.
    weights = st.floats(0.5, 2.0, width=32)
    size = rows * columns
    drawn = draw(st.lists(weights, min_size=size, max_size=size))
    weight = torch.tensor(drawn, dtype=dtype).reshape(rows, columns)
    power = draw(st.sampled_from([16.0, 32.0]))
    return Example(method, weight, parameters={}, more={"low": power, "high": INFINITY})


@gate_property(
    "score.large_p",
    kind="score",
    methods=("lp",),
    examples=_near_infinity,
    source="Eq. (3) with ‖·‖_inf ≤ ‖·‖_p ≤ n^(1/p)·‖·‖_inf",
    assumptions="weights from ½ to 2; other score scales are compared with the closed form",
)
def large_p(subject: Subject, example: Example) -> None:
    """The score for p = inf is the one that large p tends to."""
    low, high = _pair(subject, example)
    if not is_exact(subject):
        each_as_expected(subject, low, high)
        return
    _not_above(subject, low, high, "the score for p = inf is below that for a finite p")
    root = max(example.weight.shape) ** (1 / example.more["low"])
    limit = "the score for p = inf is farther from that for a large p than norms can be"
    _not_above(subject, high, low, limit, root)


def _not_above(
    subject: Subject, least: Answer, most: Answer, message: str, factor: float = 1.0
) -> None:
    bound = (least.bound + factor * most.bound) * (1 + 2.0**-50) + most.value * 2.0**-50
    wrong = ~(least.got <= factor * most.got + bound)
    if wrong.any():
        at = tuple(map(int, np.argwhere(wrong)[0]))
        one, other = least.entry(subject, at), most.entry(subject, at)
        raise Violation(
            message,
            f"{one} <= {factor!r} * {other} + {float(bound[at])!r}",
            expected=f"at most {factor * float(most.got[at])!r}",
            got=float(least.got[at]),
        )
