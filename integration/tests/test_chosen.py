"""Layers that are skipped, and those that have a sparsity of their own."""

import copy
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.integration.decoder.blocks import decoder_blocks, linears
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.experiments.label import label
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.pruning.prepare import check_decoder
from pruneproof.integration.pruning.preview import pruned_weights
from pruneproof.integration.pruning.unfinished import Unfinished
from pruneproof.integration.recipe.chosen import (
    Patterns,
    check_chosen,
    chosen_in_words,
    layer_name,
    mean_sparsity,
)
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.sparsities_file import read_sparsities
from pruneproof.integration.recipe.texts import Texts

BLOCKS, WIDTH, BETWEEN = 6, 16, 24
IN_A_BLOCK = 4 * WIDTH * WIDTH + 3 * WIDTH * BETWEEN
NAMES = [f"self_attn.{each}_proj" for each in "qkvo"] + [
    f"mlp.{each}_proj" for each in ("gate", "up", "down")
]
LAYERS = [(block, name) for block in range(BLOCKS) for name in NAMES]
LINES = {"*": 0.5, "0.*": 0.25, "5.*": 0.75, "*.down_proj": 0.3, "5.mlp.down_proj": 0.0}
"""From the general to the special, as a user would write them."""


def wanted(block, name):
    """What LINES ask for, written down again without patterns."""
    if name == "mlp.down_proj":
        return 0.0 if block == 5 else 0.3
    return {0: 0.25, 5: 0.75}.get(block, 0.5)


@pytest.fixture
def six():
    """A LLaMA of six blocks with random weights."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=97, hidden_size=WIDTH, intermediate_size=BETWEEN, num_hidden_layers=BLOCKS,
        num_attention_heads=2, max_position_embeddings=32,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def zeros_of(model):
    return {
        (number, name): (layer.weight == 0).sum(1)
        for number, block in enumerate(decoder_blocks(model))
        for name, layer in linears(block)
    }


@pytest.mark.parametrize(
    ("patterns", "name", "line"),
    [
        (("*", "0.*"), "0.mlp.up_proj", "0.*"),
        (("0.*", "*"), "0.mlp.up_proj", "*"),
        (("0.*",), "10.mlp.up_proj", None),
        (("?.*",), "10.mlp.up_proj", None),
        (("[0-3].*",), "2.mlp.up_proj", "[0-3].*"),
        (("[!0-3].*",), "2.mlp.up_proj", None),
        (("*.q_proj",), "3.self_attn.q_proj", "*.q_proj"),
        (("q_proj",), "3.self_attn.q_proj", None),
        (("*.Q_proj",), "3.self_attn.q_proj", None),
        (("3?self_attn.q_proj",), "3.self_attn.q_proj", "3?self_attn.q_proj"),
        (("3.self_attn.q_proj", "3.*"), "3.self_attn.q_proj", "3.*"),
        (("3.*", "3.self_attn.q_proj"), "3.self_attn.q_proj", "3.self_attn.q_proj"),
        (("*.experts.[0-9].*",), "1.mlp.experts.3.gate_proj", "*.experts.[0-9].*"),
        (("*.experts.[0-9].*",), "1.mlp.experts.13.gate_proj", None),
        ((), "0.mlp.up_proj", None),
    ],
)
def test_the_last_glob_that_matches_the_whole_name_decides(patterns, name, line):
    assert Patterns(patterns).deciding(name) == line


@pytest.mark.parametrize("group", ["output", "layer"])
@pytest.mark.parametrize("method", ["magnitude", "wanda", "symwanda", "stochria"])
def test_every_layer_loses_the_exact_number(six, tokens, method, group):
    dense = copy.deepcopy(six)
    plan = Plan(method, group=group, sparsities=LINES, skip=("*.v_proj", "2.*"))
    expected = pruned_weights(Decoder.of(six), plan)
    assert list(prune_blocks(six, tokens, plan)) == list(range(BLOCKS))
    before, total = dense.state_dict(), 0
    for (block, name), zeros in zeros_of(six).items():
        width = BETWEEN if name == "mlp.down_proj" else WIDTH
        skipped = name == "self_attn.v_proj" or block == 2
        sparsity = 0 if skipped else wanted(block, name)
        total += int(zeros.sum())
        if group == "output":
            assert (zeros == int(width * sparsity)).all(), (block, name)
        else:
            assert zeros.sum() == int(zeros.numel() * width * sparsity), (block, name)
        if skipped:
            key = f"model.layers.{block}.{name}.weight"
            assert six.state_dict()[key].equal(before[key])
    assert total == expected > 0


def test_all_alike_by_lines_is_the_same_as_one_sparsity(six, tokens):
    plans = Plan("ria", 0.5, refine="dsnot"), Plan("ria", sparsities={"*": 0.5}, refine="dsnot")
    models = [copy.deepcopy(six) for _ in plans]
    for model, plan in zip(models, plans, strict=True):
        list(prune_blocks(model, tokens, plan))
    states = zip(*(each.state_dict().values() for each in models), strict=True)
    assert all(one.equal(other) for one, other in states)


def test_layers_that_are_skipped_need_no_statistics(six, tokens):
    decoder_blocks(six)[5].mlp.down_proj.weight.data.fill_(torch.nan)
    with pytest.raises(ValueError, match="block 5"):
        list(prune_blocks(copy.deepcopy(six), tokens, Plan("wanda", 0.5)))
    plan = Plan("wanda", 0.5, skip=("5.mlp.down_proj",))
    assert list(prune_blocks(six, tokens, plan)) == list(range(BLOCKS))


def test_n_of_m_may_skip_what_m_does_not_divide(six, tokens):
    plan = Plan("wanda", n_m=(4, 16))
    with pytest.raises(ValueError, match="24 in block 0, mlp.down_proj"):
        check_decoder(Decoder.of(six), plan)
    plan = replace(plan, skip=("*.down_proj",))
    check_decoder(Decoder.of(six), plan)
    list(prune_blocks(six, tokens, plan))
    for (_, name), zeros in zeros_of(six).items():
        assert (zeros == (0 if name == "mlp.down_proj" else 12)).all()
    assert mean_sparsity(plan, Decoder.of(six).names()) == 0.75


def test_a_plan_for_one_layer_chooses_nothing_more():
    plan = Plan("stochria", 0.5, parameters={"seed": 1}, skip=("1.*",), sparsities=LINES)
    plain = Plan("stochria", 0.25, parameters={"seed": 1})
    assert plan.for_layer(0, "mlp.up_proj") == plain.for_layer(0, "mlp.up_proj")
    assert plan.for_layer(1, "mlp.up_proj") is None
    assert plan.for_layer(5, "mlp.down_proj").sparsity == 0
    assert Plan("wanda", n_m=(2, 4), skip=("1.*",)).for_layer(0, "q") == Plan("wanda", n_m=(2, 4))


def test_where_no_line_matches_the_sparsity_holds():
    plan = Plan("wanda", 0.6, sparsities={"[01].*": 0.3})
    check_chosen(plan, LAYERS)
    of = [plan.sparsity_of(block, "mlp.up_proj") for block in range(BLOCKS)]
    assert of == [0.3, 0.3, 0.6, 0.6, 0.6, 0.6]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"skip": ("*.q_porj",)}, "^skip: '[*].q_porj' matches none of the 42 matrices"),
        ({"skip": ("0.*", "6.*")}, "'6.[*]' .*as 0.self_attn.q_proj and 5.mlp.down_proj$"),
        ({"skip": ("",)}, "^skip: '' matches none"),
        ({"skip": ("mlp.down_proj",)}, "^skip: 'mlp.down_proj' matches none"),
        ({"skip": ("model.layers.0.*",)}, "'model.layers.0.[*]' matches none"),
        ({"sparsities": {"0.mlp": 0.3}}, "^sparsities: '0.mlp' matches none of the 42 matrices"),
        ({"sparsities": {"0.*": 0.3, "x*": 0.3}}, "^sparsities: 'x[*]' matches none"),
        ({"sparsities": {"0.*": 0.3, "*": 0.5}}, "^sparsities: '0.[*]' decides nothing, since"),
        ({"sparsities": {"0.mlp.up_proj": 0.3, "0.*": 0.5}}, "'0.mlp.up_proj' decides nothing"),
        ({"skip": ("*",)}, "^skip: all 42 matrices are skipped"),
        ({"skip": ("*.self_attn.*", "*_proj")}, "^skip: all 42 matrices are skipped"),
        (
            {"sparsity": None, "sparsities": {"[01].*": 0.3}},
            "^sparsity must be given for 2.self_attn.q_proj, which no line of sparsities matches",
        ),
    ],
)
def test_choices_that_do_not_fit_the_model_are_refused(six, more, message):
    plan = Plan(**{"method": "wanda", "sparsity": 0.5} | more)
    with pytest.raises(ValueError, match=message) as error:
        check_decoder(Decoder.of(six), plan)
    assert "\n" not in str(error.value)


def test_the_documented_file_does_what_is_said(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "pruning.md").read_text(encoding="utf-8")
    (example,) = re.findall("```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "lines.toml").write_text(example, encoding="utf-8")
    plan = Plan("wanda", sparsities=read_sparsities(tmp_path / "lines.toml"))
    check_chosen(plan, LAYERS)
    layers = (0, "mlp.up_proj"), (0, "mlp.down_proj"), (5, "mlp.down_proj"), (5, "mlp.up_proj")
    assert [plan.sparsity_of(*each) for each in layers] == [0.25, 0.3, 0, 0.5]


def test_lines_need_not_cover_what_is_skipped_and_may_speak_of_it():
    check_chosen(Plan("wanda", sparsities={"[0-3].*": 0.3}, skip=("[45].*",)), LAYERS)
    check_chosen(Plan("wanda", sparsities={"*": 0.3, "4.*": 0.2}, skip=("4.*",)), LAYERS)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"n_m": (2, 4), "sparsities": {"*": 0.5}}, "^sparsities cannot be given beside n_m"),
        ({"sparsities": {"*": 1.0}}, r"^sparsities: '\*' must have a number in \[0, 1\), got 1.0"),
        ({"sparsities": {"*": float("nan")}}, "got nan"),
        ({"sparsities": {"*": True}}, "got True"),
        ({"sparsities": {"*": "0.5"}}, "got '0.5'"),
        ({"sparsities": {0: 0.5}}, "^sparsities: patterns must be text, got 0"),
        ({"sparsity": 0.5, "skip": "0.*"}, "^skip must be several patterns, got the text"),
        ({"sparsities": {}}, "^sparsity or n_m must be given"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(more, message):
    with pytest.raises(ValueError, match=message):
        Plan("wanda", **more)


def test_the_mean_counts_weights_of_what_is_pruned(six):
    layers = Decoder.of(six).names()
    plan = Plan("wanda", sparsities=LINES, skip=("*.v_proj",))
    down, others = WIDTH * BETWEEN, IN_A_BLOCK - WIDTH * BETWEEN - WIDTH * WIDTH
    total = 0.25 * others + 0.75 * others + 4 * 0.5 * others + 5 * 0.3 * down
    # A few roundings of numbers below `total` in the sum above; the other sum is exact.
    assert mean_sparsity(plan, layers) == pytest.approx(total / 6 / (others + down), rel=8 * 2**-53)
    assert mean_sparsity(Plan("wanda", 0.3), layers) == 0.3
    assert mean_sparsity(Plan("wanda", 0.3, skip=("0.*",)), layers) == 0.3
    assert mean_sparsity(Plan("wanda", n_m=(1, 4)), layers) == 0.75
    with pytest.raises(ValueError, match="all are skipped"):
        mean_sparsity(Plan("wanda", 0.3, skip=("*",)), layers)


def test_what_is_chosen_in_words():
    layers = [(0, "up", 100), (1, "up", 300), (2, "up", 50)]
    plan = Plan("wanda", 0.5, sparsities={"0.*": 0.25})
    skipping = replace(plan, skip=("2.*",))
    assert (
        chosen_in_words(plan, layers) == "mean sparsity 0.4444 (0.25 to 0.5) over 3 of 3 matrices"
    )
    assert chosen_in_words(skipping, layers) == (
        "mean sparsity 0.4375 (0.25 to 0.5) over 2 of 3 matrices; 50 weights are skipped"
    )
    n_m = Plan("wanda", n_m=(2, 4), skip=("0.*", "2.*"))
    words = "mean sparsity 0.5 over 1 of 3 matrices; 150 weights are skipped"
    assert chosen_in_words(n_m, layers) == words


def test_a_record_is_plain_data_and_keeps_the_order():
    plan = Plan("wanda", 0.5, sparsities={"*": 0.5, "0.*": 0.25}, skip=("2.*",))
    record = plan.record()
    assert record == json.loads(json.dumps(record)) | {"n_m": None}
    assert record["sparsities"] == [["*", 0.5], ["0.*", 0.25]]
    assert record["skip"] == ["2.*"]
    other = replace(plan, sparsities={"0.*": 0.25, "*": 0.5})
    assert other != plan
    assert other.record() != record


def test_an_experiment_that_chooses_nothing_is_called_as_before():
    data = Texts("c4", "wikitext2", 128, 2048)
    plain = Experiment("tiny", Plan("wanda", 0.5), data)
    assert set(plain.record()["plan"]) == {"method", "sparsity", "group"}
    chosen = [
        replace(plain, plan=replace(plain.plan, **more))
        for more in ({"skip": ("0.*",)}, {"sparsities": {"*": 0.5, "0.*": 0.3}},
                     {"sparsities": {"0.*": 0.3, "*": 0.5}})
    ]  # fmt: skip
    assert len({each.digest for each in (plain, *chosen)}) == 4
    assert label(chosen[0]) == "Wanda, 50 %, without 0.*"
    assert label(chosen[1]) == "Wanda, sparsities by layer"


def test_a_block_without_masks_is_remembered(tmp_path):
    work = Unfinished(tmp_path / "work", {})
    work.store_masks(3, {})
    assert work.done(3) == {}
    assert work.done(4) is None


def test_names_are_looked_up_where_there_are_thousands():
    names = [
        layer_name(block, f"mlp.experts.{expert}.up_proj")
        for block in range(60)
        for expert in range(256)
    ]
    lines = {name: number / len(names) for number, name in enumerate(names)}
    plan = Plan("wanda", sparsities={"*": 0.5} | lines)
    layers = [(int(block), rest) for block, _, rest in (each.partition(".") for each in names)]
    with pytest.raises(ValueError, match="'[*]' decides nothing"):
        check_chosen(plan, layers)
    check_chosen(replace(plan, sparsities=lines), layers)


@pytest.fixture
def command(six, save_checkpoint, text, tmp_path):
    """Calls `prune` with Wanda on the six blocks."""
    folder = save_checkpoint(six)

    def call(*more):
        words = ["prune", str(folder), "--method", "wanda", "--calibration", text,
                 "--evaluate", text, "--samples", "2", "--seqlen", "8"]  # fmt: skip
        return CliRunner().invoke(app, [*words, *more])

    return call


@pytest.fixture
def lines(tmp_path):
    """Writes LINES, or others, into a file of either kind."""

    def write(suffix=".toml", table=LINES):
        path = tmp_path / f"sparsities{suffix}"
        toml = "".join(f'"{pattern}" = {sparsity}\n' for pattern, sparsity in table.items())
        path.write_text(toml if suffix == ".toml" else json.dumps(table))
        return str(path)

    return write


@pytest.mark.parametrize("suffix", [".toml", ".json"])
@pytest.mark.parametrize("stream", [(), ("--stream",)])
def test_the_command_takes_a_file_and_skips(command, lines, tmp_path, suffix, stream):
    result = command(
        "--sparsities", lines(suffix), "--skip", "*.v_proj", "--skip", "1.*",
        "--report", str(tmp_path), *stream,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "prune.json").read_text())
    layers = record["achieved_sparsity"]["layers"]
    assert len(layers) == 5 * 6
    for name, fraction in layers.items():
        block, _, own = name.removeprefix("block ").partition(", ")
        width = BETWEEN if own == "mlp.down_proj" else WIDTH
        assert fraction == int(width * wanted(int(block), own)) / width, name
    assert record["sparsities"] == [list(each) for each in LINES.items()]
    assert record["skip"] == ["*.v_proj", "1.*"]
    mean = record["mean_sparsity"]
    assert f"mean sparsity      {mean:.4g} asked for, of what is not skipped" in result.output


def test_a_dry_run_states_the_mean_and_the_exact_number(command, lines):
    result = command("--sparsities", lines(), "--skip", "1.*", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "wanda, sparsities by layer, compared within each output" in result.output
    rows = 4 * WIDTH + 2 * BETWEEN  # of all layers but down_proj, with 16 inputs each
    pruned = rows * (4 + 3 * 8 + 12) + 4 * WIDTH * int(0.3 * BETWEEN)
    assert f"{pruned:,} of the {BLOCKS * IN_A_BLOCK:,} in them" in result.output
    skipped = f"over 35 of 42 matrices; {IN_A_BLOCK:,} weights are skipped"
    assert "chosen layers      mean sparsity 0.4" in result.output
    assert f"(0 to 0.75) {skipped}" in result.output


def test_without_choices_the_command_says_nothing_of_them(command):
    assert "chosen" not in command("--sparsity", "0.5", "--dry-run").output
    assert "mean" not in command("--sparsity", "0.5").output


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--stream",)])
def test_the_command_refuses_a_typo_before_it_begins(command, more):
    result = command("--sparsity", "0.5", "--skip", "*.dwon_proj", *more)
    assert result.exit_code == 2
    assert "pruneproof prune: skip: '*.dwon_proj' matches none of the 42" in result.output


def test_the_command_refuses_a_bad_file_in_one_line(command, lines):
    path = lines(table={"*": 1.5})
    result = command("--sparsities", path)
    assert result.exit_code == 2
    expected = f"pruneproof prune: sparsities: {path}: '*' must have a number in [0, 1), got 1.5\n"
    assert result.output == expected
    result = command("--n-m", "2:4", "--sparsities", lines())
    assert result.exit_code == 2
    assert "sparsities cannot be given beside n_m" in result.output


def test_a_run_goes_on_with_the_same_lines_only(command, lines, tmp_path, monkeypatch):
    out = str(tmp_path / "out")
    with monkeypatch.context() as cut:
        cut.setattr(Unfinished, "finish", lambda *_: (_ for _ in ()).throw(OSError("cut off")))
        assert command("--sparsities", lines(), "--skip", "1.*", "--out", out).exit_code == 2
    # The same lines in an order in which they mean something else.
    moved = {"*": 0.5, "*.down_proj": 0.3, "0.*": 0.25, "5.*": 0.75, "5.mlp.down_proj": 0.0}
    assert moved == LINES
    for table, skip, what in (
        (LINES | {"5.*": 0.7}, "1.*", "sparsities"),
        (LINES | {"1.*": 0.5}, "1.*", "sparsities"),
        (moved, "1.*", "sparsities"),
        (LINES, "2.*", "skip"),
    ):
        result = command("--sparsities", lines(table=table), "--skip", skip, "--out", out)
        assert result.exit_code == 2
        assert f"another run that was cut off, of another {what}; remove" in result.output
    # The other kind of file says the same.
    result = command("--sparsities", lines(".json"), "--skip", "1.*", "--out", out)
    assert result.exit_code == 0, result.output
