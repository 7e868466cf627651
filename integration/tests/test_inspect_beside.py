"""A checkpoint beside its dense model and an earlier mask."""

import numpy as np
import pytest
import torch
from test_inspect_formats import in_gguf, through, write_gguf

from inspected import BLOCKS, NAMES, dense, pruned, save, two_of_four
from pruneproof.integration.inspection.beside import to_bfloat16


def relations(found):
    return {found.tensors[name]["relation"] for name in NAMES}


def test_kept_weights_that_are_the_dense_ones_are_equal(tmp_path, inspect, base):
    found = inspect(save(tmp_path / "it", pruned(dense())), "--dense", base)
    assert relations(found) == {"equal"}
    assert {(each["changed_kept"], each["largest_change"]) for each in found.tensors.values()
            if "relation" in each} == {(0, 0.0)}  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_rounding_to_another_dtype_is_no_change(tmp_path, inspect, base, dtype):
    folder = save(tmp_path / "it", pruned(dense()), dtype)
    found = inspect(folder, "--dense", base, "--method", "magnitude")
    assert relations(found) == {"rounded"}
    assert found.claims["method magnitude"] != "contradicted"
    one = pruned(dense())
    place = tuple(np.argwhere(one[NAMES[7]])[11])
    one[NAMES[7]][place] *= 1.5
    folder = save(tmp_path / "other", one, dtype)
    found = inspect(folder, "--dense", base, "--method", "magnitude")
    assert found.tensors[NAMES[7]]["relation"] == "changed"
    assert found.claims == {"method magnitude": "contradicted"}


@pytest.mark.parametrize("way", ["row", "column", "layer"])
def test_rescaling_is_told(tmp_path, inspect, base, way):
    draw, tensors = np.random.default_rng(1), pruned(dense())
    for name in NAMES:
        W = tensors[name]
        shape = {"row": (len(W), 1), "column": (1, W.shape[1]), "layer": (1, 1)}[way]
        tensors[name] = W * draw.uniform(0.5, 2, shape).astype(np.float32)
    found = inspect(save(tmp_path / "it", tensors), "--dense", base, "--method", "wanda")
    assert relations(found) == {"rescaled"}
    assert {found.tensors[name]["rescaled_by"] for name in NAMES} == {way}
    assert found.code == 1


def test_changed_weights_are_counted_and_measured(tmp_path, inspect, base):
    draw, tensors, whole = np.random.default_rng(2), pruned(dense()), dense()
    right = {}
    for name in NAMES:
        W = tensors[name].copy()
        off = (draw.random(W.shape) < 0.01) & (W != 0)
        W[off] += 0.125
        right[name] = int((off & (whole[name] != W)).sum())
        tensors[name] = W
    found = inspect(save(tmp_path / "it", tensors), "--dense", base, "--method", "wanda")
    assert {name: found.tensors[name]["changed_kept"] for name in NAMES} == right
    assert all(
        abs(found.tensors[name]["largest_change"] - 0.125) < 1e-6 for name in NAMES if right[name]
    )
    assert found.claims == {"method wanda": "contradicted"}


def test_zeros_that_the_dense_model_has_are_no_pruning(tmp_path, inspect):
    tensors = dense()
    for name in NAMES:
        tensors[name][np.random.default_rng(3).random(tensors[name].shape) < 0.2] = 0
    base, it = save(tmp_path / "dense", tensors), save(tmp_path / "it", tensors)
    found = inspect(it, "--dense", base, "--sparsity", "0.2")
    assert not any(each["pruned"] for each in found.tensors.values())
    assert found.claims == {"sparsity 0.2": "contradicted"}
    assert found.tensors[NAMES[0]]["zeros_of_dense"] == int((tensors[NAMES[0]] == 0).sum())


@pytest.mark.parametrize("turned", [True, False])
def test_a_gguf_file_is_compared_whatever_the_order_of_its_rows(tmp_path, inspect, base, turned):
    tensors = pruned(dense())
    for name in NAMES:
        if turned and "q_proj" in name:
            W = tensors[name]
            tensors[name] = W.reshape(4, 2, 8, 64).swapaxes(1, 2).reshape(64, 64).copy()
    path = write_gguf(tmp_path / "it.gguf", tensors, "F16")
    found = inspect(path, "--dense", base, "--method", "magnitude")
    assert {found.tensors[in_gguf(name)]["relation"] for name in NAMES} == {"rounded"}
    assert found.claims == {"method magnitude": "holds"}


def test_magnitude_explains_its_mask_and_not_anothers(tmp_path, inspect, base):
    folder = save(tmp_path / "it", pruned(dense()))
    found = inspect(folder, "--dense", base, "--method", "magnitude")
    assert (found.code, found.claims) == (0, {"method magnitude": "holds"})
    other = dense(1)
    tensors = dense() | {
        name: np.where(pruned(other)[name] == 0, np.float32(0), dense()[name]) for name in NAMES
    }
    folder = save(tmp_path / "other", tensors)
    found = inspect(folder, "--dense", base, "--method", "magnitude", "--group", "output")
    assert (found.code, found.claims["method magnitude"]) == (1, "contradicted")
    (refuted,) = [each for each in found.record["explanations"] if each["method"] == "magnitude"]
    assert refuted["verdict"] == "refuted"
    assert refuted["tensor"] in NAMES
    # The certificate holds its two weights, as the files have them.
    pair = refuted["certificate"]
    values = [abs(pair[key]["value"]) for key in ("pruned", "kept")]
    assert values[0] > values[1]
    whole = dense()[refuted["tensor"]]
    for key in ("pruned", "kept"):
        assert whole[pair[key]["output"], pair[key]["input"]] == np.float32(pair[key]["value"])


def test_layers_too_small_to_show_their_groups_accuse_nobody(tmp_path, inspect):
    """Four groups a row do not show 2:4, within which alone Wanda compared these weights."""
    draw = np.random.default_rng(5)
    tensors = {
        f"model.layers.{n}.mlp.up_proj.weight": draw.standard_normal((16, 16)).astype(np.float32)
        for n in range(BLOCKS)
    }
    norms = draw.lognormal(sigma=0.5, size=16).astype(np.float32)
    kept = {
        name: np.where(two_of_four(each * norms) == 0, np.float32(0), each)
        for name, each in tensors.items()
    }
    dense_folder, folder = save(tmp_path / "small", tensors), save(tmp_path / "it", kept)
    found = inspect(folder, "--dense", dense_folder, "--method", "wanda", "--group", "output")
    assert {each["pattern"]["n_m"] for each in found.tensors.values()} == {None}
    assert (found.code, found.claims["method wanda"]) == (0, "not_decided")
    verdicts = {(each["method"], each["group"]): each for each in found.record["explanations"]}
    assert "keeps 2:4, too" in verdicts["wanda", "output"]["why"]
    # Within the groups of four, magnitude is refuted all the same.
    assert verdicts["magnitude", "output"]["verdict"] == "refuted"


def test_symwanda_is_asked_about_where_it_is_claimed(tmp_path, inspect, base):
    draw = np.random.default_rng(8)
    tensors = dense() | {
        name: np.where(
            pruned({name: draw.random(dense()[name].shape)})[name] == 0, 0, dense()[name]
        )
        for name in NAMES
    }
    folder = save(tmp_path / "it", tensors)
    found = inspect(folder, "--dense", base, "--group", "output")
    assert "symwanda" not in {each["method"] for each in found.record["explanations"]}
    found = inspect(folder, "--dense", base, "--group", "output", "--method", "symwanda")
    assert found.claims["method symwanda"] == "contradicted"


def test_a_mask_of_a_dense_model_that_was_quantised_before_is_explained(tmp_path, inspect):
    whole = dense() | {name: through(dense()[name], "Q4_1") for name in NAMES}
    base, it = save(tmp_path / "dense", whole), save(tmp_path / "it", pruned(whole))
    found = inspect(it, "--dense", base, "--method", "magnitude", "--group", "output")
    assert found.claims == {"method magnitude": "holds", "group output": "holds"}


def test_what_became_of_an_earlier_mask(tmp_path, inspect):
    before = {name: two_of_four(each) for name, each in dense().items() if name in NAMES}
    earlier = save(tmp_path / "earlier", before)
    after = {name: each.copy() for name, each in before.items()}
    grown = np.argwhere(after[NAMES[3]] == 0)[::7]
    after[NAMES[3]][tuple(grown.T)] = 0.5
    gone = np.argwhere(before[NAMES[4]] != 0)[:9]
    after[NAMES[4]][tuple(gone.T)] = 0
    found = inspect(save(tmp_path / "it", after), "--mask-of", earlier)
    zeros = {name: int((before[name] == 0).sum()) for name in NAMES}
    for name in NAMES:
        each = found.tensors[name]
        new = len(grown) if name == NAMES[3] else 0
        assert (each["survived"], each["regrown"], each["lost"]) == (zeros[name] - new, new, 0)
        assert each["newly_zero"] == (9 if name == NAMES[4] else 0)
        assert each["earlier_n_m"] == "2:4"
        groups = (after[name].reshape(-1, 4) != 0).sum(axis=1)
        assert each["broken_groups"] == int((groups > 2).sum())


@pytest.mark.parametrize(("kind", "fate"), [("Q4_1", "lost"), ("Q8_0", "survived")])
def test_zeros_that_a_format_moved_are_lost_and_not_regrown(tmp_path, inspect, kind, fate):
    before = pruned(dense())
    earlier = save(tmp_path / "earlier", before)
    after = before | {name: through(before[name], kind) for name in NAMES}
    found = inspect(save(tmp_path / "it", after), "--mask-of", earlier)
    for name in NAMES:
        each, zeros = found.tensors[name], int((before[name] == 0).sum())
        assert each["survived"] + each["regrown"] + each["lost"] == zeros
        # In a run with few zeros they are not told from kept weights of the same value.
        assert each[fate] >= 0.95 * zeros


@pytest.mark.parametrize("what", ["--dense", "--mask-of"])
def test_another_model_is_refused_in_one_line(tmp_path, inspect, what):
    it, other = save(tmp_path / "it", pruned(dense())), dense()
    del other[NAMES[2]]
    found = inspect(it, what, save(tmp_path / "lacks", other))
    assert found.code == 2
    assert f"has no {NAMES[2]}" in found.line
    other = dense() | {NAMES[5]: np.ones((3, 5), np.float32)}
    found = inspect(it, what, save(tmp_path / "another", other))
    assert (found.code, "3 × 5, and 64 × 64" in found.line) == (2, True)


def test_numbers_are_rounded_to_bfloat16_as_torch_does():
    draw = np.random.default_rng(4)
    bits = draw.integers(0, 2**32, 2**18, dtype=np.uint32)
    values = bits.view(np.float32)
    values = values[np.isfinite(values) & (np.abs(values) < 3e38)]
    right = torch.from_numpy(values).bfloat16().float().numpy()
    assert np.array_equal(to_bfloat16(values), right)
