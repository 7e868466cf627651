"""A mask that is Wanda's, from whatever calibration, dtype and library, is never said not to be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from inspect_bench.case import Made, saved_dense
from inspect_bench.dense import MATRICES, llama, norms, save
from inspect_bench.masks import worst_cycle
from inspect_bench.wandas import DTYPES, FORMULAS, PATTERNS, pruned, wandas
from pruneproof.cli.app import app


def accused(made: Made, folder: Path, group: str = "output") -> list[dict]:
    """What is said to refute Wanda."""
    arguments = [
        "inspect",
        made.checkpoint,
        *made.options,
        "--method",
        "wanda",
        "--report",
        folder / "report",
    ]
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code in (0, 1), result.output
    found = json.loads((folder / "report/inspect.json").read_text("utf-8"))
    of = [
        each
        for each in found["explanations"]
        if (each["method"], each["group"]) == ("wanda", group)
    ]
    assert of, "nothing is said of Wanda"
    assert all(each["verdict"] in ("possible", "not_decided", "refuted") for each in of), of
    refuted = [each for each in of if each["verdict"] == "refuted"]
    contradicted = [each for each in found["claims"] if each["verdict"] == "contradicted"]
    assert bool(refuted) >= bool(contradicted)
    return [*refuted, *contradicted]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("dtype", "formula"),
    [
        ("F32", "official"),
        ("BF16", "in its dtype"),
        pytest.param("F16", "official", marks=pytest.mark.long),
    ],
)
def test_wandas_masks_are_not_refuted(tmp_path, dtype, formula, pattern):
    made = wandas(tmp_path, dtype, FORMULAS[formula], PATTERNS[pattern])
    assert accused(made, tmp_path) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 9))
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_wandas_masks_are_not_refuted_by_any_seed(tmp_path, dtype, formula, pattern, seed):
    made = wandas(tmp_path, dtype, FORMULAS[formula], PATTERNS[pattern], seed)
    assert accused(made, tmp_path) == []


def test_inputs_that_are_never_active_tie_in_any_way(tmp_path):
    """Three of some groups of four have norm 0: which two go differs from output to output."""
    dense, draw = llama(), np.random.default_rng(1)
    tensors = dict(dense)
    for name in MATRICES:
        x = norms(name)
        for group in draw.choice(len(x) // 4, 2, replace=False):
            x[4 * group + draw.choice(4, 3, replace=False)] = 0
        S = np.abs(dense[name]) * x
        # Far below any score, so that it decides among those of 0 alone.
        gone = pruned(torch.from_numpy(S + draw.random(S.shape) * 1e-30), (2, 4)).numpy()
        tensors[name] = np.where(gone, np.float32(0), dense[name])
        unlike = [
            worst_cycle(dense[name][:, i : i + 4], ~gone[:, i : i + 4]) for i in range(0, len(x), 4)
        ]
        assert max(unlike) > 0, "no positive norms explain it"
    made = Made(save(tmp_path / "it", tensors), ("--dense", saved_dense(tmp_path)))
    assert accused(made, tmp_path) == []
