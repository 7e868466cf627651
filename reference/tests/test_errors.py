"""Error exits, argument by argument: each call is valid but for one argument, which is named."""

import math
import re

import pytest
import torch

from pruneproof import reference
from pruneproof.reference import constructions
from pruneproof.reference.methods import PARAMETERS, REFINEMENTS, REFINING, SCORES
from pruneproof.reference.scores.stochria_sampling import Samples

pytestmark = pytest.mark.usefixtures("no_shape_checks")

W = torch.ones(2, 3)


def _checked(parameters):
    """A switch is either way, whatever it is."""
    return [name for name, each in parameters.items() if each.allowed is not bool]


SAMPLES = Samples(torch.tensor([[0], [2]]), torch.tensor([[0, 1, 1]]))
VALID = {
    "W": W,
    "W_pruned": W,
    "removed": torch.ones(2, 3, dtype=torch.bool),
    "keep": torch.ones(2, 3, dtype=torch.bool),
    "mean": torch.ones(2),
    "var": torch.ones(2),
    "m": 2,
    "X": torch.ones(4, 2),
    "Y": torch.ones(3, 5),
    "A": torch.ones(4, 2),
    "B": torch.ones(3, 5),
    "x_gram": torch.eye(2),
    "y_gram": torch.eye(3),
    "x_norm": torch.ones(2),
    "x_centred_norm": torch.ones(2),
    "y_norm": torch.ones(3),
    "a_norm": torch.ones(2),
    "b_norm": torch.ones(3),
    "c_norm": torch.ones(2),
    "alpha": 0.5,
    "p": 1.0,
    "terms": "both",
    "strategy": "S2",
    "ratio": 0.5,
    "seed": 0,
    "a": 2,
    "d": 2,
    "j": 1,
    "k": 2,
    "b": 2,
    "c": 3,
    "u": torch.tensor([1.0, 0.0]),
    "v": torch.tensor([0.6, 0.8]),
    "samples": SAMPLES,
    "in_features": 3,
}
FUNCTIONS = {
    "input_norms": (reference.input_norms, "W p"),
    "output_norms": (reference.output_norms, "W p"),
    "activation_norms": (reference.activation_norms, "X"),
    "output_activation_norms": (reference.output_activation_norms, "Y"),
    "input_reconstruction": (reference.input_reconstruction, "W W_pruned X"),
    "symmetric_objective": (reference.symmetric_objective, "W W_pruned X Y"),
    "squared_objective": (reference.squared_objective, "W W_pruned X Y"),
    "removal_cost": (reference.removal_cost, "W removed x_gram y_gram"),
    "sampled_entries": (reference.sampled_entries, "b c ratio seed"),
    "constructions.magnitude": (constructions.magnitude, "W"),
    "constructions.wanda": (constructions.wanda, "X W"),
    "constructions.stade": (constructions.stade, "X W"),
    "centred_activation_norms": (reference.centred_activation_norms, "X"),
    "constructions.owanda": (constructions.owanda, "W Y"),
    "constructions.symmetric": (constructions.symmetric, "W"),
    "ri_constant": (constructions.ri_constant, "W a d"),
    "ri_diagonal": (constructions.ri_diagonal, "W"),
    "ria_pointwise": (constructions.ria_pointwise, "W c_norm j k alpha"),
    "constructions.general_diagonal": (constructions.general_diagonal, "W A B"),
    "lp_aligned": (constructions.lp_aligned, "W p"),
    "lp_unit_vectors": (constructions.lp_unit_vectors, "W p u v seed"),
    "stochria_indicator": (constructions.stochria_indicator, "W samples"),
    "stochria_aligned": (constructions.stochria_aligned, "W samples"),
    "ActivationStatistics": (reference.ActivationStatistics, "in_features"),
}
FUNCTIONS |= {
    name: (score.function, " ".join(["W", *score.statistics, *_checked(score.parameters)]))
    for name, score in SCORES.items()
}
for name, each in REFINEMENTS.items():
    taken = ["W", "keep", "m", *each.statistics, *_checked(each.parameters)]
    FUNCTIONS[name] = each.function, " ".join(taken)
    VALID = {**each.defaults, **VALID}

# What no matrix may be; wrong sizes follow.
NOT_A_MATRIX = [
    ([[1.0, 1.0, 1.0]], TypeError, "must be a torch.Tensor, got list"),
    (torch.ones(3), ValueError, "must have shape .*, got \\(3,\\)"),
    (torch.ones(2, 3, 1), ValueError, "must have shape .*, got \\(2, 3, 1\\)"),
]
NOT_NUMBERS = [
    (lambda good: good.long(), ValueError, "must be a floating-point tensor, got torch.int64"),
    (lambda good: good.cfloat(), ValueError, "must be a floating-point tensor, got torch.complex"),
    (lambda good: good * math.nan, ValueError, "must be finite, got inf or nan"),
    (lambda good: good / 0, ValueError, "must be finite, got inf or nan"),
    (lambda good: -good / 0, ValueError, "must be finite, got inf or nan"),
]
ELSEWHERE = [(lambda good: good.to("meta"), ValueError, "must be on cpu, got meta")]


def of_length(*shapes):
    return [
        (torch.ones(shape), ValueError, f"must have shape .*, got \\({', '.join(map(str, shape))}")
        for shape in shapes
    ]


def outside(allowed):
    """What is refused for lying outside a parameter's range, or for being of another type."""
    if isinstance(allowed, tuple):
        words = ", ".join(map(repr, allowed))
        return [
            ("none", ValueError, f"must be one of {words}, got 'none'"),
            (None, TypeError, "must be a string, got None"),
        ]
    beyond = [allowed.low if allowed.open_low else allowed.low - 1]
    if allowed.open_high or allowed.high < math.inf:
        beyond.append(allowed.high if allowed.open_high else allowed.high + 1)
    if not allowed.whole:
        beyond.append(math.nan)
    kind = "an integer" if allowed.whole else "a real number"
    return [
        *((n, ValueError, re.escape(f"must be in {allowed}, got {n}")) for n in beyond),
        *((n, TypeError, f"must be {kind}, got {n!r}") for n in ("1", None, True)),
        *([(0.5, TypeError, "must be an integer, got 0.5")] if allowed.whole else []),
    ]


NORMS = [
    ([1.0, 1.0, 1.0], TypeError, "must be a torch.Tensor, got list"),
    *NOT_NUMBERS,
    (lambda good: -good, ValueError, "must not be negative, got -1.0"),
    (lambda good: good.double() * 1e308, ValueError, "must be at most .* got 1e\\+308"),
]
MEANS = [([1.0, 1.0], TypeError, "must be a torch.Tensor, got list"), *NOT_NUMBERS, *ELSEWHERE]
INPUT_NORMS = [*NORMS, *ELSEWHERE, *of_length((1,), (3,), (2, 1), ())]
OUTPUT_NORMS = [*NORMS, *ELSEWHERE, *of_length((1,), (2,), (3, 1), ())]
NUMBER = [
    (-1, ValueError, "must be in \\[0, .*\\], got -1"),
    (0.0, TypeError, "must be an integer, got 0.0"),
    (True, TypeError, "must be an integer, got True"),
]
SIZE = [
    (0, ValueError, "must be in \\[1, inf\\], got 0"),
    (1.0, TypeError, "must be an integer, got 1.0"),
]
UNIT = [
    (torch.tensor([1.0, 1.0]), ValueError, "must be a unit vector, got norm 1.41"),
    (torch.tensor([0.99]), ValueError, "must be a unit vector, got norm 0.99"),
    (torch.zeros(0), ValueError, "must be a unit vector, got norm 0"),
    *of_length((1, 1)),
    *NOT_NUMBERS,
    *ELSEWHERE,
]
MASKS = [
    *NOT_A_MATRIX,
    (W, TypeError, "must be a boolean tensor, got torch.float32"),
    *of_length((2, 1), (1, 3), (3, 2)),
    *ELSEWHERE,
]
CHOSEN = {**PARAMETERS, **REFINING}
BAD = {
    "W": [*NOT_A_MATRIX, *NOT_NUMBERS],
    "W_pruned": [*NOT_A_MATRIX, *NOT_NUMBERS, *ELSEWHERE, *of_length((2, 1), (1, 3), (3, 2))],
    "removed": MASKS,
    "keep": MASKS,
    "mean": [*MEANS, *of_length((1,), (3,), (2, 1), ())],
    "var": INPUT_NORMS,
    "m": [
        (0, ValueError, "must be in \\[2, inf\\], got 0"),
        (1, ValueError, "must be in \\[2, inf\\], got 1"),
        (4, ValueError, "must divide in_features, 2, got 4"),
        (2.0, TypeError, "must be an integer, got 2.0"),
        (True, TypeError, "must be an integer, got True"),
    ],
    "X": [*NOT_A_MATRIX, *NOT_NUMBERS],
    "Y": [*NOT_A_MATRIX, *NOT_NUMBERS],
    "A": [*NOT_A_MATRIX, *NOT_NUMBERS, *ELSEWHERE, *of_length((4, 1), (4, 3))],
    "B": [*NOT_A_MATRIX, *NOT_NUMBERS, *ELSEWHERE, *of_length((1, 5), (2, 5))],
    "x_gram": [
        *NOT_A_MATRIX,
        *NOT_NUMBERS,
        *ELSEWHERE,
        *of_length((1, 1), (3, 3), (2, 1)),
        (-torch.eye(2), ValueError, "must have a non-negative diagonal, got -1.0"),
    ],
    "y_gram": [
        *NOT_A_MATRIX,
        *NOT_NUMBERS,
        *ELSEWHERE,
        *of_length((1, 1), (2, 2), (3, 1)),
        (-torch.eye(3), ValueError, "must have a non-negative diagonal, got -1.0"),
    ],
    "x_norm": INPUT_NORMS,
    "x_centred_norm": INPUT_NORMS,
    "a_norm": INPUT_NORMS,
    "c_norm": INPUT_NORMS,
    "y_norm": OUTPUT_NORMS,
    "b_norm": OUTPUT_NORMS,
    **{name: outside(CHOSEN[name].allowed) for name in _checked(CHOSEN)},
    "a": SIZE,
    "b": SIZE,
    "c": SIZE,
    "d": SIZE,
    "in_features": SIZE,
    "j": [*NUMBER, (2, ValueError, "must be in \\[0, 1\\], got 2")],
    "k": [*NUMBER, (3, ValueError, "must be in \\[0, 2\\], got 3")],
    "u": UNIT,
    "v": UNIT,
    "samples": [
        (
            Samples(torch.tensor([[0]]), SAMPLES.of_outputs),
            ValueError,
            ".of_inputs must hold 1 indices for each of 2, got shape \\(1, 1\\)",
        ),
        (
            Samples(SAMPLES.of_inputs, torch.tensor([[0, 1]])),
            ValueError,
            ".of_outputs must hold 1 indices for each of 3, got shape \\(2, 1\\)",
        ),
        (
            Samples(SAMPLES.of_inputs, SAMPLES.of_outputs.repeat(2, 1)),
            ValueError,
            ".of_outputs must hold 1 indices for each of 3, got shape \\(3, 2\\)",
        ),
        (
            Samples(torch.tensor([[0], [3]]), SAMPLES.of_outputs),
            ValueError,
            ".of_inputs must hold indices from 0 to 2",
        ),
        (
            Samples(SAMPLES.of_inputs, torch.tensor([[0, -1, 1]])),
            ValueError,
            ".of_outputs must hold indices from 0 to 1",
        ),
        (
            Samples(torch.zeros(2, 0).long(), torch.zeros(0, 3).long()),
            ValueError,
            ".of_inputs must hold indices from 0 to 2, got others or none",
        ),
        (
            Samples(torch.zeros(2, 2).long(), torch.tensor([[0, 1, 1], [1, 0, 0]])),
            ValueError,
            ".of_inputs must hold distinct indices, got one twice",
        ),
    ],
}
CALLS = [
    pytest.param(function, names.split(), argument, *bad, id=f"{name}-{argument}-{i}")
    for name, (function, names) in FUNCTIONS.items()
    for argument in names.split()
    for i, bad in enumerate(BAD[argument])
]


def message(argument, text):
    # The construction's c_norm is the x_norm of the score.
    name = "x_norm" if argument == "c_norm" else argument
    return f"^{name}{'' if text.startswith('.') else ' '}{text}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_valid_call_is_accepted(name):
    function, names = FUNCTIONS[name]
    function(**{argument: VALID[argument] for argument in names.split()})


@pytest.mark.parametrize(("function", "names", "argument", "value", "error", "text"), CALLS)
def test_a_wrong_argument_is_named(function, names, argument, value, error, text):
    arguments = {name: VALID[name] for name in names}
    arguments[argument] = value(VALID[argument]) if callable(value) else value
    with pytest.raises(error, match=message(argument, text)):
        function(**arguments)


WRONG_FOR_W = [torch.ones(5, 4), torch.ones(1, 1), torch.ones(2, 3, 1)]


@pytest.mark.parametrize("wrong", [*WRONG_FOR_W, torch.ones(4, 2, device="meta")])
def test_x_must_fit_w(wrong):
    with pytest.raises(ValueError, match="^X must (have shape|be on cpu)"):
        reference.input_reconstruction(W, W, wrong)
    with pytest.raises(ValueError, match="^X must (have shape|be on cpu)"):
        constructions.wanda(wrong, W)


@pytest.mark.parametrize("wrong", [*WRONG_FOR_W, torch.ones(3, 5, device="meta")])
def test_y_must_fit_w(wrong):
    with pytest.raises(ValueError, match="^Y must (have shape|be on cpu)"):
        reference.symmetric_objective(W, W, torch.ones(4, 2), wrong)
    with pytest.raises(ValueError, match="^Y must (have shape|be on cpu)"):
        constructions.owanda(W, wrong)


def test_a_missing_activation_norm_is_named():
    for score in (
        lambda: reference.lp(W, alpha=0.5),
        lambda: reference.stochria(W, alpha=0.5),
        lambda: reference.wanda(W, None),
    ):
        with pytest.raises(ValueError, match="x_norm must be given where alpha is not 0"):
            score()


def test_a_power_of_the_activation_norm_beyond_the_range_is_named():
    x_norm = torch.full((2,), 1e200, dtype=torch.float64)
    with pytest.raises(ValueError, match="^x_norm to the power alpha = 2 must be finite"):
        reference.wanda(W, x_norm, 2)


def test_a_norm_of_w_beyond_the_range_is_refused_before_a_score_can_be_wrong():
    huge = torch.full((2, 2), 1.5e308, dtype=torch.float64)
    for score in (
        reference.ri,
        reference.symmetric,
        reference.symmetric_squared,
        reference.lp,
        lambda W: reference.ria(W, torch.ones(2)),
        lambda W: reference.general_diagonal(W, torch.ones(2), torch.ones(2)),
        lambda W: reference.stochria(W, 1.0),
    ):
        with pytest.raises(ValueError, match="^W must have .*-norms within half of .* scale it"):
            score(huge)


def test_an_empty_matrix_cannot_be_sampled():
    with pytest.raises(ValueError, match=r"^b must be in \[1, inf\], got 0"):
        reference.stochria(torch.zeros(0, 3))


@pytest.mark.parametrize(
    ("batch", "error", "text"),
    [
        ([[1.0, 2.0, 3.0]], TypeError, "batch must be a torch.Tensor, got list"),
        (torch.ones(2, 2), ValueError, r"batch must have shape \(any, 3\), got \(2, 2\)"),
        (torch.ones(2, 3, 1), ValueError, r"batch must have shape \(any, any, 3\), got"),
        (torch.tensor(1.0), ValueError, r"batch must have shape \(3,\), got \(\)"),
        (torch.ones(2, 3).long(), ValueError, "batch must be a floating-point tensor, got"),
        (torch.full((2, 3), math.nan), ValueError, "batch must be finite, got inf or nan"),
        (torch.ones(2, 3, device="meta"), ValueError, "batch must be on cpu, got meta"),
        (
            torch.full((2, 3), 1e300, dtype=torch.float64),
            ValueError,
            r"batch must be at most .* in magnitude, got 1e\+300",
        ),
    ],
)
def test_a_wrong_batch_is_refused(batch, error, text):
    with pytest.raises(error, match=text):
        reference.ActivationStatistics(3).update(batch)


def test_a_wrong_other_accumulator_is_refused():
    statistics = reference.ActivationStatistics(3)
    with pytest.raises(TypeError, match="other must be an ActivationStatistics, got int"):
        statistics.merge(3)
    with pytest.raises(ValueError, match="other must have 3 in_features, got 2"):
        statistics.merge(reference.ActivationStatistics(2))
    with pytest.raises(
        ValueError, match="other must be on the accumulator's device, cpu, got meta"
    ):
        statistics.merge(reference.ActivationStatistics(3, device="meta"))


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (torch.tensor(1.0), r"X must have shape \(any,\), got \(\)"),
        (torch.ones(2, 2).int(), "X must be a floating-point tensor, got torch.int32"),
        (torch.full((2, 2), math.inf), "X must be finite, got inf or nan"),
    ],
)
def test_gram_refuses(X, text):
    with pytest.raises(ValueError, match=text):
        reference.gram(X)
