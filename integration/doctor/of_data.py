"""Are these the windows that published numbers are about?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from pruneproof.integration.checkpoint.load import most_positions
from pruneproof.integration.doctor.finding import Finding, Verdict
from pruneproof.integration.doctor.known import KnownModel, KnownTokenizer, Publications

USUAL = 2048
SEEN = 600
"""Characters at the beginning of a text by which it is recognised."""
LOCUS = "the loaders of the known repositories: raw test split, joined by blank lines"
NEWLINES = 5 * "\n"
"""What is left of a title's newline, an empty line and three separators with blank lines."""


def beginning(tokenizer: Any, windows: Tensor) -> str:
    """How the evaluation text begins, or "" where the tokenizer cannot say."""
    decode = getattr(tokenizer, "decode", None)
    return decode(windows.flatten()[:SEEN].tolist())[:SEEN] if decode is not None else ""


def is_wikitext(publications: Publications, text: str) -> bool:
    """Whether a text is some split of WikiText."""
    return _split(publications.splits, text) != ""


def text(publications: Publications, source: str, begins: str) -> Finding:
    """Which text it is: split, raw or tokenised."""
    split = _split(publications.splits, begins)
    if not split:
        if source != "wikitext2":
            return Finding(
                "text", Verdict.UNKNOWN, _quoted(begins), cause="nothing is published of this text"
            )
        verdict = Verdict.OFF if begins.strip() else Verdict.UNKNOWN
        return _text(verdict, begins, "this is not WikiText-2's test split")
    if split != "test":
        return _text(Verdict.OFF, begins, f"this is WikiText's {split} split")
    if "<unk>" in begins:
        return _text(
            Verdict.OFF,
            begins,
            "rare words are <unk>: this is the tokenised wikitext-2-v1 or wikitext-103-v1",
        )
    return _text(Verdict.HEALTHY, begins, "")


def _text(verdict: Verdict, begins: str, cause: str) -> Finding:
    advice = "load Salesforce/wikitext, wikitext-2-raw-v1, split test" if cause else ""
    return Finding("text", verdict, _quoted(begins), "WikiText-2, raw, test", LOCUS, cause, advice)


def count(
    tokenizer: KnownTokenizer | None, windows: Tensor, whole: bool, wikitext: bool
) -> Finding:
    """The number of windows, by which most mistakes with the data can be told."""
    found, seqlen = windows.shape
    measured = f"{found} windows of {seqlen} tokens"
    if tokenizer is None or not wikitext or not whole:
        cause = "only some windows of the text were taken"
        if not wikitext:
            cause = "it depends on the text, and nothing is published of this one"
        elif tokenizer is None:
            cause = "it depends on the tokenizer, and nothing is recorded of this one"
        return Finding("windows", Verdict.UNKNOWN, measured, cause=cause)
    right = tokenizer.tokens["blank lines"] // seqlen
    make = (measured, f"{right} windows of {seqlen} tokens", tokenizer.basis)
    if found == right:
        return Finding("windows", Verdict.HEALTHY, *make)
    return Finding("windows", Verdict.OFF, *make, *_miscounted(tokenizer, found, seqlen))


def _miscounted(tokenizer: KnownTokenizer, found: int, seqlen: int) -> tuple[str, str]:
    for separator, tokens in tokenizer.tokens.items():
        if tokens // seqlen == found:
            return (
                f"that many are there when the lines are joined by {separator}",
                "join the lines by blank lines",
            )
    tokens = tokenizer.tokens["blank lines"]
    for length in (512, 1024, 2048, 4096, 8192):
        if tokens // length == found:
            cause = f"that many are there when the text is cut into windows of {length} tokens"
            if times := seqlen // length:
                cause += f", or when the text is {times} times as long as the split"
            return cause, f"check the text, and that windows are cut and counted by {seqlen}"
    if found > 4 * tokens // (3 * seqlen):
        return (
            "the text is longer than the test split: another split, another WikiText, or the "
            "text more than once",
            "load Salesforce/wikitext, wikitext-2-raw-v1, split test",
        )
    return (
        "the text is cut short, is another split, or went through another tokenizer",
        "load Salesforce/wikitext, wikitext-2-raw-v1, split test",
    )


def joining(begins: str, wikitext: bool) -> Finding | None:
    """Whether the lines of WikiText are joined by blank lines, as its beginning shows."""
    if not wikitext or len(begins) < SEEN // 2 or NEWLINES in begins:
        return None
    return Finding(
        "joining",
        Verdict.OFF,
        "no blank lines between the lines of the text",
        "lines that end in a newline, joined by blank lines",
        LOCUS,
        "the lines were joined by something else, or stripped or filtered before",
        'join all lines of the split, empty ones too, by "\\n\\n"',
    )


def context(model: Any, known: KnownModel | None, seqlen: int, wikitext: bool) -> Finding:
    """Tokens a window, against the model's limit and what published numbers use."""
    longest = most_positions(model)
    if seqlen > longest:
        return Finding(
            "context length",
            Verdict.OFF,
            str(seqlen),
            f"at most {longest}",
            "the model's configuration",
            "the windows are longer than what the model was made for",
            f"take --seqlen {min(USUAL, longest)}",
        )
    if known is None or not wikitext:
        return Finding("context length", Verdict.UNKNOWN, str(seqlen), "", "", "")
    if seqlen == USUAL:
        return Finding("context length", Verdict.HEALTHY, str(seqlen), str(USUAL), _USUAL_BASIS)
    there, usual = known.at(seqlen), known.at(USUAL)
    if there is not None and usual is None:
        return Finding("context length", Verdict.HEALTHY, str(seqlen), str(seqlen), there.basis)
    cause = f"the paper's tables are measured with windows of {USUAL}"
    if there is not None and usual is not None:
        cause += f": {known.id} has {there.printed} at {seqlen}, {usual.printed} at {USUAL}"
    else:
        cause += "; longer windows lower the perplexity, shorter ones raise it"
    return Finding(
        "context length",
        Verdict.OFF,
        str(seqlen),
        str(USUAL),
        _USUAL_BASIS,
        cause,
        f"take --seqlen {USUAL}, or set the model's seqlen where another repository has one",
    )


_USUAL_BASIS = "the published dense perplexities that the paper's Table 2 repeats"


def bos(tokenizer: Any, known: KnownTokenizer | None, windows: Tensor) -> Finding:
    """Whether the first window begins with BOS, and no other does."""
    token = getattr(tokenizer, "bos_token_id", None)
    starts = windows[:, 0] == token if token is not None else windows[:, 0] != windows[:, 0]
    measured = "the text has one" if bool(starts[0]) else "the text has none"
    if bool(starts[1:].any()):
        return Finding(
            "BOS",
            Verdict.NOTE,
            f"{int(starts.sum())} of {len(windows)} windows begin with it",
            "the first alone",
            LOCUS,
            "each line or document was tokenised by itself, or windows were cut differently",
            "tokenise the joined text once and cut the tokens",
        )
    if known is None:
        return Finding("BOS", Verdict.UNKNOWN, measured)
    expected = "the text has one" if known.bos else "the text has none"
    if bool(starts[0]) == known.bos:
        return Finding("BOS", Verdict.HEALTHY, measured, expected, known.basis)
    return Finding(
        "BOS",
        Verdict.OFF,
        measured,
        expected,
        known.basis,
        "the tokenizer was saved or called with another setting of add_bos_token or "
        "add_special_tokens, so all windows are shifted by one token",
        "load the tokenizer of the published checkpoint",
    )


def _split(splits: Mapping[str, Sequence[str]], begins: str) -> str:
    # Tokenizers differ in the spaces that they give back.
    text = "".join(begins.split())
    for name, titles in splits.items():
        if any("".join(title.split()) in text for title in titles):
            return name
    return ""


def _quoted(begins: str) -> str:
    words = " ".join(begins.split())
    return f"begins with “{words[:60]}”" if words else "cannot be read back"
