"""The list of experiments, and the text that they share."""

import random
from itertools import pairwise

from pruneproof.integration.experiments import smollm2
from pruneproof.integration.text.held_out import LONG_ARTICLE, PLACES, split


def test_every_experiment_stands_once_and_the_dense_model_first():
    digests = [each.digest for each in smollm2.EXPERIMENTS]
    assert len(set(digests)) == len(digests)
    assert smollm2.EXPERIMENTS[0] == smollm2.DENSE
    wanted = {each.digest for section in smollm2.SECTIONS.values() for each in section}
    assert set(digests) == wanted


def test_all_share_model_dtype_and_evaluation():
    assert {each.model for each in smollm2.EXPERIMENTS} == {smollm2.MODEL}
    assert {each.dtype for each in smollm2.EXPERIMENTS} == {smollm2.DTYPE}
    assert {each.data.evaluate for each in smollm2.EXPERIMENTS} == {smollm2.DATA.evaluate}


def test_what_calibrates_does_not_evaluate():
    draw = random.Random(0)
    paragraphs = [f"{number} {'x' * draw.randint(100, 900)}" for number in range(1500)]
    calibration, evaluation = ([*part.splitlines()] for part in split("\n".join(paragraphs) + "\n"))
    assert calibration == paragraphs[: len(calibration)]
    assert set(evaluation) <= set(paragraphs)
    assert len(set(evaluation)) == len(evaluation)
    first = paragraphs.index(evaluation[0])
    left_out = paragraphs[len(calibration) : first]
    assert sum(map(len, left_out)) > LONG_ARTICLE
    gaps = sum(
        paragraphs.index(after) != paragraphs.index(before) + 1
        for before, after in pairwise(evaluation)
    )
    assert gaps == PLACES - 1
