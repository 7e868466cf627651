"""Short documents joined and cut into calibration sequences."""

import gzip
import json
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from pruneproof.integration.text import sources
from pruneproof.integration.text.packing import packed, separator_of
from pruneproof.integration.text.sources import (
    calibration_tokens,
    draw_calibration,
    few_documents,
    fingerprint,
    origin,
)

ROWS = [letter * (5 + number) for number, letter in enumerate("abcdefghij")]
END, BEGIN = 1, 2


class Tokenizer:
    """One token a character, and the special tokens that it is told to have and to add."""

    def __init__(self, eos=None, bos=None, before=(), after=()):
        self.eos_token_id, self.bos_token_id = eos, bos
        self.eos_token, self.bos_token = "</s>", "<s>"
        self.around = list(before), list(after)

    def __call__(self, text, **_):
        before, after = self.around
        return SimpleNamespace(input_ids=torch.tensor([[*before, *map(ord, text), *after]]))


def write(path, rows):
    opened = gzip.open if path.name.endswith(".gz") else open
    with opened(path, "wt", encoding="utf-8") as file:
        file.write("".join(json.dumps({"text": each}) + "\n" for each in rows))
    return str(path)


@pytest.fixture
def documents(tmp_path):
    return write(tmp_path / "rows.jsonl", ROWS)


def pack(source, tokenizer, samples=3, seqlen=20, seed=5):
    return draw_calibration(source, tokenizer, samples, seqlen, seed, pack=True)


def shuffled(seed, rows=ROWS):
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    return [rows[each] for each in order]


@pytest.mark.parametrize(
    ("tokenizer", "joined"),
    [
        (Tokenizer(eos=END), lambda row: [*map(ord, row), END]),
        (Tokenizer(eos=END, bos=BEGIN), lambda row: [*map(ord, row), END]),
        (Tokenizer(END, BEGIN, before=[BEGIN]), lambda row: [BEGIN, *map(ord, row), END]),
        (Tokenizer(END, after=[END]), lambda row: [*map(ord, row), END]),
        (Tokenizer(bos=BEGIN), lambda row: [BEGIN, *map(ord, row)]),
        (Tokenizer(bos=BEGIN, before=[BEGIN]), lambda row: [BEGIN, *map(ord, row)]),
        (Tokenizer(END, END, before=[END]), lambda row: [END, *map(ord, row), END]),
    ],
    ids=["eos", "eos, bos", "bos added", "eos added", "bos alone", "bos alone, added", "one token"],
)
def test_documents_follow_each_other_with_a_separator(documents, tokenizer, joined):
    found = pack(documents, tokenizer)
    expected = [token for row in shuffled(5) for token in joined(row)]
    assert found.tokens.flatten().tolist() == expected[:60]
    assert found.tokens.shape == (3, 20)
    assert found.tokens.dtype == torch.int64
    assert found.separator == ("</s>" if tokenizer.eos_token_id else "<s>")


def test_the_order_is_the_seeds(documents):
    tokens = pack(documents, Tokenizer(END)).tokens
    assert fingerprint(tokens) == "db75c6d9dcbda8e4"
    assert tokens.equal(calibration_tokens(documents, Tokenizer(END), 3, 20, 5, pack=True))
    assert not tokens.equal(pack(documents, Tokenizer(END), seed=6).tokens)


def test_no_document_stands_twice_and_all_may_be_used(documents):
    # 5 + … + 14 characters and ten separators are 105 tokens.
    found = pack(documents, Tokenizer(END), samples=7, seqlen=15)
    assert sorted(found.tokens.flatten().tolist()) == sorted(
        [*map(ord, "".join(ROWS)), *[END] * 10]
    )
    assert found.documents == 10
    with pytest.raises(ValueError, match=r"documents have 105 tokens in all, .* are 106; take few"):
        pack(documents, Tokenizer(END), samples=2, seqlen=53)


def test_documents_are_counted_as_far_as_the_cut_leaves_them(documents):
    first, second, _ = map(len, shuffled(5)[:3])
    for needed, count in ((first, 1), (first + 1, 1), (first + 2, 2), (first + second + 3, 3)):
        assert pack(documents, Tokenizer(END), samples=1, seqlen=needed).documents == count
    # No more is left of the second than the token before it.
    assert pack(documents, Tokenizer(bos=BEGIN), samples=1, seqlen=first + 2).documents == 1
    assert pack(documents, Tokenizer(bos=BEGIN), samples=1, seqlen=first + 3).documents == 2


def test_equal_documents_count_once_and_empty_ones_are_left_out(tmp_path):
    source = write(tmp_path / "rows.jsonl", ["same", "", " \n", "same", "other"])
    found = pack(source, Tokenizer(END), samples=1, seqlen=16)
    assert found.documents == 2
    assert found.tokens.flatten().tolist().count(END) == 3


def test_a_document_of_which_no_token_is_left_is_left_out():
    tokens, used = packed(
        ["a", "b"], Tokenizer(END), lambda text: torch.tensor([7] if text == "a" else []),
        (1, 2), random.Random(0), lambda _: None,
    )  # fmt: skip
    assert (tokens.tolist(), tokens.dtype, used) == ([[7, END]], torch.int64, {"a"})


def test_compressed_documents_and_c4_are_packed_alike(documents, tmp_path, monkeypatch):
    expected = pack(documents, Tokenizer(END))
    compressed = pack(write(tmp_path / "rows.jsonl.gz", ROWS), Tokenizer(END))
    monkeypatch.setattr(sources, "_load_dataset", lambda *_, **__: {"text": ROWS})
    c4 = pack("c4", Tokenizer(END))
    assert expected.tokens.equal(compressed.tokens)
    assert expected.tokens.equal(c4.tokens)
    assert expected.documents == compressed.documents == c4.documents


@pytest.mark.parametrize("source", ["wikitext2", "text.txt"])
def test_running_text_is_not_packed(source):
    with pytest.raises(ValueError, match=f"pack: .*{source} is running text.* leave --pack out"):
        pack(source, Tokenizer(END))


def test_a_tokenizer_without_separators_is_refused_before_anything_is_read():
    with pytest.raises(ValueError, match="pack: the tokenizer has neither an eos nor a bos"):
        pack("nowhere.jsonl", Tokenizer())


def test_too_little_to_pack_is_refused_before_it_is_tokenised(documents, monkeypatch):
    from pruneproof.integration.text import packing

    monkeypatch.setattr(packing, "most_tokens", lambda _: len)
    with pytest.raises(ValueError, match="documents have at most 105 tokens in all, .* are 106"):
        packed(ROWS, Tokenizer(END), pytest.fail, (2, 53), random.Random(0), pytest.fail)
    pack(documents, Tokenizer(END), samples=7, seqlen=15)


def test_long_documents_that_are_packed_are_warned_of(tmp_path):
    source = write(tmp_path / "rows.jsonl", ["a" * 100, "b" * 100])
    found = pack(source, Tokenizer(END), samples=4, seqlen=20)
    assert found.documents == 1
    assert few_documents(source, found) == (
        f"{source}: the 4 calibration sequences come from 1 distinct document, packed with </s> "
        "between; take a larger seqlen, or leave --pack out"
    )


def test_the_separator_is_the_end_where_there_is_one():
    assert separator_of(Tokenizer(eos=0, bos=BEGIN)) == ("</s>", 0, True)
    assert separator_of(Tokenizer(bos=BEGIN)) == ("<s>", BEGIN, False)
    assert origin(2, "<s>") == "2 distinct documents, packed with <s> between"


def test_a_real_tokenizers_special_tokens_are_known(tmp_path, save_checkpoint, llama):
    from transformers import AutoTokenizer

    folder = Path(save_checkpoint(llama))
    tokenizer = AutoTokenizer.from_pretrained(folder, eos_token="</s>")
    source = write(tmp_path / "rows.jsonl", ["AAAA", "BBBB"])
    tokens = draw_calibration(source, tokenizer, 1, 10, 0, pack=True).tokens
    assert tokens[0, [4, 9]].tolist() == [tokenizer.eos_token_id] * 2
    assert sorted(tokens[0].tolist()) == sorted([32] * 4 + [33] * 4 + [tokenizer.eos_token_id] * 2)
