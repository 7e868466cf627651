"""A dry run refuses what a run would refuse, and neither leaves anything behind."""

import json
from types import SimpleNamespace

import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file, save_file
from transformers import MixtralConfig, MixtralForCausalLM, OPTConfig, OPTForCausalLM
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.integration.pruning import prepare, run
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts

PLAN = Plan("wanda", sparsity=0.5)


@pytest.fixture
def call(llama, save_checkpoint, text):
    """Calls a command on a model."""
    folder = save_checkpoint(llama)

    def call(*more, what="prune", model=folder):
        plan = ["--calibration", text, "--samples", "2", "--method", "wanda", "--sparsity", "0.5"]
        words = [what, str(model), "--evaluate", text, *(plan if what == "prune" else [])]
        return CliRunner().invoke(app, [*words, "--seqlen", "8", *map(str, more)])

    call.folder = folder
    return call


def without(folder, name):
    tensors = load_file(folder / "model.safetensors")
    del tensors[name]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def quantised(folder):
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "fp8"}
    (folder / "config.json").write_text(json.dumps(config))


def nothing(_):
    pass


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize(
    ("harm", "more", "message"),
    [
        (lambda f: (f / "model.safetensors").unlink(), (), "holds neither model.safetensors nor"),
        (cut, (), "model.safetensors: cannot be read; fetch it again"),
        (cut, ("--stream",), "model.safetensors: cannot be read; fetch it again"),
        (lambda f: without(f, "model.norm.weight"), ("--stream",), "model.norm.weight"),
        (quantised, (), "is quantised (fp8); take"),
        (quantised, ("--stream",), "is quantised (fp8); take"),
        (nothing, ("--stream", "--device", "auto"), "device must be one device for --stream"),
        (nothing, ("--device", "nonsense"), "device: nonsense is not there"),
        (nothing, ("--zero-shot", "--stream"), "zero_shot needs the whole model"),
        (nothing, ("--out", "FILE/x"), "is a file; name a folder"),
        (nothing, ("--report", "FILE"), "is a file; name a folder"),
        (nothing, ("--refine", "r2_dsnot", "--refine-p", "-1"), "refine: r2_dsnot's p must be"),
    ],
)
def test_it_is_refused_before_a_weight_is_read(call, harm, more, message, dry, text, tmp_path):
    harm(call.folder)
    words = [each.replace("FILE", text) for each in more]
    out = () if "--out" in words else ("--out", tmp_path / "out")
    result = call(*words, *out, *(["--dry-run"] if dry else []))
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "out.unfinished").exists()


def test_weights_that_are_missing_are_not_made_up(call):
    without(call.folder, "model.layers.1.mlp.up_proj.weight")
    result = call()
    assert result.exit_code == 2
    assert "no tensor model.layers.1.mlp.up_proj.weight, which" in result.output


def test_the_doctor_refuses_them_too(call):
    cut(call.folder)
    result = call(what="doctor")
    assert (result.exit_code, "cannot be read" in result.output) == (2, True)
    result = call("--device", "nonsense", what="doctor")
    assert (result.exit_code, "device: nonsense" in result.output) == (2, True)


def test_experts_are_pruned_and_what_chooses_them_stays_dense(call, save_checkpoint, tmp_path):
    model = MixtralForCausalLM(
        MixtralConfig(vocab_size=97, hidden_size=16, intermediate_size=24, num_hidden_layers=6,
                      num_attention_heads=2, num_key_value_heads=2, num_local_experts=4)
    )  # fmt: skip
    folder, report = save_checkpoint(model, "experts"), tmp_path / "report"
    (gates,) = {
        name for name, _ in model.named_modules() if name.endswith("layers.0.mlp.gate")
    } or {"model.layers.0.block_sparse_moe.gate"}
    gate = gates.removeprefix("model.layers.0.")
    in_experts, in_attention = 4 * 3 * 16 * 24, 4 * 16 * 16
    dry = call("--dry-run", model=folder)
    assert dry.exit_code == 0, dry.output
    weights = 6 * (in_experts + in_attention)
    assert f"6 of model.layers, with {6 * (4 + 4 * 3)} matrices" in dry.output
    assert f"{weights // 2:,} of the {weights:,} in them" in dry.output
    assert f"6 (chooses experts: block 0, {gate}, …)" in dry.output
    result = call("--report", report, model=folder)
    assert result.exit_code == 0, result.output
    record = json.loads((report / "prune.json").read_text())
    assert record["left_dense"] == {f"block {n}, {gate}": "chooses experts" for n in range(6)}
    achieved = record["achieved_sparsity"]
    assert (achieved["zeros"], achieved["weights"]) == (weights // 2, weights)
    assert set(achieved["layers"].values()) == {0.5}
    assert len(achieved["layers"]) == 6 * (4 + 4 * 3)


def test_the_doctor_does_not_measure_beyond_learned_positions(call, save_checkpoint):
    model = OPTForCausalLM(
        OPTConfig(vocab_size=97, hidden_size=16, word_embed_proj_dim=16, ffn_dim=32,
                  num_hidden_layers=6, num_attention_heads=2, max_position_embeddings=16)
    )  # fmt: skip
    result = call("--seqlen", "32", what="doctor", model=save_checkpoint(model, "opt"))
    assert result.exit_code == 1, result.output
    assert "take --seqlen 16" in " ".join(result.output.split())


def test_a_folder_that_is_not_there_is_not_sought_on_the_hub(call, tmp_path):
    result = call(model=tmp_path / "llma")
    assert result.exit_code == 2
    assert f"model: there is no {tmp_path / 'llma'}" in "".join(result.output.splitlines())


@pytest.fixture
def unfinished(call, text, tmp_path, monkeypatch):
    """A run that was cut off after its first block."""
    stored = run.Unfinished.store_masks

    def store(self, block, masks):
        if block == 1:
            raise KeyboardInterrupt
        stored(self, block, masks)

    def go():
        data = Texts(text, text, samples=2, seqlen=8)
        return run.run(str(call.folder), PLAN, data, out=tmp_path / "out")

    with monkeypatch.context() as patched:
        patched.setattr(run.Unfinished, "store_masks", store)
        with pytest.raises(KeyboardInterrupt):
            go()
    go.folder = tmp_path / "out.unfinished"
    return go


def test_a_checkpoint_that_changed_meanwhile_is_noticed(call, unfinished, llama):
    with torch.no_grad():
        llama.lm_head.weight.mul_(2)
    llama.save_pretrained(call.folder)
    with pytest.raises(FileExistsError, match="off, and model.safetensors changed since; rem"):
        unfinished()


def test_two_processes_do_not_work_in_one_folder(unfinished):
    with (
        FileLock(unfinished.folder / "lock"),
        pytest.raises(FileExistsError, match="another process is at work in"),
    ):
        unfinished()
    assert unfinished()["complete"]
    assert not unfinished.folder.exists()


def test_a_streamed_result_keeps_how_the_model_generates(call, tmp_path):
    generation = '{"eos_token_id": [2, 5, 9], "do_sample": true, "temperature": 0.6}'
    (call.folder / "generation_config.json").write_text(generation)
    result = call("--stream", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out/generation_config.json").read_text() == generation


def test_the_record_is_json_for_an_infinite_norm_too(call, tmp_path):
    result = call("--method", "lp", "--p", "inf", "--report", tmp_path / "report")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "report/prune.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["parameters"] == {"p": "inf"}


@pytest.mark.parametrize("more", [(), ("--verify",)])
def test_the_record_says_by_what_the_model_is_known(call, more, tmp_path):
    result = call(*more, "--report", tmp_path / "report")
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "report/prune.json").read_text())
    assert record["verify"] == bool(more)
    assert record["files"].keys() == {each.name for each in call.folder.iterdir()}


def test_a_log_file_has_lines_with_the_time_left(call):
    result = call()
    assert "pruning blocks: 100 %, " in result.output
    assert "dense perplexity: 100 %, " in result.output
    assert "perplexity: 100 %, " in call(what="doctor").output


def test_without_the_extra_it_says_what_to_install(call, monkeypatch):
    monkeypatch.setattr("pruneproof.cli.extra.NEEDED", ("no_such_package",))
    for what in ("prune", "doctor"):
        result = call(what=what)
        assert result.exit_code == 2
        assert "pip install 'pruneproof[checkpoint]'" in result.output


@pytest.mark.parametrize("device", ["cuda:0", "auto"])
def test_experts_that_compute_every_token_are_refused(device, monkeypatch):
    """As transformers 4 has gpt-oss do where it is not on the CPU."""
    skeleton = SimpleNamespace(config=SimpleNamespace(model_type="gpt_oss"))
    monkeypatch.setattr(prepare, "CONVERTS", False)
    with pytest.raises(ValueError, match=rf"^device: .* on {device}, .*; take cpu, or transf"):
        prepare.check_routed(skeleton, device)
    prepare.check_routed(skeleton, "cpu")
    monkeypatch.setattr(prepare, "CONVERTS", True)
    prepare.check_routed(skeleton, device)
