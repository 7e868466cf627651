"""Every property of a score rejects implementations that are wrong in a way of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from pruneproof import reference
from pruneproof.properties.certified.certify import assert_score
from pruneproof.properties.certified.implementation import (
    REFERENCE,
    Implementation,
    ReferenceAdapter,
)
from pruneproof.reference.precision import score_dtype
from pruneproof.reference.scores.relative import divisors

Score = Callable[..., Tensor]


@dataclass(frozen=True)
class Variant:
    """A score of W, x as a column, y as a row, and the parameters.

    x is ‖X_:j‖, or X itself for STADE; y is ‖Y_k:‖.
    """

    method: str
    what: str
    score: Score

    def __str__(self) -> str:
        return f"{self.method}: {self.what}"


class VariantAdapter(ReferenceAdapter):
    """The reference with one score replaced; the norms that it gets are right."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant

    def score(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        **parameters: Any,
    ) -> Tensor:
        x = None if inputs is None else reference.activation_norms(inputs)[:, None]
        if method == "stade":
            x = inputs
        y = None if outputs is None else reference.output_activation_norms(outputs)
        S = self.variant.score(weight.T.double(), x, y, **parameters)
        return S.to(score_dtype(weight.dtype)).T


def r(W: Tensor, p: float) -> Tensor:
    return reference.input_norms(W, p)[:, None]


def q(W: Tensor, p: float) -> Tensor:
    return reference.output_norms(W, p)


def shares(W: Tensor) -> tuple[Tensor, Tensor]:
    """RI's two terms."""
    return W.abs() / divisors(r(W, 1)), W.abs() / divisors(q(W, 1))


def chosen(W: Tensor, terms: str) -> Tensor:
    first, second = shares(W)
    return {"input": first, "output": second, "both": first + second}[terms]


def exchanged(terms: str) -> str:
    return {"input": "output", "output": "input", "both": "both"}[terms]


def one_ulp_more(S: Tensor) -> Tensor:
    return torch.nextafter(S.float(), torch.tensor(torch.inf)).double()


def two_passes(X: Tensor) -> Tensor:
    """The norms of X about its means."""
    return (X - X.mean(0)).norm(dim=0) if len(X) else X.new_zeros(X.shape[1])


def deviation(X: Tensor, correction: int) -> Tensor:
    """By torch, with n − correction for n; 0 without tokens. Without inputs it would warn."""
    if X.numel() == 0:
        return X.new_zeros(X.shape[1]).double()
    return X.double().var(0, correction=correction).sqrt()


def single(score: Score) -> Score:
    """The same formula, computed in float32 throughout."""

    def computed(W: Tensor, x: Tensor | None, y: Tensor | None, **parameters: Any) -> Tensor:
        return score(*(each if each is None else each.float() for each in (W, x, y)), **parameters)

    return computed


def ri_by_reciprocals(W: Tensor, x: None, y: None, terms: str) -> Tensor:
    of_input, of_output = 1 / r(W, 1), 1 / q(W, 1)
    factors = {"input": of_input, "output": of_output, "both": of_input + of_output}
    return W.abs() * factors[terms]


def lp(W: Tensor, x: Tensor, y: None, **parameters: Any) -> Tensor:
    return reference.lp(W, x_norm=x[:, 0], **parameters)


def lp_without_small_orders(W: Tensor, x: Tensor, y: None, p: float, **others: Any) -> Tensor:
    return lp(W, x, y, p=max(p, 1.0), **others)


def lp_with_another_strategy(W: Tensor, x: Tensor, y: None, strategy: str, **others: Any) -> Tensor:
    strategy = {"S1": "S1", "S2": "S4", "S3": "S3", "S4": "S2"}[strategy]
    return lp(W, x, y, strategy=strategy, **others)


def stochria(W: Tensor, x: Tensor, y: None, **parameters: Any) -> Tensor:
    return reference.stochria(W, x_norm=x[:, 0], **parameters)


RIGHT = (
    Variant("magnitude", "", lambda W, x, y: W.abs()),
    Variant("wanda", "", lambda W, x, y, alpha: W.abs() * x**alpha),
    Variant("stade", "", lambda W, X, y: W.abs() * two_passes(X.double())[:, None]),
    Variant("stade", "", lambda W, X, y: W.abs() * deviation(X, 0)[:, None] * len(X) ** 0.5),
    Variant("owanda", "", lambda W, x, y: W.abs() * y),
    Variant("symwanda", "", lambda W, x, y: W.abs() * x + W.abs() * y),
    Variant("symwanda_squared", "", lambda W, x, y: (W * x).hypot(W * y)),
    Variant("symmetric", "", lambda W, x, y: W.abs() * (r(W, 2) + q(W, 2))),
    Variant("symmetric_squared", "", lambda W, x, y: W.abs() * r(W, 2).hypot(q(W, 2))),
    Variant("ri", "", lambda W, x, y, terms: chosen(W, terms)),
    Variant("ria", "", lambda W, x, y, alpha, terms: chosen(W, terms) * x**alpha),
    Variant("general_diagonal", "", lambda W, x, y: shares(W)[0] * x + shares(W)[1] * y),
    Variant("lp", "", lp),
    Variant("stochria", "", stochria),
)
WRONG = (
    Variant("magnitude", "signed", lambda W, x, y: W),
    Variant("magnitude", "squared", lambda W, x, y: W * W),
    Variant("magnitude", "one ulp too large", lambda W, x, y: one_ulp_more(W.abs())),
    Variant("wanda", "signed", lambda W, x, y, alpha: W * x**alpha),
    Variant("wanda", "α left out", lambda W, x, y, alpha: W.abs() * x),
    Variant("wanda", "squared norm", lambda W, x, y, alpha: W.abs() * x ** (2 * alpha)),
    Variant("wanda", "scaled norm", lambda W, x, y, alpha: W.abs() * (x / 2**0.5) ** alpha),
    Variant("wanda", "off by one", lambda W, x, y, alpha: W.abs() * x.roll(1, 0) ** alpha),
    Variant("wanda", "one ulp", lambda W, x, y, alpha: one_ulp_more(W.abs() * x**alpha)),
    Variant("wanda", "in float32", single(lambda W, x, y, alpha: W.abs() * x**alpha)),
    Variant("stade", "Wanda", lambda W, X, y: W.abs() * reference.activation_norms(X)[:, None]),
    Variant("stade", "in float32", lambda W, X, y: W.abs() * two_passes(X.float())[:, None]),
    Variant("stade", "deviation", lambda W, X, y: W.abs() * deviation(X, 0)[:, None]),
    Variant("stade", "signed", lambda W, X, y: W * two_passes(X.double())[:, None]),
    Variant("owanda", "norm without root", lambda W, x, y: W.abs() * y**2),
    Variant("owanda", "off by one", lambda W, x, y: W.abs() * y.roll(1, 0)),
    Variant("owanda", "in float32", single(lambda W, x, y: W.abs() * y)),
    Variant("symwanda", "inputs only", lambda W, x, y: W.abs() * x + 0 * y),
    Variant("symwanda", "outputs only", lambda W, x, y: W.abs() * y + 0 * x),
    Variant("symwanda", "the squared one", lambda W, x, y: W.abs() * x.hypot(y)),
    Variant("symwanda", "product of norms", lambda W, x, y: W.abs() * x * y),
    Variant("symwanda", "in float32", single(lambda W, x, y: W.abs() * (x + y))),
    Variant("symwanda_squared", "the plain one", lambda W, x, y: W.abs() * (x + y)),
    Variant("symwanda_squared", "no root", lambda W, x, y: W**2 * (x**2 + y**2)),
    Variant("symmetric", "Table 1's", lambda W, x, y: W.abs() * r(W, 2).hypot(q(W, 2))),
    Variant("symmetric", "ℓ1 norms", lambda W, x, y: W.abs() * (r(W, 1) + q(W, 1))),
    Variant("symmetric", "off by one", lambda W, x, y: W.abs() * (r(W, 2).roll(1, 0) + q(W, 2))),
    Variant("symmetric_squared", "a sum", lambda W, x, y: W.abs() * (r(W, 2) + q(W, 2))),
    Variant("symmetric_squared", "no weight", lambda W, x, y: r(W, 2).hypot(q(W, 2))),
    Variant("ri", "terms exchanged", lambda W, x, y, terms: chosen(W, exchanged(terms))),
    Variant("ri", "always both terms", lambda W, x, y, terms: chosen(W, "both")),
    Variant("ri", "reciprocals overflow", ri_by_reciprocals),
    Variant("ri", "dead is nan", lambda W, x, y, terms: chosen(W, terms) + 0 * (W / r(W, 1))),
    Variant(
        "ria",
        "terms exchanged",
        lambda W, x, y, alpha, terms: chosen(W, exchanged(terms)) * x**alpha,
    ),
    Variant("ria", "α always ½", lambda W, x, y, alpha, terms: chosen(W, terms) * x**0.5),
    Variant("general_diagonal", "A for B", lambda W, x, y: shares(W)[0] * y + shares(W)[1] * x),
    Variant("general_diagonal", "A only", lambda W, x, y: shares(W)[0] * x + 0 * y),
    Variant("lp", "no order below 1", lp_without_small_orders),
    Variant("lp", "S2 and S4 exchanged", lp_with_another_strategy),
    Variant("lp", "α left out", lambda W, x, y, **others: lp(W, x, y, **{**others, "alpha": 1.0})),
    Variant(
        "stochria",
        "another sample",
        lambda W, x, y, seed, **others: stochria(W, x, y, seed=seed + 1, **others),
    ),
    Variant(
        "stochria",
        "lengths never corrected",
        lambda W, x, y, **others: stochria(W, x, y, **{**others, "length_corrected": False}),
    ),
    Variant(
        "stochria",
        "α left out",
        lambda W, x, y, **others: stochria(W, x, y, **{**others, "alpha": 0.0}),
    ),
)


def property_of(variant: Variant) -> tuple[str, str, dict[str, object]]:
    """Its file, its function and the fixtures that it asks for."""
    exact = variant.method == "magnitude"
    name = f"test_{variant.method}_{'is_not_rounded' if exact else 'is_within_its_bound'}"
    fixtures = {"implementation": Implementation(VariantAdapter(variant), REFERENCE.arithmetic)}
    if variant.method == "stochria":
        fixtures["library"] = reference
    return variant.method, name, fixtures


@pytest.mark.parametrize("variant", WRONG, ids=str)
def test_a_wrong_score_is_rejected(rejects: Callable[..., None], variant: Variant):
    file, name, fixtures = property_of(variant)
    rejects(file, name, **fixtures)


@pytest.mark.parametrize("variant", RIGHT, ids=str)
def test_another_right_score_is_accepted(accepts: Callable[..., None], variant: Variant):
    file, name, fixtures = property_of(variant)
    accepts(file, name, **fixtures)


def test_a_weight_may_be_multiplied_with_norms_before_or_after_these_are_joined():
    """With η for the smallest number, 5η·√(0.1875² + 0.28125²) is 1.69η. Joined norms round it to
    2η; 0.94η and 1.41η are both rounded to 1η first, and their hypotenuse, 1.41η, is 1η, too."""
    smallest = torch.finfo(torch.float64).smallest_normal * torch.finfo(torch.float64).eps
    weight = torch.tensor([[5 * smallest]], dtype=torch.float64)
    norms = torch.tensor([[0.1875]]), torch.tensor([[0.28125]])
    right = [each for each in RIGHT if each.method == "symwanda_squared"]
    found = set()
    for adapter in (ReferenceAdapter(), *map(VariantAdapter, right)):
        found.add(adapter.score("symwanda_squared", weight, *norms).item() / smallest)
        implementation = Implementation(adapter, REFERENCE.arithmetic)
        assert_score(implementation, "symwanda_squared", weight, *norms)
    assert found == {1, 2}
