"""A bound on a text's tokens, against the tokens of every kind of tokenizer that it speaks of."""

import random

import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from pruneproof.integration.text.most_tokens import most_tokens

PIECES = [
    *"ab 1!\n\t",
    *"é▁ß€漢😀",
    *"\u0344\u0958\U0001d160\ufdfa\u0390\u1e9e\u0000",
    "  ",
    "▁▁",
    "<s>",
    "</s>",
    "zz",
]
"""The characters that Unicode's normal forms make longest among them, and added tokens."""
SPACES = normalizers.Replace(" ", "▁")
LETTERS = {each: number for number, each in enumerate([*"ab1!▁", "<unk>"])}
BYTES = LETTERS | {f"<0x{byte:02X}>": 6 + byte for byte in range(256)}


def bpe(vocabulary, **more):
    return models.BPE(vocabulary, [], unk_token="<unk>", **more)


def of_bytes():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return models.BPE({each: number for number, each in enumerate(alphabet)}, [])


KNOWN = {
    "gpt2": (of_bytes, None, pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "gpt2 with a space": (of_bytes, None, pre_tokenizers.ByteLevel(add_prefix_space=True)),
    "qwen": (of_bytes, normalizers.NFC(), pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "llama 3": (
        of_bytes,
        None,
        pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        ),
    ),
    "llama 2": (
        lambda: bpe(BYTES, byte_fallback=True),
        normalizers.Sequence([normalizers.Prepend("▁"), SPACES]),
        None,
    ),
    "gemma": (lambda: bpe(BYTES, byte_fallback=True), SPACES, None),
    "metaspace": (lambda: bpe(BYTES, byte_fallback=True), None, pre_tokenizers.Metaspace()),
    "two marks": (
        lambda: bpe(BYTES, byte_fallback=True),
        normalizers.Prepend("▁"),
        pre_tokenizers.Metaspace(),
    ),
    "compatibility": (
        lambda: bpe(BYTES, byte_fallback=True),
        normalizers.NFKD(),
        pre_tokenizers.Whitespace(),
    ),
    "unigram": (
        lambda: models.Unigram([(each, -1.0) for each in BYTES], 5, byte_fallback=True),
        normalizers.NFKC(),
        pre_tokenizers.Metaspace(),
    ),
    "words": (
        lambda: models.WordLevel(LETTERS, unk_token="<unk>"),
        normalizers.NFD(),
        pre_tokenizers.BertPreTokenizer(),
    ),
    "pieces": (
        lambda: models.WordPiece(LETTERS | {"##a": 6}, unk_token="<unk>"),
        None,
        pre_tokenizers.Punctuation(),
    ),
}


def built(model, normalizer, cutter, *, added=("<s>", "</s>", "▁▁")):
    inner = Tokenizer(model)
    if normalizer is not None:
        inner.normalizer = normalizer
    if cutter is not None:
        inner.pre_tokenizer = cutter
    inner.add_tokens([AddedToken(each, normalized=each == "▁▁") for each in added])
    if "<s>" in added:
        numbers = [(each, inner.token_to_id(each)) for each in ("<s>", "</s>")]
        inner.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", special_tokens=numbers
        )
    # transformers may set this anew on what it wraps.
    marked = getattr(cutter, "add_prefix_space", False)
    return PreTrainedTokenizerFast(tokenizer_object=inner, add_prefix_space=marked)


@pytest.mark.parametrize("name", KNOWN)
def test_no_text_has_more_tokens(name):
    model, normalizer, cutter = KNOWN[name]
    # With two marks a stretch an added token of two characters may cost more than it covers.
    added = ("<s>", "</s>") if name == "two marks" else ("<s>", "</s>", "▁▁")
    tokenizer = built(model(), normalizer, cutter, added=added)
    most = most_tokens(tokenizer)
    assert most is not None
    draw = random.Random(name)
    texts = ["", *PIECES, *(each * 9 for each in PIECES)]
    texts += ["".join(draw.choices(PIECES, k=draw.randint(1, 30))) for _ in range(500)]
    for text in texts:
        assert len(tokenizer(text).input_ids) <= most(text), repr(text)


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [("gpt2", "ab é", 7), ("gpt2 with a space", "a", 4), ("llama 2", "a€", 7), ("gemma", "", 2)],
)
def test_it_is_reached(name, text, tokens):
    tokenizer = built(KNOWN[name][0](), *KNOWN[name][1:])
    assert len(tokenizer(text).input_ids) == most_tokens(tokenizer)(text) == tokens


class Cutter:
    def pre_tokenize(self, text):
        text.split(lambda _, each: [each])


@pytest.mark.parametrize(
    "parts",
    [
        (of_bytes(), normalizers.Replace("a", "aaaa"), None),
        (of_bytes(), normalizers.Prepend("aa"), None),
        (of_bytes(), normalizers.Lowercase(), None),
        (bpe(LETTERS | {"<0xE2>": 6}, byte_fallback=True), None, pre_tokenizers.ByteLevel()),
        (bpe({"<unk>": 0}, byte_fallback=True), SPACES, None),
        (
            of_bytes(),
            None,
            pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel()]),
        ),
        (
            of_bytes(),
            None,
            pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.Metaspace()]),
        ),
    ],
    ids=range(7),
)
def test_nothing_is_claimed_of_other_parts(parts):
    assert most_tokens(built(*parts)) is None


def test_nothing_is_claimed_of_a_part_that_is_written_in_python():
    tokenizer = built(of_bytes(), None, None)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.PreTokenizer.custom(Cutter())
    assert most_tokens(tokenizer) is None


def test_nothing_is_claimed_where_an_added_token_is_as_short_as_a_mark():
    parts = of_bytes(), None, pre_tokenizers.ByteLevel(add_prefix_space=True)
    assert most_tokens(built(*parts, added=("a",))) is None
    assert most_tokens(built(*parts, added=("aa",)))("aa") == 3


def test_nothing_is_claimed_of_a_function(tokenizer):
    assert most_tokens(tokenizer) is None
