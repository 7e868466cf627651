"""Every construction is exact on vectors of any length and for every whole order, 0 and ∞ too."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pruneproof.properties.exact.long_vectors import Surroundings, reproductions
from pruneproof.properties.exact.rationals import ExactLayer, exact_layers, index_sets

ORDERS = (0, 1, 2, 3, float("inf"))


@st.composite
def surroundings(draw: st.DrawFn) -> tuple[ExactLayer, Surroundings]:
    """A layer and one of its weights; every sample has a weight that is not 0."""
    layer = draw(exact_layers(live=True))
    W = [[entry or Fraction(1) for entry in row] for row in layer.W]
    b, c = len(W), len(W[0])
    row, column = draw(st.integers(0, b - 1)), draw(st.integers(0, c - 1))
    size = draw(st.integers(1, min(b, c)))
    near = Surroundings(
        W[row],
        [line[column] for line in W],
        row,
        column,
        [line[row] for line in layer.X],
        layer.Y[column],
        draw(index_sets(size, c)),
        draw(index_sets(size, b)),
    )
    return replace(layer, W=W), near


@given(surroundings())
def test_every_construction_gives_its_score_at_one_weight(
    case: tuple[ExactLayer, Surroundings],
) -> None:
    """‖X_:j‖₂ + ‖Y_k:‖₂ is exactly what the score multiplies |W_jk| by.

    Statement: Corollary 3.2 to Lemma 3.10, with p = 0 and ∞. Level: MUST.
    """
    found = reproductions(case[1], ORDERS)
    assert len(found) == 11 + 2 * len(ORDERS)
    assert [name for name, each in found.items() if not each.holds()] == []
