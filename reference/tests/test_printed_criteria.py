"""R²-DSnoT's two lines, term by term: Eqs. (5) and (6) as printed, and repaired."""

import importlib
import math

import pytest
import torch

from pruneproof import reference

module = importlib.import_module("pruneproof.reference.refinements.r2_dsnot")
W = torch.tensor([[1.0, -2.0], [3.0, 0.5], [-1.5, 4.0]], dtype=torch.float64)
KEEP = torch.tensor([[True, False], [True, True], [False, True]])
MEAN = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
VAR = torch.tensor([0.25, 2.0, 1.5], dtype=torch.float64)
NORM = torch.tensor([1.5, 2.5, 3.0], dtype=torch.float64)
GAMMA_GROW, GAMMA_PRUNE, P, ALPHA = 0.3, 0.7, 3.0, 0.5


def criteria(monkeypatch, **more):
    """The gain of growing and the cost of pruning, out × in, for outputs 0 and 1."""
    taken = {}

    def take(W, keep, mean, gain, cost, limits):
        taken.update(gain=gain, cost=cost)
        return keep

    monkeypatch.setattr(module, "swap", take)
    reference.r2_dsnot(
        W, KEEP, MEAN, VAR, NORM, p=P, gamma_grow=GAMMA_GROW, gamma_prune=GAMMA_PRUNE,
        alpha=ALPHA, **more,
    )  # fmt: skip
    every = slice(0, 2)
    return taken["gain"](W.T * MEAN, every, -1), taken["cost"](W.T, every)


def expected(form, relative_grow, relative_prune):
    gain, cost = torch.empty(2, 3, dtype=torch.float64), torch.empty(2, 3, dtype=torch.float64)
    left = [[float(W[r, k]) * bool(KEEP[r, k]) for k in range(2)] for r in range(3)]
    for k in range(2):
        column = [left[r][k] for r in range(3)]
        regulariser = sum(abs(w) ** P for w in column) ** (1 / P) if form == "printed" else 0
        for r in range(3):
            row = [abs(w) for w in left[r]]
            D = 1 / sum(map(abs, column)) + (1 / sum(row) if sum(row) else 0)
            weight = 1 if form == "printed" else float(W[r, k])
            ratio = -weight * float(MEAN[r]) / float(VAR[r]) * (D if relative_grow else 1)
            gain[k, r] = ratio + GAMMA_GROW * regulariser
            size = abs(float(W[r, k])) * (D if relative_prune else 1)
            cost[k, r] = size * math.sqrt(float(NORM[r])) + GAMMA_PRUNE * regulariser
    return gain, cost


@pytest.mark.parametrize("relative_prune", [False, True])
@pytest.mark.parametrize("relative_grow", [False, True])
@pytest.mark.parametrize("form", ["printed", "repaired"])
def test_both_lines_are_the_formulas(monkeypatch, form, relative_grow, relative_prune):
    named = {"form": form, "relative_grow": relative_grow, "relative_prune": relative_prune}
    for computed, exact in zip(criteria(monkeypatch, **named), expected(**named), strict=True):
        torch.testing.assert_close(computed, exact, rtol=1e-14, atol=0)
