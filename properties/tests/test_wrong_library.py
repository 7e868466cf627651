"""Properties of norms, objectives, samples and constructions reject wrong ones."""

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from pruneproof import reference
from pruneproof.reference import constructions
from pruneproof.reference.scores import Samples


def replaced(module: ModuleType, wrong: dict[str, Any]) -> SimpleNamespace:
    """The public functions of a module, some of them replaced."""
    return SimpleNamespace(**{**{name: getattr(module, name) for name in module.__all__}, **wrong})


def transposed(W: torch.Tensor, p: float) -> torch.Tensor:
    """The norm of the other side."""
    other = reference.output_norms(W, p)
    return torch.cat([other, other.new_zeros(len(W))])[: len(W)]


def counting_zeros(W: torch.Tensor, p: float) -> torch.Tensor:
    return torch.full((len(W),), float(W.shape[1])) if p == 0 else reference.input_norms(W, p)


def unscaled(X: torch.Tensor) -> torch.Tensor:
    """Without scaling, squares of small doubles vanish."""
    return X.double().square().sum(0).sqrt()


def without_root(W: torch.Tensor, p: float) -> torch.Tensor:
    return reference.output_norms(W, p) ** (1 if p == 0 else min(p, 4.0))


def averaged(X: torch.Tensor) -> torch.Tensor:
    return reference.activation_norms(X) / max(1, len(X)) ** 0.5


def in_single_precision(X: torch.Tensor) -> torch.Tensor:
    return reference.activation_norms(X).float()


def unrooted_set(W: torch.Tensor, removed: torch.Tensor, *grams: torch.Tensor) -> torch.Tensor:
    return reference.removal_cost(W, removed, *grams) ** 2


def inputs_only(
    W: torch.Tensor, W_pruned: torch.Tensor, X: torch.Tensor, Y: torch.Tensor
) -> torch.Tensor:
    return reference.symmetric_objective(W, W_pruned, X, 0 * Y)


def with_replacement(b: int, c: int, ratio: float, seed: int) -> Samples:
    right = reference.sampled_entries(b, c, ratio, seed)
    return Samples(0 * right.of_inputs, right.of_outputs)


def rounded_size(b: int, c: int, ratio: float, seed: int) -> Samples:
    size = max(1, round(ratio * min(b, c)))
    return reference.sampled_entries(b, c, min(1.0, size / min(b, c)), seed)


LIBRARY = (
    ("norms", "test_norms_of_inputs_are_within_their_bound", {"input_norms": transposed}),
    ("norms", "test_norms_of_inputs_are_within_their_bound", {"input_norms": counting_zeros}),
    ("norms", "test_norms_of_outputs_are_within_their_bound", {"output_norms": without_root}),
    ("norms", "test_norms_of_activations_are_within_their_bound", {"activation_norms": unscaled}),
    ("norms", "test_norms_of_activations_are_within_their_bound", {"activation_norms": averaged}),
    (
        "norms",
        "test_norms_of_activations_are_within_their_bound",
        {"activation_norms": in_single_precision},
    ),
    (
        "objectives",
        "test_the_input_error_is_within_its_bound",
        {"input_reconstruction": lambda *each: reference.input_reconstruction(*each).sqrt()},
    ),
    (
        "objectives",
        "test_the_symmetric_objectives_are_within_their_bounds",
        {"symmetric_objective": inputs_only},
    ),
    (
        "objectives",
        "test_the_symmetric_objectives_are_within_their_bounds",
        {"squared_objective": lambda *each: reference.symmetric_objective(*each) ** 2},
    ),
    ("objectives", "test_the_cost_of_a_set_is_within_its_bound", {"removal_cost": unrooted_set}),
    (
        "objectives",
        "test_the_cost_of_a_set_is_within_its_bound",
        {"gram": lambda X: reference.gram(X) * (1 + 2.0**-40)},
    ),
    ("stochria", "test_samples_are_distinct_entries", {"sampled_entries": with_replacement}),
    ("stochria", "test_samples_are_distinct_entries", {"sampled_entries": rounded_size}),
)


@pytest.mark.parametrize(("file", "name", "wrong"), LIBRARY)
def test_a_wrong_library_is_rejected(
    rejects: Callable[..., None], file: str, name: str, wrong: dict[str, Any]
):
    rejects(file, name, library=replaced(reference, wrong))


def shifted(right: Callable[..., Any]) -> Callable[..., Any]:
    """Each column of X stands one place too far."""

    def wrong(*arguments: Any, **named: Any) -> Any:
        X, Y = right(*arguments, **named)
        return X.roll(1, dims=1), Y

    return wrong


def scaled(right: Callable[..., Any]) -> Callable[..., Any]:
    """X is too large by a millionth of a millionth."""

    def wrong(*arguments: Any, **named: Any) -> Any:
        X, Y = right(*arguments, **named)
        return X * (1 + 2.0**-40), Y

    return wrong


def in_float32(right: Callable[..., Any]) -> Callable[..., Any]:
    """Y is rounded to float32."""

    def wrong(*arguments: Any, **named: Any) -> Any:
        X, Y = right(*arguments, **named)
        return X, Y.float().double()

    return wrong


def without_root_of_sizes(W: torch.Tensor, a: int, d: int) -> Any:
    X, Y = constructions.ri_constant(W, a, d)
    return X / a**0.5, Y


def squared_reciprocals(W: torch.Tensor) -> Any:
    X, Y = constructions.ri_diagonal(W)
    return X**2, Y**2


CONSTRUCTIONS = (
    ("magnitude", "test_its_construction_is_within_its_bound", "magnitude", scaled),
    ("wanda", "test_its_construction_is_within_its_bound", "wanda", scaled),
    ("stade", "test_its_construction_is_within_its_bound", "stade", shifted),
    ("owanda", "test_its_construction_is_within_its_bound", "owanda", in_float32),
    ("symmetric", "test_its_construction_is_within_its_bound", "symmetric", shifted),
    (
        "ri",
        "test_its_constant_construction_is_within_its_bound",
        "ri_constant",
        without_root_of_sizes,
    ),
    ("ri", "test_its_diagonal_construction_is_within_its_bound", "ri_diagonal", scaled),
    (
        "ri",
        "test_its_diagonal_construction_is_within_its_bound",
        "ri_diagonal",
        squared_reciprocals,
    ),
    ("ria", "test_its_construction_is_within_its_bound", "ria_pointwise", in_float32),
    (
        "general_diagonal",
        "test_its_construction_is_within_its_bound",
        "general_diagonal",
        in_float32,
    ),
    ("lp", "test_its_aligned_construction_is_within_its_bound", "lp_aligned", shifted),
    ("lp", "test_its_unit_vector_construction_is_within_its_bound", "lp_unit_vectors", in_float32),
    (
        "stochria",
        "test_its_indicator_construction_is_within_its_bound",
        "stochria_indicator",
        in_float32,
    ),
    ("stochria", "test_its_aligned_construction_is_within_its_bound", "stochria_aligned", scaled),
)


@pytest.mark.parametrize(("file", "name", "construction", "change"), CONSTRUCTIONS)
def test_a_wrong_construction_is_rejected(
    rejects: Callable[..., None], file: str, name: str, construction: str, change: Any
):
    direct = change in (without_root_of_sizes, squared_reciprocals)
    wrong = change if direct else change(getattr(constructions, construction))
    fixtures = {"constructions": replaced(constructions, {construction: wrong})}
    if file in ("ria", "stochria"):
        fixtures["library"] = reference
    rejects(file, name, **fixtures)
