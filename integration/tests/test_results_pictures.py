"""The pictures show what the ledger holds, and do without what it lacks."""

import math
from pathlib import Path

import pytest
import torch

from pruneproof.integration.experiments import Ledger, pictures, smollm2

ALL = {each.digest: {"perplexity": 30.0 + n} for n, each in enumerate(smollm2.EXPERIMENTS)}


def points(picture):
    return [line.get_xydata().tolist() for axes in picture.axes for line in axes.lines]


def names(picture):
    return {text.get_text() for axes in picture.axes for text in axes.texts}


@pytest.mark.parametrize("name", pictures.DRAWN)
def test_every_line_is_named_beside_its_end(name):
    picture = pictures.DRAWN[name](ALL)
    lines = {str(line.get_label()) for axes in picture.axes for line in axes.lines}
    assert {each for each in lines if not each.startswith("_")} == names(picture)
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in picture.axes)


def test_a_line_holds_the_numbers():
    magnitude = points(pictures.DRAWN["sparsity"](ALL))[0]
    expected = [ALL[smollm2.magnitude(sparsity=s).digest]["perplexity"] for s in smollm2.SPARSITIES]
    assert magnitude == [
        [0, ALL[smollm2.DENSE.digest]["perplexity"]],
        *([pytest.approx(100 * s), p] for s, p in zip(smollm2.SPARSITIES, expected, strict=True)),
    ]


@pytest.mark.parametrize("name", pictures.DRAWN)
def test_the_committed_picture_is_current(name, tmp_path, monkeypatch):
    committed = Path(__file__).parents[2] / "docs" / "pictures" / f"{name}.svg"
    monkeypatch.setattr(pictures, "FOLDER", tmp_path)
    recorded = Ledger(smollm2.RECORDED).results()
    pictures.save(name, pictures.of_ledger(recorded)[name])
    assert (tmp_path / f"{name}.svg").read_bytes() == committed.read_bytes(), (
        "run `tox -e pages`, which draws with the matplotlib of .ci/constraints.txt"
    )


@pytest.mark.parametrize("name", pictures.DRAWN)
def test_what_was_not_measured_is_left_out(name):
    assert points(pictures.DRAWN[name]({})) == []


def test_a_picture_is_the_same_from_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "FOLDER", tmp_path / "pictures")
    written = []
    for _ in range(2):
        pictures.save("beta", pictures.of_ledger(ALL)["beta"])
        written.append((tmp_path / "pictures/beta.svg").read_bytes())
    assert written[0] == written[1]


def test_the_heat_map_is_of_magnitudes():
    weight = torch.full((6, 9), -2.0)
    heat = pictures.weights("layer", weight).axes[2]
    assert heat.images[0].get_array().tolist() == [[2.0, 2.0]] * 3


@pytest.mark.parametrize(
    ("heights", "expected"),
    [
        ([], []),
        ([1.0], [1.0]),
        ([0.0, 5.0], [0.0, 5.0]),
        ([5.0, 0.0], [5.0, 0.0]),
        ([3.0, 3.0, 3.0], [1.0, 3.0, 5.0]),
        ([0.0, 1.0, 3.0], [-2 / 3, 4 / 3, 10 / 3]),
    ],
)
def test_names_are_moved_apart_in_their_order(heights, expected):
    found = pictures.apart(heights, 2.0)
    assert found == pytest.approx(expected)
    assert math.isclose(sum(found), sum(heights), abs_tol=1e-12)
