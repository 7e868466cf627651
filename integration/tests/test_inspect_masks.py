"""What a mask says by itself: zeros, patterns, counts, whole rows; and claims about it."""

import numpy as np
import pytest
import torch

from inspected import NAMES, dense, pruned, save, smallest, two_of_four
from pruneproof.integration.inspection.counts import Counted, common, convention_of
from pruneproof.integration.inspection.n_of_m import (
    claimed,
    group_counts,
    row_zeros,
    strongest,
)
from pruneproof.integration.inspection.roles import role_of
from pruneproof.integration.inspection.structured import structured


def by_hand(zero, n, m):
    """Groups that keep more than n, counted one by one."""
    return sum(
        int((~row[start : start + m]).sum()) > n
        for row in zero
        for start in range(0, len(row) // m * m, m)
    )


@pytest.mark.parametrize("m", [*range(2, 20), 31, 32, 33, 63, 64])
@pytest.mark.parametrize("shape", [(5, 64), (7, 131), (3, 192)])
def test_groups_are_counted_as_by_hand(m, shape):
    zero = np.random.default_rng(m).random(shape) < 0.5
    for mask in (zero, np.asfortranarray(zero)):
        counts = group_counts(mask, m)
        assert counts.shape == (shape[0], shape[1] // m)
        for n in (m // 2, m - 1):
            assert int((m - counts.astype(int) > n).sum()) == by_hand(zero, n, m)


@pytest.mark.parametrize("shape", [(5, 64), (3, 2048 * 8), (6, 131), (300, 40)])
def test_zeros_of_outputs_are_counted_as_by_hand(shape):
    zero = np.random.default_rng(1).random(shape) < 0.7
    right = [int(row.sum()) for row in zero]
    assert row_zeros(zero).tolist() == right
    assert row_zeros(np.asfortranarray(zero)).tolist() == right


@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (4, 8), (1, 3), (3, 7), (16, 32), (5, 64)])
@pytest.mark.parametrize("along", ["inputs", "outputs"])
def test_the_strongest_pattern_is_found(n, m, along):
    scores = np.random.default_rng(2).random((192, m * (256 // m)))
    zero = smallest(scores.reshape(-1, m), m - n).reshape(scores.shape)
    zero = zero if along == "inputs" else np.ascontiguousarray(zero.T)
    found = strongest(zero)
    assert (found.n, found.m, found.along, found.violations) == (n, m, along, 0)


@pytest.mark.parametrize("sparsity", [0.05, 0.3, 0.5, 0.75, 0.95])
@pytest.mark.parametrize("shape", [(64, 64), (512, 96), (96, 512), (2048, 96)])
def test_an_unstructured_mask_has_no_pattern(sparsity, shape):
    draw = np.random.default_rng(3)
    for scores in (draw.random(shape), draw.random(shape) * draw.pareto(0.7, shape[1])):
        assert strongest(smallest(scores, int(shape[1] * sparsity))) is None


def test_a_few_broken_groups_are_counted_and_many_are_no_pattern():
    zero = smallest(np.random.default_rng(4).random((64 * 64, 4)), 2).reshape(64, 256)
    for broken in (1, 20):
        for row in range(broken):
            zero[row, int(np.argmax(zero[row]))] = False
        assert strongest(zero).violations == broken == by_hand(zero, 2, 4)
    zero[:, ::8] = False
    assert strongest(zero) is None or str(strongest(zero)) != "2:4"


@pytest.mark.parametrize(("tail", "violations"), [("dense", 0), ("prune_partial", 0), (None, 1)])
def test_a_tail_is_told(tail, violations):
    zero = smallest(np.random.default_rng(5).random((8 * 9, 4)), 2).reshape(8, 36)
    rest = np.zeros((8, 3), bool)
    rest[:, 0] = tail == "prune_partial"
    rest[: 7 if tail is None else 0, 0] = True
    found = claimed(np.hstack([zero, rest]), 2, 4)
    assert (found.tail, found.violations) == (tail, violations)


@pytest.mark.parametrize("digits", [0.5, 0.29, 0.7, 0.375])
@pytest.mark.parametrize("total", [100, 96, 4608, 5632])
def test_a_convention_is_what_python_makes_of_it(digits, total):
    right = {
        "floor": int(total * digits), "round": round(total * digits),
        "ceil": -int(-total * digits // 1), "one_more": int(total * digits) + 1,
    }  # fmt: skip
    for name, zeros in right.items():
        found = convention_of([Counted("output", total, zeros)], digits)
        assert right[found.name] == zeros
        assert list(right).index(found.name) <= list(right).index(name)
    assert convention_of([Counted("output", total, right["one_more"] + 1)], digits) is None


def test_a_sparsity_that_nobody_said_is_found_with_its_rounding():
    groups = [Counted("output", 96, 49), Counted("output", 160, 81)]
    assert vars(common(groups)) == {"name": "one_more", "sparsity": 0.5}
    groups = [Counted("output", 100, 28), Counted("output", 1000, 290)]
    assert vars(common(groups)) == {"name": "floor", "sparsity": 0.29}
    assert common([Counted("layer", 4608, 1717)]) is None


def test_whole_heads_experts_and_blocks_are_told():
    zero = np.zeros((64, 64), bool)
    zero[16:32] = True
    found = structured(zero, row_zeros(zero), head=("rows", 16))
    assert (found.kind, found.rows, found.heads) == ("rows", 16, [1])
    zero = np.zeros((4 * 16, 32), bool)
    zero[32:48] = True
    found = structured(zero, row_zeros(zero), experts=4)
    assert (found.kind, found.experts) == ("experts", [2])
    blocks = np.random.default_rng(6).random((8, 8)) < 0.5
    zero = np.kron(blocks, np.ones((16, 16), bool)).astype(bool)
    assert structured(zero, row_zeros(zero)).kind == "blocks of 16 × 16"


@pytest.mark.parametrize(
    ("name", "shape", "kind"),
    [
        ("model.layers.3.self_attn.q_proj.weight", (8, 8), "matrix"),
        ("model.language_model.layers.3.mlp.up_proj.weight", (8, 8), "matrix"),
        ("model.vision_tower.encoder.layers.3.mlp.fc1.weight", (8, 8), "other"),
        ("transformer.h.0.attn.c_attn.weight", (8, 24), "matrix"),
        ("blk.0.ffn_down.weight", (8, 8), "matrix"),
        ("blk.0.ffn_gate_inp.weight", (4, 8), "router"),
        ("model.layers.0.mlp.gate.weight", (4, 8), "router"),
        ("model.layers.0.mlp.gate_proj.weight", (4, 8), "matrix"),
        ("model.layers.0.mlp.experts.gate_up_proj", (4, 8, 8), "experts"),
        ("model.layers.0.mlp.shared_expert_gate.weight", (1, 8), "router"),
        ("model.layers.0.input_layernorm.weight", (8,), "vector"),
        ("model.embed_tokens.weight", (97, 8), "embedding"),
        ("lm_head.weight", (97, 8), "head"),
        ("token_embd.weight", (97, 8), "embedding"),
        ("output.weight", (97, 8), "head"),
    ],
)
def test_what_a_tensor_is_is_told_by_its_name(name, shape, kind):
    assert role_of(name, shape).kind == kind


def test_a_conv1d_of_gpt2_lies_the_other_way(tmp_path, inspect):
    draw = np.random.default_rng(7)
    tensors = {
        f"transformer.h.{n}.mlp.c_fc.weight": np.ascontiguousarray(
            two_of_four(draw.standard_normal((128, 64)).astype(np.float32)).T
        )
        for n in range(6)
    }
    found = inspect(save(tmp_path / "it", tensors, model_type="gpt2"), "--n-m", "2:4")
    assert found.code == 0
    assert {each["pattern"]["n_m"] for each in found.tensors.values()} == {"2:4"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_zeros_are_those_of_torch_in_every_dtype(tmp_path, inspect, dtype):
    tensors = pruned(dense())
    tensors[NAMES[0]][3, 5:9] = -0.0
    found = inspect(save(tmp_path / "it", tensors, dtype), "--sparsity", "0.5")
    for name in NAMES:
        weight = torch.from_numpy(tensors[name]).to(dtype)
        zero = weight == 0
        each = found.tensors[name]
        assert each["zeros"] == int(zero.sum())
        assert each["negative_zeros"] == int((zero & weight.signbit()).sum())
        assert each["pruned"]


def test_claims_of_a_magnitude_mask(tmp_path, inspect):
    folder = save(tmp_path / "it", pruned(dense()))
    found = inspect(folder, "--sparsity", "0.5", "--group", "output", "--method", "magnitude")
    assert (found.code, found.claims) == (
        0, {"sparsity 0.5": "holds", "group output": "holds", "method magnitude": "not_decided"}
    )  # fmt: skip
    found = inspect(folder, "--sparsity", "0.6", "--group", "layer")
    assert (found.code, found.claims) == (
        1, {"sparsity 0.6": "contradicted", "group layer": "contradicted"}
    )  # fmt: skip


def test_layers_left_alone_speak_against_a_sparsity_unless_they_are_named(tmp_path, inspect):
    tensors = dense()
    tensors = pruned(tensors) | {name: tensors[name] for name in NAMES if ".0." in name}
    folder = save(tmp_path / "it", tensors)
    assert inspect(folder, "--sparsity", "0.5").code == 1
    found = inspect(folder, "--sparsity", "0.5", "--skip", "0.*")
    assert (found.code, found.record["model"]["skipped"][0]) == (0, "0.mlp.down_proj")
    claims = tmp_path / "claims.toml"
    claims.write_text('sparsity = 0.5\nskip = ["0.*"]\ngroup = "output"\n')
    found = inspect(folder, "--claims", claims)
    assert (found.code, found.claims) == (0, {"sparsity 0.5": "holds", "group output": "holds"})


def test_a_report_is_written_in_all_its_forms(tmp_path, inspect):
    tensors = {name: two_of_four(each) for name, each in dense().items() if name in NAMES}
    tensors[NAMES[5]][0, :4] = 1
    tensors["<b>evil\x1b[2J</b>.weight"] = np.ones((4, 4), np.float32)
    found = inspect(save(tmp_path / "it", tensors), "--n-m", "2:4")
    assert found.code == 1
    page = (found.report / "report.html").read_text("utf-8")
    assert "<b>evil" not in page
    assert "\x1b" not in page
    assert page.count("<rect class=") == len(NAMES)
    assert page.count('class="broken"') == 1
    assert 'failures="1"' in (found.report / "junit.xml").read_text("utf-8")
    assert "❌" in (found.report / "summary.md").read_text("utf-8")
    assert "2:4" in (found.report / "card.md").read_text("utf-8")
    assert '"red"' in (found.report / "badge.json").read_text("utf-8")
