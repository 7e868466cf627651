"""The exact properties reject wrong formulas: of scores, of constructions, of the objective."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sympy import Abs, sqrt

from pruneproof.properties.exact import formulas, long_vectors
from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.constructions import Construction
from pruneproof.symbolic.notation import W, X, column_norm, row_norm


def with_x(construction: Callable[..., Construction], change: Any) -> Callable[..., Construction]:
    """A construction whose X is changed."""

    def wrong(*arguments: Any) -> Construction:
        right = construction(*arguments)
        return replace(right, x=lambda i, j: change(right, i, j))

    return wrong


def with_y(construction: Callable[..., Construction], change: Any) -> Callable[..., Construction]:
    """A construction whose Y is changed."""

    def wrong(*arguments: Any) -> Construction:
        right = construction(*arguments)
        return replace(right, y=lambda k, n: change(right, k, n))

    return wrong


def doubled_x(right: Construction, i: Any, j: Any) -> Any:
    return 2 * right.x(i, j)


def uncentred(right: Construction, i: Any, j: Any) -> Any:
    return X[i, j]


def rooted_y(right: Construction, k: Any, n: Any) -> Any:
    return sqrt(Abs(right.y(k, n)))


def squared_y(right: Construction, k: Any, n: Any) -> Any:
    return right.y(k, n) ** 2


def without_root_of_rows(right: Construction, i: Any, j: Any) -> Any:
    return right.x(i, j) * sqrt(right.rows)


CONSTRUCTIONS = (
    ("magnitude", "test_the_identity_gives_magnitude", "magnitude", with_x, doubled_x),
    ("wanda", "test_no_output_calibration_gives_wanda", "wanda", with_x, doubled_x),
    ("stade", "test_centred_inputs_give_stade", "stade", with_x, doubled_x),
    ("stade", "test_centred_inputs_give_stade", "stade", with_x, uncentred),
    ("owanda", "test_no_inputs_give_owanda", "owanda", with_y, squared_y),
    ("symmetric", "test_the_transposed_weights_give_symmetric", "symmetric", with_y, squared_y),
    ("ri", "test_constant_columns_give_ri", "ri_constant", with_x, without_root_of_rows),
    ("ri", "test_diagonal_matrices_give_ri", "ri_diagonal", with_y, rooted_y),
    ("ria", "test_one_entry_each_gives_ria_of_one_weight", "ria_pointwise", with_x, doubled_x),
    (
        "general_diagonal",
        "test_diagonal_scaling_gives_general_diagonal",
        "general_diagonal",
        with_y,
        squared_y,
    ),
    ("lp", "test_columns_along_the_weights_give_lp", "lp_aligned", with_y, squared_y),
    ("lp", "test_columns_along_unit_vectors_give_lp", "lp_unit_vectors", with_x, doubled_x),
    (
        "stochria",
        "test_indicators_of_the_samples_give_stochria",
        "stochria_indicator",
        with_y,
        squared_y,
    ),
    ("stochria", "test_sampled_weights_give_stochria", "stochria_aligned", with_x, doubled_x),
)


@pytest.mark.parametrize(("file", "name", "construction", "change", "entry"), CONSTRUCTIONS)
def test_a_wrong_construction_is_rejected(
    rejects: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    name: str,
    construction: str,
    change: Any,
    entry: Any,
):
    right = getattr(constructions, construction)
    monkeypatch.setattr(constructions, construction, change(right, entry))
    rejects(file, name)


def signed(j: Any, k: Any) -> Any:
    return W[j, k] * (column_norm(j) + row_norm(k))


def inputs_only(j: Any, k: Any) -> Any:
    return Abs(W[j, k]) * column_norm(j)


def product_of_norms(j: Any, k: Any) -> Any:
    return Abs(W[j, k]) * column_norm(j) * row_norm(k)


def halved(j: Any, k: Any) -> Any:
    return Abs(W[j, k]) * (column_norm(j) + row_norm(k)) / 2


SCORES = (
    ("symwanda", "test_removing_one_weight_costs_its_score", "symwanda", signed),
    ("symwanda", "test_removing_one_weight_costs_its_score", "symwanda", halved),
    ("symwanda", "test_the_lowest_score_is_the_best_single_removal", "symwanda", inputs_only),
    ("symwanda", "test_the_lowest_score_is_the_best_single_removal", "symwanda", product_of_norms),
    ("symwanda", "test_removing_a_set_costs_at_most_its_scores", "symwanda", halved),
    (
        "symwanda_squared",
        "test_removing_one_weight_costs_its_squared_score",
        "symwanda_squared",
        scores.symwanda,
    ),
    (
        "symmetric_squared",
        "test_the_transposed_weights_give_symmetric_squared",
        "symmetric_squared",
        scores.symmetric,
    ),
)


@pytest.mark.parametrize(("file", "name", "score", "wrong"), SCORES)
def test_a_wrong_score_is_rejected(
    rejects: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    name: str,
    score: str,
    wrong: Callable[..., Any],
):
    monkeypatch.setattr(scores, score, wrong)
    rejects(file, name)


def test_another_objective_is_rejected(
    rejects: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    right = formulas.squared_errors
    monkeypatch.setattr(formulas, "squared_errors", lambda *each: right(*each)[:1] * 2)
    rejects("symwanda", "test_removing_one_weight_costs_its_score")


def test_a_wrong_construction_on_vectors_is_rejected(
    rejects: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        long_vectors,
        "_constant",
        lambda reciprocal, size: long_vectors.ScaledVector(reciprocal, [1] * size),
    )
    rejects("constructions", "test_every_construction_gives_its_score_at_one_weight")
