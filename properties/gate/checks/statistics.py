"""What the statistics of a layer's inputs are: those of all tokens, however they arrive."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import Subject, Unsupported
from pruneproof.properties.gate.comparing.assertions import hold, unchanged
from pruneproof.properties.gate.comparing.moments import Moment, moments
from pruneproof.properties.gate.examples.calibrations import (
    HALVES,
    Calibration,
    calibrations,
    constants,
    large_halves,
    offset,
    reordered,
    stepped,
)
from pruneproof.properties.gate.property import Violation, gate_property

KEYS = ("norm", "mean", "var")
OVER_ALL_TOKENS = "Section 3.6, E[·] and Var(·) over N × L tokens"
INTERFACE = "The gate's interface, activation_statistics"


@gate_property(
    "statistics.norm",
    kind="statistics",
    methods=("all",),
    examples=calibrations,
    source="Corollary 3.2; the gate's interface",
)
def norm(subject: Subject, example: Calibration) -> None:
    """The norm of an input is the root of its sum of squares over all tokens, not a mean."""
    near(subject, example, ("norm",))


@gate_property(
    "statistics.mean",
    kind="statistics",
    methods=("all",),
    examples=calibrations,
    source=OVER_ALL_TOKENS,
)
def mean(subject: Subject, example: Calibration) -> None:
    """The mean of an input weighs every token alike, whatever batch it came in."""
    near(subject, example, ("mean",))


@gate_property(
    "statistics.variance",
    kind="statistics",
    methods=("all",),
    examples=calibrations,
    source=OVER_ALL_TOKENS,
)
def variance(subject: Subject, example: Calibration) -> None:
    """The variance of an input is the mean squared deviation, divided by the number of tokens."""
    near(subject, example, ("var",))


@gate_property(
    "statistics.tokens",
    kind="statistics",
    methods=("all",),
    examples=calibrations,
    source=INTERFACE,
)
def tokens(subject: Subject, example: Calibration) -> None:
    """Tokens are counted, not sequences or batches."""
    answer = subject.activation_statistics(example.batches)
    _given(("tokens",), answer)
    counted(subject, answer, len(example.tokens))


@gate_property(
    "statistics.between_batches",
    kind="statistics",
    methods=("all",),
    examples=stepped,
    source=OVER_ALL_TOKENS,
    assumptions="no input varies within a batch",
)
def between_batches(subject: Subject, example: Calibration) -> None:
    """The variance between the means of the batches counts as well."""
    near(subject, example, ("var",))


@gate_property(
    "statistics.large_mean",
    kind="statistics",
    methods=("all",),
    examples=offset,
    source="Chan, Golub and LeVeque (1983): two passes and updates, against E[x²] − E[x]²",
    assumptions="float32 tokens with means of 2¹³ to 2¹⁵ and a range below 4",
)
def large_mean(subject: Subject, example: Calibration) -> None:
    """A small variance about a large mean is not lost to cancellation."""
    near(subject, example, ("var",))


@gate_property(
    "statistics.batching",
    kind="statistics",
    methods=("all",),
    examples=calibrations,
    source=OVER_ALL_TOKENS,
)
def batching(subject: Subject, example: Calibration) -> None:
    """How the tokens are cut into batches makes no difference but rounding."""
    _alike(subject, example, example.others, "the tokens are cut into other batches")


@gate_property(
    "statistics.order",
    kind="statistics",
    methods=("all",),
    examples=reordered,
    source=OVER_ALL_TOKENS,
)
def order(subject: Subject, example: Calibration) -> None:
    """The order of the tokens makes no difference but rounding."""
    _alike(subject, example, example.others, "the tokens come in another order")


@gate_property(
    "statistics.shape",
    kind="statistics",
    methods=("all",),
    examples=calibrations,
    source=INTERFACE,
)
def shape(subject: Subject, example: Calibration) -> None:
    """Sequences × length × in_features and tokens × in_features mean the same."""
    flat = [batch.reshape(-1, batch.shape[-1]) for batch in example.batches]
    _alike(subject, example, flat, "the batches are flattened")


@gate_property(
    "statistics.one_token_vector",
    kind="statistics",
    methods=("all",),
    examples=calibrations,
    source=INTERFACE,
    level="SHOULD",
)
def one_token_vector(subject: Subject, example: Calibration) -> None:
    """A batch may be a single token, a vector of in_features numbers."""
    vectors = Calibration(example.tokens, list(example.tokens.clone().unbind()), [])
    answer = near(subject, vectors, KEYS)
    counted(subject, answer, len(example.tokens))


@gate_property(
    "statistics.single_token",
    kind="statistics",
    methods=("all",),
    examples=lambda method: calibrations(method, most=1),
    source=OVER_ALL_TOKENS,
)
def single_token(subject: Subject, example: Calibration) -> None:
    """Of a single token the mean is the token and the variance 0."""
    answer = near(subject, example, KEYS)
    counted(subject, answer, 1)


@gate_property(
    "statistics.constant",
    kind="statistics",
    methods=("all",),
    examples=constants,
    source=OVER_ALL_TOKENS,
    assumptions="no input varies",
)
def constant(subject: Subject, example: Calibration) -> None:
    """An input that never varies has the variance 0, up to rounding."""
    near(subject, example, ("var",))


@gate_property(
    "statistics.variance_sign",
    kind="statistics",
    methods=("all",),
    examples=constants,
    source="Section 3.6: criteria are divided by the variance",
    level="SHOULD",
    assumptions="no input varies",
)
def variance_sign(subject: Subject, example: Calibration) -> None:
    """No variance is negative, not even by rounding: the growing criterion is divided by it."""
    answer = subject.activation_statistics(example.batches)
    name, (key,) = subject.name_of(answer), _given(("var",), answer)
    for j, got in enumerate(answer[key].tolist()):
        hold(
            got >= 0,
            f"var of input {j} is {got!r}",
            f"{name}['var'][{j}].item() >= 0",
            expected=0.0,
            got=got,
        )


@gate_property(
    "statistics.half_overflow",
    kind="statistics",
    methods=("all",),
    examples=large_halves,
    source=INTERFACE,
    assumptions="every statistic lies within float16's range",
)
def half_overflow(subject: Subject, example: Calibration) -> None:
    """Half-precision activations overflow nothing that float32 would hold."""
    answer = subject.activation_statistics(example.batches)
    name = subject.name_of(answer)
    for key in _given(KEYS, answer):
        hold(
            bool(torch.isfinite(answer[key]).all()),
            f"{key} is {answer[key].tolist()}",
            f"torch.isfinite({name}[{key!r}]).all()",
            got=answer[key].tolist(),
        )


@gate_property(
    "statistics.half_precision",
    kind="statistics",
    methods=("all",),
    examples=lambda method: calibrations(method, dtypes=HALVES, least=3),
    source=INTERFACE,
    level="SHOULD",
)
def half_precision(subject: Subject, example: Calibration) -> None:
    """The statistics of half-precision activations are as exact as float32 makes them."""
    near(subject, example, KEYS)


@gate_property(
    "statistics.fresh",
    kind="statistics",
    methods=("all",),
    examples=calibrations,
    source=INTERFACE,
)
def fresh(subject: Subject, example: Calibration) -> None:
    """Each call starts from nothing: tokens of an earlier call do not count."""
    subject.activation_statistics([batch + 1 for batch in example.others])
    answer = near(subject, example, KEYS)
    counted(subject, answer, len(example.tokens))


@gate_property(
    "statistics.strides",
    kind="statistics",
    methods=("all",),
    examples=lambda method: calibrations(method, flat=True),
    source=INTERFACE,
)
def strides(subject: Subject, example: Calibration) -> None:
    """A batch may be a view, such as a transpose."""
    views = [batch.T.contiguous().T for batch in example.batches]
    near(subject, Calibration(example.tokens, views, []), KEYS)


@gate_property(
    "statistics.empty_batch",
    kind="statistics",
    methods=("all",),
    examples=calibrations,
    source=INTERFACE,
    level="SHOULD",
)
def empty_batch(subject: Subject, example: Calibration) -> None:
    """A batch without tokens among others changes nothing."""
    empty = example.tokens[:0].clone()
    batches = [example.batches[0], empty, *example.batches[1:]]
    answer = near(subject, Calibration(example.tokens, batches, []), KEYS)
    counted(subject, answer, len(example.tokens))


@gate_property(
    "statistics.arguments",
    kind="statistics",
    methods=("all",),
    examples=calibrations,
    source=INTERFACE,
)
def arguments(subject: Subject, example: Calibration) -> None:
    """The activations are not changed."""
    given = [batch.clone() for batch in example.batches]
    subject.activation_statistics(given)
    messages = [f"batch {number} was changed" for number in range(1, len(given) + 1)]
    unchanged(example.batches, given, messages)


def _given(keys: tuple[str, ...], *answers: dict[str, Any]) -> list[str]:
    """Those of the keys that all answers hold."""
    given = [key for key in keys if all(key in answer for answer in answers)]
    if not given:
        raise Unsupported(f"activation_statistics gives no {' or '.join(keys)}")
    return given


def _exact(example: Calibration, *answers: dict[str, Any]) -> dict[str, Moment]:
    results = [answer[key].dtype for answer in answers for key in _given(KEYS, answer)]
    double = {example.tokens.dtype, *results} == {torch.float64}
    result = next((each for each in results if each in HALVES), results[0])
    return moments(example.tokens, result, double=double)


def near(subject: Subject, example: Calibration, keys: tuple[str, ...]) -> dict[str, Any]:
    """Ask for statistics, and assert that those of these keys are right."""
    answer = subject.activation_statistics(example.batches)
    given = _given(keys, answer)
    exact, name = _exact(example, answer), subject.name_of(answer)
    for key in given:
        got = answer[key].double().tolist()
        for j, (value, bound) in enumerate(zip(exact[key].value, exact[key].bound, strict=True)):
            error = abs(got[j] - value)
            hold(
                error <= bound,
                f"{key} of input {j} is {got[j]!r}, not {value!r}",
                f"abs({name}[{key!r}][{j}].item() - {value!r}) <= {bound!r}",
                expected=value,
                got=got[j],
                ratio=error / max(bound, 5e-324),
            )
    return answer


def _alike(subject: Subject, example: Calibration, others: list[Tensor], when: str) -> None:
    first = subject.activation_statistics(example.batches)
    second = subject.activation_statistics(others)
    exact, names = _exact(example, first, second), tuple(map(subject.name_of, (first, second)))
    for key in _given(KEYS, first, second):
        pairs = zip(first[key].double().tolist(), second[key].double().tolist(), strict=True)
        for j, (one, other) in enumerate(pairs):
            bound = 2 * exact[key].bound[j]
            hold(
                abs(one - other) <= bound,
                f"{key} of input {j} is {one!r}, and {other!r} when {when}",
                f"abs({names[0]}[{key!r}][{j}].item() - {names[1]}[{key!r}][{j}].item()) "
                f"<= {bound!r}",
                expected=one,
                got=other,
                ratio=abs(one - other) / max(bound, 5e-324),
            )


def counted(subject: Subject, answer: dict[str, Any], expected: int) -> None:
    """Assert the number of tokens, where the answer holds it."""
    if "tokens" not in answer:
        return
    name, got = subject.name_of(answer), answer["tokens"]
    try:
        right = int(got) == expected
    except (TypeError, ValueError):
        right = False
    if not right:
        raise Violation(
            f"tokens is {got!r}, not {expected}",
            f"int({name}['tokens']) == {expected}",
            expected=expected,
            got=got,
        )
