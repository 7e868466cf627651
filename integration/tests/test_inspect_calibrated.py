"""Which score made a mask, by a calibration: the one that made it, or honestly more than one."""

from __future__ import annotations

import json

import pytest
import torch
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from checkpoints import model_of
from inspect_bench.masks import keep_n_of_m
from pruneproof.cli.app import app
from pruneproof.integration.checkpoint.load import load_weights
from pruneproof.integration.inspection.agreement import Groups, pruned_alike
from pruneproof.integration.inspection.calibrated import agreements
from pruneproof.integration.inspection.calibration_texts import CalibrationTexts
from pruneproof.integration.inspection.recognised import Overlaps, verdicts
from pruneproof.integration.inspection.report.agreements import by_block, draw
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.text.sources import calibration_tokens

TEXTS = {"text": lambda i: i * i + 5, "other": lambda i: i**3 + 7 * i}
DRAWS = {"samples": 8, "seqlen": 24}
OUTPUT, LAYER, FOUR = Groups(), Groups("layer"), Groups("output", 4)


@pytest.fixture
def place(tmp_path, llama, save_checkpoint):
    """A dense model whose blocks matter to each other, and two texts."""
    for each in llama.parameters():
        if each.ndim == 2:
            each.data *= 8
    save_checkpoint(llama, "dense")
    for name, rule in TEXTS.items():
        text = "".join(chr(33 + rule(i) % 83) for i in range(4000))
        (tmp_path / f"{name}.txt").write_text(text, "utf-8")
    return tmp_path


def pruned(place, plan: Plan, seed: int = 0) -> None:
    """As `prune` does it, with 8 × 24 tokens of the first text."""
    from transformers import AutoTokenizer

    model = load_weights(str(place / "dense"), "float32", "cpu")
    tokenizer = AutoTokenizer.from_pretrained(place / "dense")
    tokens = calibration_tokens(str(place / "text.txt"), tokenizer, *DRAWS.values(), seed)
    for _ in prune_blocks(model, tokens, plan):
        pass
    model.save_pretrained(place / "pruned")


def compared(place, groups: Groups, seed: int = 0, *texts: str):
    sources = tuple(str(place / f"{each}.txt") for each in texts or ("text",))
    return agreements(
        str(place / "pruned"),
        str(place / "dense"),
        CalibrationTexts(sources, **DRAWS, seed=seed),
        groups=groups,
    )


WAYS = {
    "wanda": (Plan("wanda", 0.5), OUTPUT),
    "wanda over the layer": (Plan("wanda", 0.5, group="layer"), LAYER),
    "wanda in 2:4": (Plan("wanda", n_m=(2, 4)), FOUR),
    "ria": (Plan("ria", 0.5, parameters={"alpha": 0.5}), OUTPUT),
    "symwanda over the layer": (Plan("symwanda", 0.5, group="layer"), LAYER),
    "owanda over the layer": (Plan("owanda", 0.6, group="layer"), LAYER),
}


@pytest.mark.parametrize(
    "way",
    [pytest.param(each, marks=() if each[-1] != "r" else pytest.mark.long) for each in WAYS],
)
def test_its_own_text_finds_a_mask_again_bit_for_bit(place, way):
    plan, groups = WAYS[way]
    pruned(place, plan)
    nearest, *others = compared(place, groups)
    assert nearest.candidate.method == plan.method
    assert nearest.agreement == 1
    assert nearest.distance < 1e-6
    assert nearest.verdict == "explains"
    assert {each.verdict for each in others} == {"not_decided"}
    assert len(nearest.layers) == 42
    assert set(nearest.layers.values()) == {1.0}
    assert all(0 < each.noise <= 1 for each in (nearest, *others))


@pytest.mark.parametrize(
    "way",
    [pytest.param(each, marks=() if each == "wanda" else pytest.mark.long) for each in WAYS],
)
def test_another_text_and_seed_say_nothing_wrong(place, way):
    """The right one is explained or possible; where one explains, it is the right one."""
    plan, groups = WAYS[way]
    pruned(place, plan)
    for each in compared(place, groups, 3, "text", "other"):
        right = each.candidate.method == plan.method
        assert each.verdict in (("explains", "possible") if right else ("possible", "not_decided"))
        assert each.agreement < 1


def test_the_power_of_the_norms_is_fitted(place):
    pruned(place, Plan("ria", 0.5, parameters={"alpha": 0.8}))
    nearest, *_ = compared(place, OUTPUT)
    assert nearest.candidate.parameters == {"alpha": 0.8}


def test_a_random_mask_is_nobodys(place):
    model = AutoModelForCausalLM.from_pretrained(place / "dense")
    draw = torch.Generator().manual_seed(1)
    for name, each in model.named_parameters():
        if "proj" in name:
            S = torch.rand(each.shape, generator=draw).numpy()
            each.data[~torch.from_numpy(keep_n_of_m(S, 2, 4))] = 0
    model.save_pretrained(place / "pruned")
    found = compared(place, FOUR)
    assert {each.verdict for each in found} == {"not_decided"}
    assert all(0.4 < each.agreement < 0.6 for each in found)


def test_nothing_is_compared_where_nothing_is_pruned(place):
    AutoModelForCausalLM.from_pretrained(place / "dense").save_pretrained(place / "pruned")
    with pytest.raises(ValueError, match="no matrix of its blocks is pruned"):
        compared(place, OUTPUT)


def test_two_halves_need_two_sequences():
    with pytest.raises(ValueError, match="samples must be at least 2"):
        CalibrationTexts(("x",), samples=1)


def test_a_dense_model_of_another_shape_is_refused(place, decoder_of, save_checkpoint):
    pruned(place, Plan("magnitude", 0.5))
    save_checkpoint(decoder_of("qwen"), "dense")
    with pytest.raises(ValueError, match="dense: its "):
        compared(place, OUTPUT)


@pytest.mark.parametrize("groups", [OUTPUT, LAYER, FOUR, Groups("output", 5)], ids=repr)
def test_a_score_prunes_as_many_of_each_group_as_are_gone(groups):
    draw = torch.Generator().manual_seed(2)
    S, gone = (
        torch.rand(9, 22, generator=draw).round(decimals=1),
        torch.rand(9, 22, generator=draw) < 0.4,
    )
    mask = pruned_alike(S, gone, groups)
    if groups.group == "layer":
        parts = [(slice(None), slice(None))]
    else:
        size = groups.m or 22
        parts = [
            (row, slice(start, start + size)) for row in range(9) for start in range(0, 22, size)
        ]
    for part in parts:
        assert mask[part].sum() == gone[part].sum()
        if 0 < int(mask[part].sum()) < mask[part].numel():
            assert S[part][mask[part]].max() <= S[part][~mask[part]].min()


def test_scores_that_make_the_same_masks_get_the_same_verdict():
    draw = torch.Generator().manual_seed(3)
    masks = torch.rand(3, 1000, generator=draw) < 0.5
    same = torch.stack([masks[0], masks[0], masks[1], masks[2]])
    of = Overlaps.of(masks[0], same, same, same)
    assert verdicts(of, ["a", "b", "c", "d"]) == [
        "explains",
        "explains",
        "not_decided",
        "not_decided",
    ]


def test_the_command_says_it_beside_what_needs_no_calibration(place):
    pruned(place, Plan("wanda", n_m=(2, 4)))
    arguments = ["inspect", place / "pruned", "--dense", place / "dense", "--method", "wanda",
                 "--n-m", "2:4", "--calibration", place / "text.txt", "--samples", "8",
                 "--seqlen", "24", "--report", place / "report"]  # fmt: skip
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    found = json.loads((place / "report/inspect.json").read_text("utf-8"))
    said = [each for each in found["explanations"] if "calibration" in each]
    nearest, *_ = said
    assert (nearest["method"], nearest["verdict"]) == ("wanda", "explains")
    assert nearest["agreement"] == 1
    assert len(nearest["calibration"]["layers"]) == 42
    assert nearest["why"].startswith("100 % of what is gone goes by wanda on text.txt")
    assert [each["verdict"] for each in found["claims"]] == ["holds", "holds"]


def test_a_calibration_needs_the_dense_model(place):
    pruned(place, Plan("magnitude", 0.5))
    arguments = ["inspect", str(place / "pruned"), "--calibration", str(place / "text.txt")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "pruneproof inspect: calibration: needs --dense" in result.stderr


def test_the_picture_shows_the_scores_that_were_asked(tmp_path):
    layers = {f"{block}.{name}": 0.9 + block / 100 for block in range(6) for name in ("q", "k")}
    said = [
        {"method": method, "parameters": {}, "calibration": {"source": source, "layers": layers}}
        for source in ("a", "b")
        for method in ("wanda", "magnitude", "stochria")
    ]
    draw({"explanations": [{"method": "ri"}, *said]}, tmp_path / "picture.svg")
    text = (tmp_path / "picture.svg").read_text("utf-8")
    assert text.count("<!-- wanda -->") == text.count("<!-- magnitude -->") == 1
    assert "stochria" not in text
    with pytest.raises(ValueError, match="no explanation with a calibration"):
        draw({"explanations": [{"method": "ri"}]}, tmp_path / "none.svg")
    assert by_block({"10.q": 0.5, "2.q": 1.0, "2.k": 0.0}) == {2: [1.0, 0.0], 10: [0.5]}


@pytest.mark.long
@pytest.mark.parametrize("family", ["mixtral", "gpt_oss"])
def test_each_expert_is_a_matrix_of_its_own(tmp_path, save_checkpoint, family):
    """Experts lie in one tensor, or in turns; a router decides which tokens they see."""
    save_checkpoint(model_of(family), "dense")
    (tmp_path / "text.txt").write_text("".join(chr(33 + i * i % 83) for i in range(4000)), "utf-8")
    pruned(tmp_path, Plan("wanda", 0.5, unreached="dense"))
    nearest, *_ = compared(tmp_path, OUTPUT)
    assert nearest.candidate.method == "wanda"
    assert nearest.agreement == 1
    assert sum(".experts." in name for name in nearest.layers) >= 6 * 2 * 2
