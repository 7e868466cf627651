"""What is said of each claim: accused is who deserves it, and acquitted, too."""

import numpy as np
import pytest
import torch

from inspected import NAMES, dense, pruned, save, smallest, two_of_four


def reason(found, claim):
    (why,) = [each["why"] for each in found.record["claims"] if each["claim"] == claim]
    return why


def test_a_variant_that_explains_a_mask_acquits_no_method_of_that_name(tmp_path, inspect, base):
    """Within outputs, relative importance by outputs orders weights as their sizes do."""
    folder = save(tmp_path / "it", pruned(dense()))
    arguments = (folder, "--dense", base, "--group", "output", "--method")
    found = inspect(*arguments, "ri")
    assert (found.code, found.claims["method ri"]) == (1, "contradicted")
    assert "ri[terms=output] within each output" in reason(found, "method ri")
    found = inspect(*arguments, "ri[terms=output]")
    assert (found.code, found.claims["method ri[terms=output]"]) == (0, "holds")
    found = inspect(*arguments, "ri[terms=input]")
    assert (found.code, found.claims["method ri[terms=input]"]) == (1, "contradicted")


def masked(tensors, scores):
    """Every layer without half of each output's weights, those of the lowest scores."""
    gone = {name: smallest(scores(tensors[name]), tensors[name].shape[1] // 2) for name in NAMES}
    return tensors | {name: np.where(gone[name], np.float32(0), tensors[name]) for name in NAMES}


def test_lp_without_parameters_is_not_decided_and_says_which_explain(tmp_path, inspect, base):
    def norm(W, axis):
        return np.linalg.norm(W, axis=axis, keepdims=True)

    tensors = masked(dense(), lambda W: np.abs(W) / norm(W, 0) + np.abs(W) / norm(W, 1))
    folder = save(tmp_path / "it", tensors)
    arguments = (folder, "--dense", base, "--group", "output", "--method")
    found = inspect(*arguments, "lp")
    assert (found.code, found.claims["method lp"]) == (0, "not_decided")
    assert "lp[p=2, strategy=S1] within each output" in reason(found, "method lp")
    assert (
        inspect(*arguments, "lp[p=2, strategy=S1]").claims["method lp[p=2, strategy=S1]"] == "holds"
    )
    folder = save(
        tmp_path / "random", masked(dense(), lambda W: np.random.default_rng(1).random(W.shape))
    )
    found = inspect(folder, *arguments[1:], "lp")
    assert found.claims["method lp"] == "not_decided", "of all p only one was asked about"


def test_with_n_of_m_a_method_is_contradicted_by_its_groups(tmp_path, inspect, base):
    """Nothing is asked of the layer as one group, and that says nothing for the method."""
    wrong = dense(1)
    tensors = dense() | {
        name: np.where(two_of_four(wrong[name]) == 0, np.float32(0), dense()[name])
        for name in NAMES
    }
    arguments = ("--dense", base, "--method", "magnitude", "--n-m", "2:4")
    found = inspect(save(tmp_path / "it", tensors), *arguments)
    assert found.claims == {"2:4": "holds", "method magnitude": "contradicted"}
    tensors = dense() | {name: two_of_four(dense()[name]) for name in NAMES}
    found = inspect(save(tmp_path / "right", tensors), *arguments)
    assert found.claims == {"2:4": "holds", "method magnitude": "holds"}


def test_layers_as_groups_explain_nothing_where_others_keep_n_of_m(tmp_path, inspect, base):
    """Half the layers are pruned to 2:4 at random, the others by magnitude within the layer."""
    tensors, wrong = dense(), dense(1)
    for place, name in enumerate(NAMES):
        W = tensors[name]
        by_size = np.abs(W) <= np.median(np.abs(W))
        gone = two_of_four(wrong[name]) == 0 if place % 2 else by_size
        tensors[name] = np.where(gone, np.float32(0), W)
    found = inspect(save(tmp_path / "it", tensors), "--dense", base, "--method", "magnitude")
    assert found.claims["method magnitude"] != "holds"


def test_a_layer_that_is_skipped_refutes_no_method(tmp_path, inspect, base):
    tensors, wrong = pruned(dense()), pruned(dense(1))
    tensors[NAMES[2]] = np.where(wrong[NAMES[2]] == 0, np.float32(0), dense()[NAMES[2]])
    folder = save(tmp_path / "it", tensors)
    arguments = (folder, "--dense", base, "--method", "magnitude", "--group", "output")
    assert inspect(*arguments).claims["method magnitude"] == "contradicted"
    found = inspect(*arguments, "--skip", "0.mlp.up_proj")
    assert (found.code, found.claims["method magnitude"]) == (0, "holds")


def cut(tensors):
    """All weights without the lower half of their bits."""
    return {
        n: (W.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32) for n, W in tensors.items()
    }


def by_way_of_float16(tensors):
    return {name: W.astype(np.float16).astype(np.float32) for name, W in tensors.items()}


@pytest.mark.parametrize("way", [cut, by_way_of_float16])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_whichever_way_it_was_rounded_it_is_not_rescaled(tmp_path, inspect, base, way, dtype):
    folder = save(tmp_path / "it", way(pruned(dense())), dtype)
    found = inspect(folder, "--dense", base, "--method", "magnitude", "--group", "output")
    assert {found.tensors[name]["relation"] for name in NAMES} == {"rounded"}
    assert found.claims["method magnitude"] == "holds"


def test_neighbours_are_a_rounding_only_of_finer_numbers(tmp_path, inspect, base):
    """Rounded at random up or down; a bfloat16 model's weights are changed by as much."""
    draw, tensors = np.random.default_rng(1), cut(dense())
    for name in NAMES:
        up = (tensors[name].view(np.uint32) + np.uint32(0x10000)).view(np.float32)
        off = (draw.random(up.shape) < 0.5) & (tensors[name] != dense()[name])
        tensors[name] = np.where(off, up, tensors[name])
    folder = save(tmp_path / "it", pruned(tensors), torch.bfloat16)
    arguments = ("--method", "magnitude", "--group", "output", "--dense")
    found = inspect(folder, *arguments, base)
    assert {found.tensors[name]["relation"] for name in NAMES} == {"rounded"}
    coarse = save(tmp_path / "coarse", dense(), torch.bfloat16)
    found = inspect(folder, *arguments, coarse)
    assert found.claims["method magnitude"] == "contradicted"
    assert sum(found.tensors[name]["changed_kept"] for name in NAMES) > 0


def shares(each_layer):
    """Every layer without its smallest weights, of each output as many as its place says."""
    tensors = dense()
    for place, name in enumerate(NAMES):
        W = tensors[name]
        gone = smallest(W, int(W.shape[1] * each_layer(place)))
        tensors[name] = np.where(gone, np.float32(0), W)
    return tensors


def test_a_sparsity_that_only_the_mean_has_is_none_of_each_layer(tmp_path, inspect):
    # Blocks by turns, so that both kinds of layers have as many weights.
    folder = save(tmp_path / "it", shares(lambda place: 0.125 if place // 4 % 2 else 0.875))
    found = inspect(folder, "--sparsity", "0.5")
    assert (found.code, found.claims["sparsity 0.5"]) == (0, "not_decided")
    why = reason(found, "sparsity 0.5")
    assert "24 layers" in why
    assert "12.5 to 87.5 %" in why
    assert "mean of all (50 %)" in why
    for group in ("output", "layer"):
        found = inspect(folder, "--sparsity", "0.5", "--group", group)
        assert (found.code, found.claims["sparsity 0.5"]) == (1, "contradicted")


def test_one_layer_of_another_sparsity_is_named(tmp_path, inspect):
    folder = save(tmp_path / "it", shares(lambda place: 0.625 if place == 4 else 0.5))
    found = inspect(folder, "--sparsity", "0.5", "--group", "output")
    assert found.claims["sparsity 0.5"] == "contradicted"
    assert reason(found, "sparsity 0.5").startswith("1.self_attn.q_proj with 62.5")


def test_a_pruned_layer_speaks_against_a_sparsity_of_none(tmp_path, inspect, base):
    assert inspect(base, "--sparsity", "0").claims == {"sparsity 0": "holds"}
    folder = save(tmp_path / "it", shares(lambda place: 0.1 * (place == 4)))
    found = inspect(folder, "--sparsity", "0")
    assert (found.code, found.claims) == (1, {"sparsity 0": "contradicted"})


def test_a_low_sparsity_is_one(tmp_path, inspect, base):
    tensors = dense()
    for name in NAMES:
        W = tensors[name].copy()
        W.flat[np.argsort(np.abs(W), axis=None)[: W.size // 100]] = 0
        tensors[name] = W
    folder = save(tmp_path / "it", tensors)
    for more in ((), ("--dense", base)):
        found = inspect(folder, "--sparsity", "0.01", *more)
        assert (found.code, found.claims["sparsity 0.01"]) == (0, "holds")
    for other, place in (("0.02", folder), ("0.005", folder), ("0.01", base)):
        found = inspect(place, "--sparsity", other)
        assert (found.code, *found.claims.values()) == (1, "contradicted")
    found = inspect(folder, "--sparsity", "0.01", "--dense", folder)
    assert found.claims["sparsity 0.01"] == "contradicted", "the dense model has these zeros"


def test_outputs_that_the_dense_model_lacks_are_not_counted(tmp_path, inspect):
    tensors = dense()
    for name in NAMES:
        tensors[name][5] = 0
    base, folder = save(tmp_path / "dense", tensors), save(tmp_path / "it", pruned(tensors))
    arguments = (folder, "--method", "magnitude", "--group")
    found = inspect(*arguments, "output", "--dense", base)
    assert found.claims == {"group output": "holds", "method magnitude": "holds"}
    assert inspect(*arguments, "layer", "--dense", base).claims["group layer"] == "contradicted"
    assert inspect(*arguments, "output").claims["group output"] == "not_decided"


def test_weights_that_tie_do_not_speak_against_outputs(tmp_path, inspect):
    """All weights up to the middle one of each output go, and some are as large as that."""
    draw, tensors = np.random.default_rng(1), dense()
    for name in NAMES:
        rough = draw.standard_normal((64, 512)).astype(np.float32)
        tensors[name] = torch.from_numpy(rough).to(torch.bfloat16).float().numpy()
    base = save(tmp_path / "dense", tensors)
    for name in NAMES:
        W = np.abs(tensors[name])
        gone = np.sort(W, axis=1)[:, 255:256] >= W
        tensors[name] = np.where(gone, np.float32(0), tensors[name])
    folder = save(tmp_path / "it", tensors)
    for group in ("output", "layer"):
        found = inspect(folder, "--dense", base, "--sparsity", "0.5", "--group", group)
        assert found.claims == {"sparsity 0.5": "holds", f"group {group}": "not_decided"}


def test_outputs_that_compete_are_told_from_those_that_do_not(tmp_path, inspect):
    tensors = dense()
    for name in NAMES:
        W = np.abs(tensors[name])
        tensors[name] = np.where(np.median(W) >= W, np.float32(0), tensors[name])
    folder = save(tmp_path / "it", tensors)
    assert inspect(folder, "--group", "output").claims == {"group output": "contradicted"}
    assert inspect(folder, "--group", "layer").claims == {"group layer": "holds"}


def test_a_reason_is_given_where_nothing_could_be_asked(tmp_path, inspect, base):
    found = inspect(base, "--dense", base, "--method", "magnitude")
    assert found.claims == {"method magnitude": "not_decided"}
    assert "no layer is pruned" in reason(found, "method magnitude")


def test_a_reason_is_given_where_numbers_have_scales_that_are_not_there(tmp_path, inspect, base):
    folder = save(tmp_path / "it", pruned(dense()), torch.float8_e4m3fn)
    found = inspect(folder, "--dense", base, "--method", "magnitude")
    assert found.claims == {"method magnitude": "not_decided"}
    why = reason(found, "method magnitude")
    assert why.startswith("24 layers (0.mlp.down_proj first) cannot be compared")


def test_a_pattern_that_names_nothing_is_refused(tmp_path, inspect, base):
    found = inspect(base, "--sparsity", "0.5", "--skip", "0.*", "--skip", "*.dwon_proj")
    assert found.code == 2
    assert "skip: *.dwon_proj matches no layer" in found.line


def test_several_layers_are_named_in_a_sentence_that_can_be_read(tmp_path, inspect, base):
    found = inspect(base, "--sparsity", "0.5")
    why = reason(found, "sparsity 0.5")
    assert why == "24 layers (0.mlp.down_proj first) not pruned (0 % zeros)"
