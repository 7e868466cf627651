"""docs/results.md is what the committed ledger gives."""

from pathlib import Path

import pytest
import torch

from pruneproof.integration.experiments import Ledger, smollm2
from pruneproof.integration.experiments.page import page
from pruneproof.integration.experiments.stripes import Stripes, Variation

PAGE = Path(__file__).parents[2] / "docs" / "results.md"
RESULTS = Ledger(smollm2.RECORDED).results()


def test_the_page_is_up_to_date():
    assert page(RESULTS, Stripes.recorded()) == PAGE.read_text(encoding="utf-8")


def test_its_pictures_are_there():
    text = PAGE.read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("!["):
            assert (PAGE.parent / line.partition("(")[2].removesuffix(")")).is_file()


def test_the_ledger_holds_what_is_on_the_list_and_nothing_else():
    listed = {each.digest: each for each in smollm2.EXPERIMENTS}
    for digest, entry in RESULTS.items():
        record = listed[digest].record()
        assert {name: entry.get(name) for name in record} == record


@pytest.mark.parametrize("what", ["model_fingerprint", "evaluation_fingerprint", "weights"])
def test_all_was_measured_on_the_same(what):
    assert len({entry[what] for entry in RESULTS.values()}) == 1


def test_the_text_depends_on_the_numbers():
    wanda = RESULTS[smollm2.wanda().digest]
    other = {**RESULTS, wanda["digest"]: {**wanda, "perplexity": 20.0}}
    assert page(other, Stripes.recorded()) != page(RESULTS, Stripes.recorded())


def test_the_page_says_what_was_not_measured():
    missing = {digest: each for digest, each in RESULTS.items() if digest != WANDA_LAYER}
    assert "not measured" in page(missing, Stripes.recorded())


WANDA_LAYER = smollm2.wanda(group="layer").digest


def test_stripes_are_variation_from_norm_to_norm():
    weight = torch.tensor([[1.0, -1.0], [3.0, 3.0]])
    found = Variation.of("layer", weight)
    assert found.inputs == 0
    assert found.outputs == pytest.approx(0.7071, abs=1e-4)
