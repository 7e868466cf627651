"""Comparing answers: each helper raises a `Violation` that says where, and how to see it again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.comparing.expected import Expected
from pruneproof.properties.gate.property import Violation
from pruneproof.properties.gate.snippets.snippet import literal


def hold(condition: bool, message: str, check: str, **details: object) -> None:
    """Raise a violation unless the condition holds."""
    if not condition:
        raise Violation(message, check, **details)  # type: ignore[arg-type]


def same(subject: Subject, first: Tensor, second: Tensor, message: str) -> None:
    """Assert that two answers are equal, entry by entry."""
    names = subject.name_of(first), subject.name_of(second)
    hold(
        torch.equal(first, second),
        message,
        f"torch.equal({names[0]}, {names[1]})",
        expected=first.tolist(),
        got=second.tolist(),
    )


def unchanged(before: Sequence[Tensor], after: Sequence[Tensor], messages: Sequence[str]) -> None:
    """Assert that the tensors an adapter was given are as they were before the first call."""
    for number, (old, new, message) in enumerate(zip(before, after, messages, strict=True), 1):
        hold(
            torch.equal(old, new),
            message,
            # A snippet calls the tensors that it passes t1, t2, … in their order.
            f"torch.equal(t{number}, {literal(old)})",
            expected=old.tolist(),
            got=new.tolist(),
        )


def as_expected(subject: Subject, answer: Tensor, expected: Expected) -> None:
    """Assert that scores are the expected ones, as exactly as the adapter declares.

    The convention `score_scale` decides: `exact` compares each score; `positive_multiple` up to
    one positive factor; `order` compares only scores that the bounds tell apart, and takes -inf
    for 0, as the logarithm of a score gives it.
    """
    name = subject.name_of(answer)
    got = answer.double().cpu().numpy()
    scale = subject.conventions.get("score_scale", "exact")
    lowest = (scale == "order") & (got == -np.inf) & (expected.value <= expected.bound)
    wrong = ~np.isfinite(got) & ~lowest
    if wrong.any():
        j, k = map(int, np.argwhere(wrong)[0])
        raise Violation(
            f"score [{j}, {k}] is {got[j, k]}",
            f"torch.isfinite({name}[{j}, {k}])",
            expected=expected.value[j, k],
            got=got[j, k],
        )
    if scale == "exact":
        _assert_exact(name, got, expected)
    elif scale == "positive_multiple":
        _assert_multiple(name, got, expected)
    else:
        _assert_order(subject, name, got, expected)


def _assert_exact(name: str, got: np.ndarray, expected: Expected) -> None:
    if got.size == 0:
        return
    error = np.abs(got - expected.value)
    with np.errstate(over="ignore"):
        ratio = np.where(error <= expected.bound, 0, error / np.maximum(expected.bound, 5e-324))
    at = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    j, k = map(int, at)
    value, bound = float(expected.value[at]), float(expected.bound[at])
    hold(
        not error[at] > bound,
        f"score [{j}, {k}] is {float(got[at])!r}, not {value!r}",
        f"abs({name}[{j}, {k}].item() - {value!r}) <= {bound!r}",
        expected=value,
        got=float(got[at]),
        ratio=float(ratio[at]),
    )


def _assert_multiple(name: str, got: np.ndarray, expected: Expected) -> None:
    wrong = (expected.value == 0) & (np.abs(got) > expected.bound)
    if wrong.any():
        j, k = map(int, np.argwhere(wrong)[0])
        raise Violation(
            f"score [{j}, {k}] is {got[j, k]}, and no multiple of 0",
            f"{name}[{j}, {k}].item() == 0",
            expected=0.0,
            got=float(got[j, k]),
        )
    places = np.argwhere(expected.value > 0)
    if not len(places):
        return
    value, bound = expected.value[expected.value > 0], expected.bound[expected.value > 0]
    # The factor costs each score one rounding more, which doubling the bound covers.
    low = got[expected.value > 0] / (value + 2 * bound)
    high = got[expected.value > 0] / np.maximum(value - 2 * bound, 5e-324)
    least, most = int(np.argmax(low)), int(np.argmin(high))
    (j, k), (m, n) = map(tuple, (places[least].tolist(), places[most].tolist()))
    fits = low[least] <= high[most] and high[most] > 0
    hold(
        bool(fits),
        f"scores [{j}, {k}] and [{m}, {n}] are not the same multiple of the exact ones",
        f"{name}[{j}, {k}].item() / {float(value[least] + 2 * bound[least])!r} <= "
        f"{name}[{m}, {n}].item() / {max(float(value[most] - 2 * bound[most]), 5e-324)!r} > 0",
        expected=f"{value[least]} : {value[most]}",
        got=f"{got[j, k]} : {got[m, n]}",
        ratio=float(low[least] / high[most]) if high[most] > 0 else None,
    )


def _assert_order(subject: Subject, name: str, got: np.ndarray, expected: Expected) -> None:
    rows = [np.arange(got.size)]
    if subject.conventions.get("group", "output") == "output":
        rows = list(np.arange(got.size).reshape(got.shape))
    flat, value, bound = got.ravel(), expected.value.ravel(), expected.bound.ravel()
    for row in rows:
        lower, higher = np.meshgrid(row, row, indexing="ij")
        apart = value[lower] + bound[lower] < value[higher] - bound[higher]
        # A monotone function may merge scores that are close, but not all of them.
        far = 1.01 * value[lower] < value[higher]
        wrong = apart & ((flat[lower] > flat[higher]) | (far & (flat[lower] == flat[higher])))
        if wrong.any():
            first, second = (int(each[wrong][0]) for each in (lower, higher))
            (j, k), (m, n) = (divmod(each, got.shape[1]) for each in (first, second))
            raise Violation(
                f"score [{j}, {k}] is not below score [{m}, {n}]",
                f"{name}[{j}, {k}] < {name}[{m}, {n}]",
                expected=f"{value[first]} < {value[second]}",
                got=f"{flat[first]} and {flat[second]}",
            )
