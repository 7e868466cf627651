"""Zero-shot accuracy: by lm-eval's own code on a task of two files, and without lm-eval."""

import json
import sys

import pytest
import torch

from pruneproof.integration.zero_shot import MEAN, TASKS, zero_shot

QUESTIONS = [
    {"question": "a", "choices": ["b", "c"], "label": 0},
    {"question": "b", "choices": ["c", "a"], "label": 1},
    {"question": "c", "choices": ["a", "b"], "label": 0},
    {"question": "a", "choices": ["c", "b"], "label": 0},
]
"""A model that follows a by b, b by c and c by a is right in the first and third."""


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    with pytest.raises(ImportError, match=r"pip install 'pruneproof\[zeroshot\]'"):
        zero_shot(None, None)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"tasks": ()}, "tasks must be at least one, got none"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
    ],
)
def test_a_wrong_call_is_an_error_before_anything_is_loaded(named, message):
    with pytest.raises(ValueError, match=message):
        zero_shot(None, None, **named)


@pytest.fixture(scope="module")
def tokenizer():
    """One token a letter."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = {"<unk>": 0, "<s>": 1, "a": 2, "b": 3, "c": 4}
    tokenizer = Tokenizer(models.WordLevel(letters, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="<s>"
    )


@pytest.fixture(scope="module")
def model():
    """It follows a by b, b by c and c by a: the blocks add nothing, the head is a permutation."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=5,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=64,
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in model.model.layers.parameters():
            parameter.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(5, 8))
        model.lm_head.weight.zero_()
        for before, after in ((2, 3), (3, 4), (4, 2)):
            model.lm_head.weight[after, before] = 1.0
    return model


@pytest.fixture
def manager(tmp_path):
    """A task as lm-eval reads them, of local files."""
    from lm_eval.tasks import TaskManager

    data = tmp_path / "questions.jsonl"
    data.write_text("\n".join(map(json.dumps, QUESTIONS)), encoding="utf-8")
    for name, metric in (("letters", "acc"), ("letters_f1", "acc_norm")):
        task = {
            "task": name,
            "dataset_path": "json",
            "dataset_kwargs": {
                "data_files": {"test": str(data)},
                "cache_dir": str(tmp_path / "cache"),
            },
            "output_type": "multiple_choice",
            "test_split": "test",
            "doc_to_text": "{{question}}",
            "doc_to_target": "label",
            "doc_to_choice": "choices",
            "metric_list": [{"metric": metric}],
        }
        # JSON is YAML.
        (tmp_path / f"{name}.yaml").write_text(json.dumps(task), encoding="utf-8")
    return TaskManager(include_path=str(tmp_path), include_defaults=False)


@pytest.mark.zero_shot
def test_accuracy_is_the_fraction_of_right_answers(model, tokenizer, manager):
    found = zero_shot(model, tokenizer, ["letters"], task_manager=manager)
    assert found == {"letters": 0.5, MEAN: 0.5}


@pytest.mark.zero_shot
def test_a_limit_takes_the_first_examples(model, tokenizer, manager):
    found = zero_shot(model, tokenizer, ["letters"], limit=1, task_manager=manager)
    assert found == {"letters": 1.0, MEAN: 1.0}


@pytest.mark.zero_shot
def test_a_better_model_is_better(model, tokenizer, manager):
    """Another permutation: a by c, b by a, c by b."""
    other = type(model)(model.config).eval()
    other.load_state_dict(model.state_dict())
    with torch.no_grad():
        other.lm_head.weight.zero_()
        for before, after in ((2, 4), (3, 2), (4, 2)):
            other.lm_head.weight[after, before] = 1.0
    found = zero_shot(other, tokenizer, ["letters"], task_manager=manager)
    assert found["letters"] == 0.75


@pytest.mark.zero_shot
def test_a_task_that_lm_eval_does_not_know_is_an_error(model, tokenizer, manager):
    with pytest.raises(ValueError, match="lm-eval has none called lettres"):
        zero_shot(model, tokenizer, ["lettres"], task_manager=manager)


@pytest.mark.zero_shot
def test_a_task_without_accuracy_is_an_error(model, tokenizer, manager):
    with pytest.raises(ValueError, match="letters_f1 has no acc"):
        zero_shot(model, tokenizer, ["letters_f1"], task_manager=manager)


@pytest.mark.zero_shot
def test_lm_eval_has_the_tasks_of_table_6():
    from lm_eval.tasks import TaskManager

    assert set(TASKS) <= set(TaskManager().all_tasks)
