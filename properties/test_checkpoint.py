"""The constructions reproduce the scores on the weights and activations of real checkpoints.

Scores of all entries are computed in float32 and compared with doubles whose own error bound is
added to the error; at some entries X and Y are evaluated exactly, the floats taken as fractions.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor

from pruneproof import reference
from pruneproof.properties import certified
from pruneproof.properties.certified.arithmetic import Arithmetic
from pruneproof.properties.certified.bounds import Bounded, bounded
from pruneproof.properties.certified.implementation import REFERENCE
from pruneproof.properties.certified.ratio import worst_ratio_of_doubles
from pruneproof.properties.exact.long_vectors import Surroundings, reproductions
from pruneproof.reference import constructions
from pruneproof.reference.methods import INPUTS, OUTPUTS, SCORES

pytestmark = pytest.mark.checkpoint

ATTENTION = ("q_proj", "k_proj", "v_proj")
LAYERS = [
    (fixture, block, kind)
    for fixture, blocks, kinds in (
        ("checkpoint_layers", (0, 14, 29), ("o_proj", "gate_proj", "up_proj", "down_proj")),
        ("opt_layers", (0, 3), ("out_proj", "fc1", "fc2")),
    )
    for block in blocks
    for kind in (*ATTENTION, *kinds)
]
DOUBLES = Arithmetic(torch.float64, torch.float64)
SAMPLING = {"ratio": 0.1, "seed": 0}
WIDTH_OF_Y = 64

Form = Callable[[Bounded, Bounded, Bounded], Bounded]


class RealLayer:
    """A layer's W, its inputs X and, for Y, its outputs for the first tokens."""

    def __init__(self, layer: Any) -> None:
        self.weight, self.X = layer.weight, layer.inputs
        self.W = layer.weight.T
        self.Y = (self.X[:WIDTH_OF_Y] @ self.W).T
        self.samples = reference.sampled_entries(*self.W.shape, **SAMPLING)

    def carried(self, arithmetic: Arithmetic) -> tuple[Bounded, Bounded, Bounded]:
        """W, X and Y as doubles, with the bounds of an arithmetic."""
        W, X, Y = (bounded(each, arithmetic, doubles=True) for each in (self.W, self.X, self.Y))
        return W, X, Y

    def exact(self, form: Form) -> Bounded:
        """A closed form in double precision, with the bound of that."""
        return form(*self.carried(DOUBLES))


@pytest.fixture(params=LAYERS, ids=lambda layer: "-".join(map(str, layer)))
def real(request: pytest.FixtureRequest) -> RealLayer:
    """One linear layer of a checkpoint."""
    fixture, block, kind = request.param
    layers: dict[str, Any] = request.getfixturevalue(fixture)
    (name,) = [name for name in layers if name.endswith(kind) and f".{block}." in name]
    return RealLayer(layers[name])


def x_norm(X: Bounded) -> Bounded:
    """‖X_:j‖₂."""
    return X.norm(2, axis=0)


def y_norm(Y: Bounded) -> Bounded:
    """‖Y_k:‖₂."""
    return Y.norm(2, axis=1)


def scores_of(real: RealLayer) -> dict[str, tuple[dict[str, Any], Form]]:
    """Every score: what the adapter is asked for, and the closed form."""
    asked = {"lp": {"p": 3.0}, "stochria": SAMPLING}
    known = {**asked, "stochria": {"samples": real.samples}}
    given = {INPUTS: real.X, OUTPUTS: real.Y}

    def form(method: str) -> Form:
        formula, more = getattr(certified.scores, method), known.get(method, {})
        needed = SCORES[method].needs()

        def closed(W: Bounded, X: Bounded, Y: Bounded) -> Bounded:
            return formula(
                W, **(certified.scores.statistics(method, X, Y) if needed else {}), **more
            )

        return closed

    return {
        method: (
            {of: given[of] for of in given if score.takes(of)} | asked.get(method, {}),
            form(method),
        )
        for method, score in SCORES.items()
    }


def constructions_of(real: RealLayer) -> dict[str, tuple[tuple[Tensor, Tensor], Any, Form]]:
    """Every construction: the computed X and Y, the exact ones, and the closed form.

    Not STADE's, whose entries are differences: doubles carry no bound of those.
    """
    W, X, Y, samples = real.W, real.X, real.Y, real.samples
    axis = torch.tensor([0.0, -1.0])
    unit = bounded(axis, REFERENCE.arithmetic(W.dtype), doubles=True)
    tokens, width = W.shape
    made, exact, scores = constructions, certified.constructions, scores_of(real)
    forms = {name: form for name, (_, form) in scores.items()}
    return {
        "magnitude": (made.magnitude(W), lambda W, X, Y: exact.magnitude(W), forms["magnitude"]),
        "wanda": (made.wanda(X, W), lambda W, X, Y: exact.wanda(X, W), forms["wanda"]),
        "owanda": (made.owanda(W, Y), lambda W, X, Y: exact.owanda(W, Y), forms["owanda"]),
        "symmetric": (made.symmetric(W), lambda W, X, Y: exact.symmetric(W), forms["symmetric"]),
        "ri_constant": (
            made.ri_constant(W),
            lambda W, X, Y: exact.ri_constant(W, tokens, width),
            forms["ri"],
        ),
        "ri_diagonal": (made.ri_diagonal(W), lambda W, X, Y: exact.ri_diagonal(W), forms["ri"]),
        "general_diagonal": (
            made.general_diagonal(W, X, Y),
            lambda W, X, Y: exact.general_diagonal(W, X, Y),
            forms["general_diagonal"],
        ),
        "lp_aligned": (
            made.lp_aligned(W, 3.0),
            lambda W, X, Y: exact.lp_aligned(W, 3.0),
            forms["lp"],
        ),
        "lp_unit_vectors": (
            made.lp_unit_vectors(W, 3.0, axis, axis),
            lambda W, X, Y: exact.lp_unit_vectors(W, 3.0, unit, unit),
            forms["lp"],
        ),
        "stochria_indicator": (
            made.stochria_indicator(W, samples),
            lambda W, X, Y: exact.stochria_indicator(W, samples),
            forms["stochria"],
        ),
        "stochria_aligned": (
            made.stochria_aligned(W, samples),
            lambda W, X, Y: exact.stochria_aligned(W, samples),
            forms["stochria"],
        ),
    }


def test_every_score_is_within_its_bound(real: RealLayer, table: list[Any]) -> None:
    """Scores of all real weights are the exact ones, up to their certified bounds.

    Statement: Lemma 3.1 to Eq. (4). Level: MUST.
    """
    carried = real.carried(REFERENCE.arithmetic(real.W.dtype))
    for method, (arguments, form) in scores_of(real).items():
        computed = REFERENCE.adapter.score(method, real.weight, **arguments).T
        ratio = worst_ratio_of_doubles(computed, form(*carried).stored(), real.exact(form))
        table.append(("score", method, computed.numel(), ratio))
        assert ratio <= 1, f"{method}: error ÷ bound = {ratio}"


def test_every_construction_gives_its_score(real: RealLayer, table: list[Any]) -> None:
    """Lemma 3.1's score of each computed X and Y is the closed form, up to certified bounds.

    Statement: Corollary 3.2 to Lemma 3.10. Level: MUST.
    """
    W, X, Y = real.carried(REFERENCE.arithmetic(real.W.dtype))
    for name, ((made_x, made_y), construction, form) in constructions_of(real).items():
        norms = reference.activation_norms(made_x), reference.output_activation_norms(made_y)
        computed = reference.symwanda(real.W, *norms)
        exact_x, exact_y = construction(W, X, Y)
        by_lemma = certified.scores.symwanda(W, x_norm(exact_x), y_norm(exact_y)).stored()
        ratio = worst_ratio_of_doubles(computed, by_lemma, real.exact(form))
        table.append(("construction", name, computed.numel(), ratio))
        assert ratio <= 1, f"{name}: error ÷ bound = {ratio}"


def test_every_construction_is_exact_at_some_weights(real: RealLayer, table: list[Any]) -> None:
    """With the floats taken as fractions, X and Y give exactly the score.

    The weights are the first, the last, the largest, the smallest that is not 0, and four at
    random. Statement: Corollary 3.2 to Lemma 3.10. Level: MUST.
    """
    count: dict[str, int] = {}
    for j, k in some_positions(real.W):
        near = Surroundings(
            fractions(real.W[j]),
            fractions(real.W[:, k]),
            j,
            k,
            fractions(real.X[:, j]),
            fractions(real.Y[k]),
            real.samples.of_inputs[j].tolist(),
            real.samples.of_outputs[:, k].tolist(),
        )
        for name, reproduction in reproductions(near, (0, 1, 2, 3, math.inf)).items():
            assert reproduction.holds(), f"{name} at weight ({j}, {k})"
            count[name] = count.get(name, 0) + 1
    table.extend(("exact", name, number, 0.0) for name, number in count.items())


def some_positions(W: Tensor) -> list[tuple[int, int]]:
    """Where the exact layer looks."""
    magnitudes = W.abs().flatten()
    smallest = torch.where(magnitudes == 0, math.inf, magnitudes).argmin()
    generator = torch.Generator().manual_seed(0)
    at_random = torch.randint(W.numel(), (4,), generator=generator).tolist()
    flat = [0, W.numel() - 1, int(magnitudes.argmax()), int(smallest), *at_random]
    return [divmod(position, W.shape[1]) for position in flat]


def fractions(vector: Tensor) -> list[Fraction]:
    """Floats as the exact numbers that they are."""
    return [Fraction(number) for number in vector.tolist()]
