"""The doctor recognises each disease by its cause, and accuses no healthy model."""

import copy
import json
from types import SimpleNamespace

import pytest
import torch
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.integration.decoder.blocks import decoder_blocks, linears
from pruneproof.integration.doctor import examine as examining
from pruneproof.integration.doctor import run as running
from pruneproof.integration.doctor.examine import examine
from pruneproof.integration.doctor.finding import Verdict
from pruneproof.integration.doctor.known import Known, KnownModel, KnownTokenizer, Publications
from pruneproof.integration.perplexity import perplexity
from pruneproof.integration.text import sources
from pruneproof.integration.text.sources import evaluation_tokens

LENGTH = 2048
CANARY = "a canary"
TITLES = {
    "test": ["= Robert Boulter =", "= Robert <unk> ="],
    "validation": ["= Homarus gammarus ="],
    "train": ["= Valkyria Chronicles III ="],
}
SEPARATORS = {"blank lines": "\n\n", "single newlines": "\n", "nothing": ""}


class Tokenizer:
    """A token a byte, and a BOS before a text."""

    bos_token_id = 0
    chat_template = None

    def __init__(self, bos=True):
        self.bos = bos

    def __call__(self, text, add_special_tokens=True, **_):
        start = [0] if self.bos and add_special_tokens else []
        return SimpleNamespace(input_ids=torch.tensor([start + list(text.encode())]))

    def decode(self, ids):
        return bytes(each for each in ids if each).decode()


def rows(title):
    lines = [f" = {title} = \n", "", " A text of 5 words . \n", ""]
    return ["", lines[0], *(630 * lines[1:3])]


ROWS = rows("Robert Boulter")


def windows(text, seqlen=LENGTH, tokenizer=None):
    tokens = (tokenizer or Tokenizer())(text).input_ids[0]
    return tokens[: len(tokens) // seqlen * seqlen].view(-1, seqlen)


WINDOWS = windows("\n\n".join(ROWS))


@pytest.fixture(scope="module")
def healthy():
    """A model whose perplexity depends on the context."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=256,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=6,
        num_attention_heads=2,
        max_position_embeddings=2 * LENGTH,
        initializer_range=0.2,
    )
    return LlamaForCausalLM(config).eval()


@pytest.fixture
def model(healthy):
    return copy.deepcopy(healthy)


@pytest.fixture(scope="module")
def known(healthy):
    """Publications that have the model, as if it were published."""
    structure = {
        key: getattr(healthy.config, key)
        for key in ("vocab_size", "hidden_size", "num_hidden_layers", "max_position_embeddings")
    }
    lengths = (LENGTH, LENGTH // 8)
    published = tuple(
        Known(length, f"{perplexity(healthy, whole(length)):.2f}", "") for length in lengths
    )
    parameters = sum(each.numel() for each in healthy.parameters())
    tiny = KnownModel("Tiny", "bytes", structure, parameters, "float32", False, published)
    twin = KnownModel(
        "Twin",
        "bytes",
        {**structure, "max_position_embeddings": 7},
        parameters,
        "float32",
        False,
        (Known(LENGTH, "1.00", ""),),
    )
    tokens = {name: len(each.join(ROWS).encode()) + 1 for name, each in SEPARATORS.items()}
    tokenizer = KnownTokenizer("bytes", True, tokens, "counted", tuple(CANARY.encode()))
    return Publications((tiny, twin), {"bytes": tokenizer}, 1.002, "two papers", CANARY, TITLES)


def whole(seqlen):
    return windows("\n\n".join(ROWS), seqlen)


def test_a_healthy_model_is_not_accused(model, known):
    found = examine(model, Tokenizer(), WINDOWS, known=known)
    assert (found.verdict, found.model) == (Verdict.HEALTHY, "Tiny")
    assert {each.verdict for each in found.findings} == {Verdict.HEALTHY}
    assert found.perplexity == perplexity(model, WINDOWS)


def test_an_unknown_model_is_never_accused(model, known):
    unknown = Publications((), {}, known.spread, "", CANARY, TITLES)
    found = examine(model, Tokenizer(), WINDOWS, known=unknown)
    assert (found.verdict, found.model, found.off) == (Verdict.UNKNOWN, "", ())
    assert found.perplexity > 1
    causes = " ".join(each.cause for each in found.findings)
    assert "no checkpoint of this structure is recorded" in causes


def test_another_tokenizer_is_another_model(model, known):
    strange = Tokenizer()
    strange_known = Publications(
        known.models,
        {"other": KnownTokenizer("other", True, {}, "", (1, 2))},
        known.spread,
        "",
        CANARY,
        TITLES,
    )
    found = examine(model, strange, WINDOWS, known=strange_known, measure=False)
    assert (found.verdict, found.off) == (Verdict.UNKNOWN, ())
    assert "another tokenizer" in of(found, "structure").cause


def test_another_text_is_not_accused(model, known):
    text = windows("Something else , that nobody has published numbers of . " * 100)
    found = examine(model, Tokenizer(), text, source="mine.txt", known=known)
    assert (found.verdict, found.off) == (Verdict.UNKNOWN, ())


def test_some_windows_are_not_compared(model, known):
    found = examine(model, Tokenizer(), WINDOWS[:1], whole=False, known=known)
    assert (found.verdict, found.off) == (Verdict.UNKNOWN, ())
    assert "only some windows" in of(found, "dense perplexity").cause


@pytest.mark.parametrize(
    ("text", "check", "cause"),
    [
        ("\n\n".join(rows("Homarus gammarus")), "text", "WikiText's validation split"),
        ("\n\n".join(rows("Valkyria Chronicles III")), "text", "WikiText's train split"),
        ("\n\n".join(rows("Robert <unk>")), "text", "the tokenised wikitext-2-v1"),
        ("nothing like it " * 400, "text", "not WikiText-2's test split"),
        ("\n".join(ROWS), "joining", "joined by something else"),
        ("\n".join(ROWS), "windows", "joined by single newlines"),
        ("".join(ROWS), "windows", "joined by nothing"),
        ("\n\n".join(4 * ROWS), "windows", "the text is 4 times as long"),
        ("\n\n".join(ROWS)[:7000], "windows", "cut short"),
    ],
)
def test_a_wrong_text_is_named(model, known, text, check, cause):
    found = examine(model, Tokenizer(), windows(text), known=known)
    assert found.verdict is Verdict.OFF
    assert of(found, check).verdict is Verdict.OFF
    assert cause in of(found, check).cause
    assert of(found, check).advice


def test_windows_counted_with_another_length_are_told(model, known):
    found = examine(model, Tokenizer(), whole(1024)[:, :512], known=known)
    assert "windows of 1024 tokens" in of(found, "windows").cause


def test_another_context_length_is_named_with_its_perplexity(model, known):
    found = examine(model, Tokenizer(), whole(LENGTH // 8), known=known)
    assert found.verdict is Verdict.OFF
    assert of(found, "dense perplexity").verdict is Verdict.HEALTHY
    cause = of(found, "context length").cause
    assert all(f"Tiny has {each}" in cause or f"{each} at 2048" in cause for each in printed(known))


def test_windows_beyond_the_models_length_are_named(model, known):
    model.config.max_position_embeddings = 100
    found = examine(model, Tokenizer(), WINDOWS, known=known, measure=False)
    assert "longer than what the model was made for" in of(found, "context length").cause


def test_a_missing_bos_is_named(model, known):
    tokenizer = Tokenizer(bos=False)
    found = examine(model, tokenizer, windows("\n\n".join(ROWS), tokenizer=tokenizer), known=known)
    assert "add_bos_token" in of(found, "BOS").cause


def test_a_bos_in_every_window_is_named(model, known):
    each = WINDOWS.clone()
    each[:, 0] = 0
    found = examine(model, Tokenizer(), each, known=known)
    assert "tokenised by itself" in of(found, "BOS").cause


def test_another_dtype_is_named_where_the_perplexity_differs(model, known):
    found = examine(model.to(torch.bfloat16), Tokenizer(), WINDOWS, known=known)
    assert of(found, "precision").verdict is Verdict.NOTE
    assert "measured in float32" in of(found, "precision").cause
    dense = of(found, "dense perplexity")
    assert dense.verdict is Verdict.HEALTHY or "measured in float32" in dense.cause


def test_another_checkpoint_of_the_same_layers_is_named(model, known):
    with torch.no_grad():
        model.lm_head.weight.mul_(1.3)
    found = examine(model, Tokenizer(), WINDOWS, known=known)
    assert [each.check for each in found.off] == ["dense perplexity"]
    assert "another checkpoint" in found.off[0].cause


def test_the_checkpoint_that_it_really_is_is_named(model, known):
    twin = known.models[1]
    value = perplexity(model, WINDOWS)
    real = KnownModel(
        "Twin",
        "bytes",
        twin.structure,
        twin.parameters,
        "float32",
        False,
        (Known(LENGTH, f"{value:.3f}", ""),),
    )
    taken = KnownModel(
        **{**vars(known.models[0]), "perplexity": (Known(LENGTH, f"{2 * value:.3f}", ""),)}
    )
    swapped = Publications((taken, real), known.tokenizers, known.spread, "", CANARY, TITLES)
    found = examine(model, Tokenizer(), WINDOWS, known=swapped)
    assert "it is what Twin has" in of(found, "dense perplexity").cause


def test_a_model_that_does_not_work_is_named(model, known):
    with torch.no_grad():
        model.lm_head.weight.mul_(10)
    found = examine(model, Tokenizer(), WINDOWS, known=known)
    assert "does not work" in of(found, "dense perplexity").cause


@pytest.mark.parametrize(
    ("keep", "pattern"), [((1, 1, 0, 0), "2:4"), ((1, 1, 1, 0, 0, 0, 0, 1), "4:8"), ((1, 0, 1), "")]
)
def test_a_pruned_checkpoint_is_named_with_its_pattern(model, known, keep, pattern):
    for weight in weights(model):
        mask = torch.tensor(keep).repeat(weight.shape[1] // len(keep) + 1)[: weight.shape[1]]
        weight.mul_(mask)
    found = examine(model, Tokenizer(), WINDOWS, known=known)
    assert (
        of(found, "zeros").cause == f"the checkpoint is already pruned{pattern and ' to '}{pattern}"
    )
    assert "zeros" in of(found, "dense perplexity").cause


def test_a_checkpoint_expanded_from_four_bits_is_named(model, known):
    for weight in weights(model):
        step = weight.abs().max() / 7
        weight.copy_((weight / step).round().clamp(-8, 7) * step)
    found = examine(model, Tokenizer(), WINDOWS, known=known)
    assert "four-bit" in of(found, "precision").cause


def test_pruning_is_not_taken_for_quantisation(model, known):
    for weight in weights(model):
        weight[:, ::3] = 0
        weight[:, 1::3] = 0
    found = examine(model, Tokenizer(), WINDOWS, known=known)
    assert of(found, "precision").verdict is Verdict.HEALTHY


def test_a_quantised_checkpoint_is_named(model, known):
    model.config.quantization_config = {"bits": 4}
    found = examine(model, Tokenizer(), WINDOWS, known=known)
    assert "quantised" in of(found, "precision").cause


def test_damaged_weights_are_named(model, known):
    next(weights(model))[0, 0] = torch.nan
    found = examine(model, Tokenizer(), WINDOWS, known=known)
    assert "block 0" in of(found, "weights").measured
    assert "overflowed" in of(found, "dense perplexity").cause


def test_a_head_that_should_not_be_tied_is_named(model, known):
    model.lm_head.weight = model.model.embed_tokens.weight
    found = examine(model, Tokenizer(), WINDOWS, known=known, measure=False)
    assert "tied or untied" in of(found, "head").cause


@pytest.mark.parametrize("name", ["Llama-2-7b-chat-hf", "models/SmolLM2-135M-Instruct", "gemma-it"])
def test_a_fine_tuned_checkpoint_is_named(model, known, name):
    found = examine(model, Tokenizer(), WINDOWS, known=known, name=name)
    assert "fine-tuned" in of(found, "training").cause
    assert found.verdict is Verdict.HEALTHY, "a name alone proves nothing"


@pytest.mark.parametrize("name", ["meta-llama/Llama-2-7b-hf", "opt-1.3b", "split-brain"])
def test_a_base_models_name_is_not_suspect(model, known, name):
    found = examine(model, Tokenizer(), WINDOWS, known=known, name=name, measure=False)
    assert not [each for each in found.findings if each.check == "training"]


def test_without_measuring_nothing_is_called_healthy(model, known):
    found = examine(model, Tokenizer(), WINDOWS, known=known, measure=False)
    assert (found.verdict, found.perplexity) == (Verdict.UNKNOWN, None)


def test_no_window_is_an_error(model, known):
    with pytest.raises(ValueError, match="windows must be at least one, got none"):
        examine(model, Tokenizer(), WINDOWS[:0], known=known)


@pytest.fixture
def place(tmp_path, model, known, monkeypatch):
    """A run on the tiny model, with WikiText-2 as it comes from the hub."""
    monkeypatch.setattr(running, "load_skeleton", lambda *_: model)
    monkeypatch.setattr(running, "load_tokenizer", lambda _: Tokenizer())
    monkeypatch.setattr(running, "load_weights", lambda *_: model)
    monkeypatch.setattr(examining, "publications", lambda: known)
    monkeypatch.setattr(sources, "_load_dataset", lambda *_, **__: {"text": ROWS})
    return tmp_path


def doctor(*arguments):
    return CliRunner().invoke(app, ["doctor", *map(str, arguments)])


def test_the_command_finds_a_healthy_model_healthy(place):
    result = doctor("tiny", "--report", place / "report")
    assert result.exit_code == 0, result.output
    assert "healthy: Tiny" in result.output
    record = json.loads((place / "report/doctor.json").read_text())
    assert (record["complete"], record["verdict"], record["model"]) == (True, "healthy", "Tiny")
    assert record["fingerprint"] == examining.fingerprint(
        evaluation_tokens("wikitext2", Tokenizer(), LENGTH)
    )


def test_the_command_says_what_is_off_and_exits_with_1(place):
    result = doctor("tiny", "--seqlen", LENGTH // 8)
    assert result.exit_code == 1, result.output
    assert "What to do: take --seqlen 2048" in " ".join(result.output.split())


def test_the_command_looks_at_data_alone(place):
    result = doctor("tiny", "--data-only")
    assert result.exit_code == 0, result.output
    assert "dense perplexity" not in result.output


def test_a_wrong_call_exits_with_2(place):
    result = doctor("tiny", "--evaluate", "nowhere.txt")
    assert result.exit_code == 2
    assert "there is no file nowhere.txt" in result.output


def of(found, check):
    return next(each for each in found.findings if each.check == check)


def printed(known):
    return [each.printed for each in known.models[0].perplexity]


def weights(model):
    for block in decoder_blocks(model):
        for _, layer in linears(block):
            yield layer.weight.detach()
