"""Each argument of DSnoT and R²-DSnoT is checked, and named where it is refused."""

import math

import pytest
import torch

from pruneproof.reference.refinements import dsnot, r2_dsnot

REFINEMENTS = [dsnot, r2_dsnot]
GOOD = {
    "W": torch.ones(3, 2),
    "keep": torch.ones(3, 2, dtype=torch.bool),
    "mean": torch.ones(3),
    "var": torch.ones(3),
    "x_norm": torch.ones(3),
}
BAD_VALUES = [
    ("W", torch.ones(3)),
    ("W", torch.ones(3, 2, dtype=torch.int64)),
    ("W", torch.full((3, 2), torch.nan)),
    ("keep", torch.ones(2, 3, dtype=torch.bool)),
    ("keep", torch.ones(3, 2, dtype=torch.bool, device="meta")),
    ("mean", torch.ones(1)),
    ("mean", torch.full((3,), torch.inf)),
    ("var", torch.ones(2)),
    ("var", -torch.ones(3)),
    ("x_norm", torch.ones(3, 1)),
    ("x_norm", -torch.ones(3)),
    ("x_norm", torch.full((3,), torch.nan)),
    ("max_cycles", -1),
    ("update_threshold", -0.1),
    ("update_threshold", math.nan),
    ("m", 1),
    ("m", 0),
    ("m", 2),
    ("m", 6),
]
BAD_R2_VALUES = [
    ("p", -1.0),
    ("p", math.nan),
    ("gamma_grow", -1e-4),
    ("gamma_grow", math.inf),
    ("gamma_prune", -1e-4),
    ("gamma_prune", math.nan),
    ("gamma_prune", math.inf),
    ("alpha", -0.5),
    ("form", "fixed"),
]


@pytest.mark.usefixtures("no_shape_checks")
@pytest.mark.parametrize("refine", REFINEMENTS)
@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_wrong_value_is_refused_by_name(refine, name, value):
    with pytest.raises(ValueError, match=rf"^{name} must"):
        refine(**(GOOD | {name: value}))


@pytest.mark.usefixtures("no_shape_checks")
@pytest.mark.parametrize(("name", "value"), BAD_R2_VALUES)
def test_a_wrong_value_for_r2_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must"):
        r2_dsnot(**GOOD, **{name: value})


@pytest.mark.usefixtures("no_shape_checks")
@pytest.mark.parametrize("refine", REFINEMENTS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("W", [[1.0]]),
        ("keep", torch.ones(3, 2)),
        ("mean", [1.0, 1.0, 1.0]),
        ("max_cycles", 1.5),
        ("update_threshold", "0.1"),
        ("m", 3.0),
        ("m", True),
    ],
)
def test_a_wrong_type_is_refused_by_name(refine, name, value):
    with pytest.raises(TypeError, match=rf"^{name} must"):
        refine(**(GOOD | {name: value}))
