"""All looks at a model, its tokenizer and its evaluation windows, before anything is pruned."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from pruneproof.integration.checkpoint.load import most_positions
from pruneproof.integration.doctor import of_data, of_model
from pruneproof.integration.doctor.finding import Finding, Verdict
from pruneproof.integration.doctor.known import Publications, publications
from pruneproof.integration.doctor.of_perplexity import perplexity as dense
from pruneproof.integration.doctor.weights import look_at
from pruneproof.integration.perplexity import perplexity
from pruneproof.integration.text.sources import fingerprint

Track = Callable[[Tensor], Iterable[Tensor]]


@dataclass(frozen=True)
class Examination:
    """What the doctor found.

    Attributes:
        verdict: `off` when anything is off; `healthy` when the model is known and its dense
            perplexity is the published one; else `unknown`.
        model: the known model that it is, or "".
        perplexity: dense perplexity on the windows; None when it was not measured.
        fingerprint: of the windows.
        windows: how many.
        seqlen: tokens in each.
        findings: all looks, in order.
    """

    verdict: Verdict
    model: str
    perplexity: float | None
    fingerprint: str
    windows: int
    seqlen: int
    findings: tuple[Finding, ...]

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @property
    def off(self) -> tuple[Finding, ...]:
        """What is off."""
        return tuple(each for each in self.findings if each.verdict is Verdict.OFF)


def examine(
    model: Any,
    tokenizer: Any,
    windows: Tensor,
    *,
    source: str = "wikitext2",
    name: str = "",
    whole: bool = True,
    measure: bool = True,
    known: Publications | None = None,
    track: Track = iter,
) -> Examination:
    """Look at a model and its data; measure the dense perplexity; say what is off and why.

    Args:
        model: a causal language model in evaluation mode; it is not changed.
        tokenizer: its tokenizer.
        windows: evaluation windows, count × length.
        source: what they are said to be, as in `evaluation_tokens`.
        name: the model's, in which signs of fine-tuning are looked for.
        whole: whether they are all windows of the text.
        measure: whether to measure the perplexity, which takes the time.
        known: what is published; what comes with pruneproof when left out.
        track: wraps the windows while they are measured, for a progress bar.

    Raises:
        ValueError: the model has no stack of blocks; no window.
    """
    if len(windows) == 0:
        raise ValueError("windows must be at least one, got none")
    known = publications() if known is None else known
    splitter = known.tokenizer_of(tokenizer)
    identity = of_model.recognise(known, model.config, splitter)
    begins = of_data.beginning(tokenizer, windows)
    wikitext = of_data.is_wikitext(known, begins)
    expects_wikitext = wikitext or source == "wikitext2"
    seqlen = windows.shape[1]
    weights = look_at(model)
    quantized = getattr(model.config, "quantization_config", None) is not None
    joining = of_data.joining(begins, wikitext)
    findings = [
        of_data.text(known, source, begins),
        of_data.count(splitter, windows, whole, expects_wikitext),
        *([joining] if joining is not None else []),
        of_data.context(model, identity, seqlen, expects_wikitext),
        of_data.bos(tokenizer, splitter, windows),
        of_model.structure(known, model, identity),
        of_model.damage(weights),
        of_model.precision(weights, identity, quantized),
        of_model.sparsity(weights),
        of_model.head(model, identity),
        *of_model.name(name, tokenizer),
    ]
    measured = None
    if measure and seqlen <= most_positions(model):
        measured = perplexity(model, track(windows))
        comparable = "" if whole else "only some windows of the text were taken"
        if not expects_wikitext:
            comparable = "nothing is published of this text"
        findings.append(dense(known, identity, measured, seqlen, comparable, findings))
    return Examination(
        verdict=_overall(findings, measured is not None),
        model=identity.id if identity is not None else "",
        perplexity=measured,
        fingerprint=fingerprint(windows),
        windows=len(windows),
        seqlen=seqlen,
        findings=tuple(findings),
    )


def _overall(findings: list[Finding], measured: bool) -> Verdict:
    verdicts = {each.verdict for each in findings}
    if Verdict.OFF in verdicts:
        return Verdict.OFF
    compared = measured and findings[-1].verdict is Verdict.HEALTHY
    return Verdict.HEALTHY if compared else Verdict.UNKNOWN
