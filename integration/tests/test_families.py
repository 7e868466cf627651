"""A dozen families, each of another kind, judged as `tox -e families` judges them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from pruneproof.integration.families.judge import PRUNED, REFUSED, judge
from pruneproof.integration.families.page import page

PAGE = Path(__file__).parents[2] / "docs" / "families.md"
EXPECTED = {
    "deepseek_v3": PRUNED,  # latent attention, groups of experts, shared ones
    "falcon": PRUNED,  # blocks that answer with tuples
    "gemma2": PRUNED,  # sliding and full attention in turns
    "gemma3 (with vision)": PRUNED,  # a text stack beside a vision tower
    "gemma4_text": PRUNED,  # keys and values of earlier blocks
    "gpt_oss": PRUNED,  # experts with inputs second, gate and up in turns
    "gpt2": PRUNED,  # Conv1D, whose inputs lie first
    "hrm_text": REFUSED,  # two stacks, each of which runs several times
    "llama": PRUNED,
    "llama4_text": PRUNED,  # experts with inputs second, fed all tokens, scaled
    "mamba": PRUNED,  # multiplies by weights whose module is never called
    "mixtral": PRUNED,  # experts with inputs last, gate and up joined
    "opt": PRUNED,
    "qwen2 (tied head)": PRUNED,
    "qwen3_moe": PRUNED,
}


AT_ONCE = ("gpt2", "gpt_oss", "hrm_text", "llama", "llama4_text", "mamba")
"""Those that go most different ways; the others are among the long tests."""
LONG = [pytest.param(each, marks=pytest.mark.long) for each in EXPECTED if each not in AT_ONCE]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("family", [*AT_ONCE, *LONG])
def test_a_family(family: str, tmp_path: Path) -> None:
    outcome = judge(family, tmp_path)
    assert outcome.defects == []
    assert outcome.verdict == EXPECTED[family], outcome.message
    assert outcome.streamed == "equal" or outcome.verdict == REFUSED


def test_the_page_is_that_of_the_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
