"""One family from beginning to end: the dry run, the run in memory and streamed, and the oracle."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from pruneproof.integration.bands.against_paper import against_paper, expected
from pruneproof.integration.families.oracle import (
    CONVOLUTION,
    Judgement,
    State,
    copy_of,
    judge_masks,
    log_probabilities,
)
from pruneproof.integration.families.small_model import (
    families,
    random_text,
    save,
    small_model,
    tokenizer_of_characters,
)
from pruneproof.integration.pruning.preview import preview
from pruneproof.integration.pruning.run import run
from pruneproof.integration.pruning.run_options import RunOptions
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.text.sources import calibration_tokens, evaluation_tokens, fingerprint

HALF, SAMPLES, LENGTH, WINDOWS = 0.5, 6, 32, 2
ROUNDING = 2.0**-19
"""Of a log-probability in single precision, where it cannot be compared with double precision."""
UNREACHED = "no calibration token reached"
NOT_BUILT, REFUSED, PRUNED, DEFECT = "not built", "refused", "pruned", "defect"


@dataclass
class Outcome:
    """What came of one family.

    Attributes:
        family: as transformers calls it.
        model: the name of the class.
        verdict: one of the four above.
        message: why it was not built, or refused.
        streamed: what streaming did: `equal`, or why it was refused.
        matrices: how many were pruned.
        dense: by parameter, with numbers of blocks and experts as *, why it stays dense.
        defects: sentences.
        seconds: all of it.
    """

    family: str
    model: str
    verdict: str = DEFECT
    message: str = ""
    streamed: str = ""
    matrices: int = 0
    dense: dict[str, str] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def judge(family: str, folder: Path) -> Outcome:
    """Build, prune and judge one family.

    Args:
        family: a key of `families`.
        folder: an empty one, for models.
    """
    start = time.perf_counter()
    outcome = Outcome(family, families()[family])
    try:
        model = small_model(family)
        # Twice, since some parameters come in another precision when they are loaded.
        source = save(_loaded(save(model, folder / "built")), folder / "model")
        dense = _loaded(source)
        if not log_probabilities(dense, torch.arange(LENGTH)[None]).isfinite().all():
            raise ValueError("it gives no numbers")
    # Whatever a family raises on sizes that do not fit each other.
    except Exception as error:
        outcome.verdict, outcome.message = NOT_BUILT, _line(error)
    else:
        _Trial(outcome, source, dense, folder).judge()
    outcome.seconds = round(time.perf_counter() - start, 1)
    return outcome


class _Trial:
    def __init__(self, outcome: Outcome, source: Path, dense: Any, folder: Path) -> None:
        self.outcome, self.source, self.dense, self.folder = outcome, source, dense, folder
        text = folder / "text.txt"
        text.write_text(random_text(SAMPLES * LENGTH * 4), encoding="utf-8")
        self.data = Texts(str(text), str(text), samples=SAMPLES, seqlen=LENGTH, windows=WINDOWS)
        self.plan = Plan("wanda", sparsity=HALF)

    def judge(self) -> None:
        """Fill the outcome."""
        results = {stream: self._run(stream) for stream in (False, True)}
        (record, said), (streamed, said_of_stream) = results[False], results[True]
        outcome = self.outcome
        if record is None:
            outcome.message = said
            outcome.streamed = said_of_stream if streamed is None else "pruned"
            if streamed is not None:
                self._wrong("streamed it is pruned, in memory it is refused")
        else:
            found = self._against_oracle(record)
            outcome.matrices = sum(found.pruned.values())
            outcome.streamed = said_of_stream
            if streamed is not None:
                outcome.streamed = self._streamed_equals(record, streamed)
        if outcome.defects:
            outcome.verdict = DEFECT
        else:
            outcome.verdict = REFUSED if record is None else PRUNED

    def _wrong(self, *sentences: str) -> None:
        self.outcome.defects += sentences

    def _out(self, stream: bool) -> Path:
        return self.folder / ("streamed" if stream else "in-memory")

    def _run(self, stream: bool) -> tuple[dict[str, Any] | None, str]:
        """The record, or None and the refusal; what is no refusal is a defect."""
        name, out = str(self.source), self._out(stream)
        how = "streamed" if stream else "in memory"
        given, options = (self.plan, self.data), RunOptions(stream=stream, out=out)
        refused = self._refusal(f"dry run {how}", lambda: preview(name, *given, options, expected))
        record: list[dict[str, Any]] = []
        with _watching_for_loads() as loads:
            said = self._refusal(
                f"run {how}",
                lambda: record.append(
                    run(name, *given, stream=stream, out=out, against_paper=against_paper)
                ),
            )
        if said is not None and UNREACHED in said and self.plan.unreached is None:
            # Only the run can know that, and the answer is the user's.
            self.plan = replace(self.plan, unreached="dense")
            return self._run(stream)
        if refused is None and said is not None:
            self._wrong(f"the dry run {how} says yes, the run: {said}")
        elif refused is not None and said is None:
            self._wrong(f"the dry run {how} refuses what the run does: {refused}")
        elif refused != said:
            self._wrong(f"{how} the dry run and the run refuse with different words: {said}")
        elif refused is not None and (loads or not self._refused_without_weights(stream, refused)):
            self._wrong(f"{how} it is refused only after weights were read")
        if said is not None:
            shutil.rmtree(out, ignore_errors=True)
        return (record[0] if said is None else None), said or ""

    def _refusal(self, what: str, call: Any) -> str | None:
        try:
            call()
        except (ValueError, NotImplementedError) as error:
            if not isinstance(error, ValueError) or "\n" in str(error):
                self._wrong(f"{what}: {type(error).__name__} of several lines: {_line(error)}")
            return self._without_folder(_line(error))
        # Anything else is a traceback to a user.
        except Exception as error:
            self._wrong(f"{what}: {type(error).__name__}: {_line(error)}")
            return self._without_folder(f"{type(error).__name__}: {_line(error)}")
        return None

    def _without_folder(self, message: str) -> str:
        return message.replace(str(self.source), "MODEL")

    def _refused_without_weights(self, stream: bool, refused: str) -> bool:
        """Whether the same is said of a checkpoint whose weights are no numbers."""
        other = self.folder / "no-numbers"
        shutil.copytree(self.source, other, dirs_exist_ok=True)
        for path in other.glob("*.safetensors"):
            _overwrite_with_nan(path)
        try:
            run(str(other), self.plan, self.data, stream=stream)
        except Exception as error:
            said = _line(error).replace(str(other), "MODEL")
            return refused in (said, f"{type(error).__name__}: {said}")
        return False

    def _against_oracle(self, record: dict[str, Any]) -> Judgement:
        out = self._out(False)
        tokens, windows = self._tokens(record)
        self._names_as_before(out)
        reloaded = _loaded(out, self._wrong)
        dense, pruned = _parameters(self.dense), _parameters(reloaded)
        found = judge_masks(_loaded(self.source), dense, pruned, tokens, HALF)
        self._wrong(*found.wrong)
        self._dense_is_listed(found, record)
        summed = record["achieved_sparsity"]
        if not found.wrong and summed["zeros"] != found.zeros:
            self._wrong(f"the record counts {summed['zeros']} zeros, there are {found.zeros}")
        for word, model in (("dense", self.dense), ("pruned", reloaded)):
            self._same(f"{word} perplexity", record[f"{word}_perplexity"], model, windows)
        self._same_logits(pruned, reloaded, windows)
        return found

    def _tokens(self, record: dict[str, Any]) -> tuple[Tensor, Tensor]:
        tokenizer, data = tokenizer_of_characters(), self.data
        tokens = calibration_tokens(
            data.calibration, tokenizer, data.samples, data.seqlen, data.seed
        )
        windows = evaluation_tokens(data.evaluate, tokenizer, data.seqlen)[: data.windows]
        if record["calibration_fingerprint"] != fingerprint(tokens):
            self._wrong("the calibration tokens are not those that the record names")
        return tokens, windows

    def _same_logits(self, pruned: State, reloaded: Any, windows: Tensor) -> None:
        """The dense model with the masks applied gives what the saved one gives."""
        copy = _loaded(self.source)
        for name, parameter in copy.named_parameters():
            parameter.data.mul_(pruned[name] != 0) if name in pruned else None
        with torch.no_grad():
            mine, theirs = (each(windows[:1], use_cache=False).logits for each in (copy, reloaded))
        # The same weights and the same code: only blocking in the kernels may differ.
        largest = float(mine.abs().max())
        if not float((mine - theirs).abs().max()) <= 1e-5 * largest:
            self._wrong("logits of the saved model are not those of the masked one")

    def _same(self, what: str, found: float, model: Any, windows: Tensor) -> None:
        single = log_probabilities(model, windows)
        try:
            double = log_probabilities(copy_of(model).double(), windows)
        # Some code adds single to double precision.
        except RuntimeError:
            double = single + ROUNDING
        # Four times as far as single precision is from double; at least what summing costs.
        bound = 1e-6 + 4 * float((single - double).abs().mean())
        right = math.exp(-float(single.mean()))
        if not abs(math.log(found / right)) <= bound:
            self._wrong(f"{what} is {found:.6f}, whole passes give {right:.6f}")

    def _dense_is_listed(self, found: Judgement, record: dict[str, Any]) -> None:
        listed: dict[str, str] = record.get("left_dense", {})
        said = {_starred(name.partition(", ")[2]): why for name, why in listed.items()}
        # Of experts in one parameter those that no token reached are listed by themselves.
        said |= {name.partition(".*")[0]: why for name, why in said.items() if UNREACHED in why}
        missing: dict[str, str] = {}
        for name, why in found.dense.items():
            own = _starred(_within_block(name))
            reason = next((said[each] for each in said if own.startswith(each)), None)
            own = own.removesuffix(".weight")
            self.outcome.dense[own] = reason or why or "no reason"
            if not why:
                missing[own] = "and should not"
            elif reason is None and why != CONVOLUTION:
                missing[own] = f"and the record does not say so ({why})"
        self._wrong(*(f"{name} stays dense {why}" for name, why in missing.items()))

    def _names_as_before(self, out: Path) -> None:
        before, after = _headers(self.source), _headers(out)
        if lost := sorted(set(before) - set(after)):
            self._wrong(f"{len(lost)} tensors are not in the result, {lost[0]} first")
        if more := sorted(set(after) - set(before)):
            self._wrong(f"{len(more)} tensors are only in the result, {more[0]} first")
        for name in sorted(set(before) & set(after)):
            if before[name] != after[name]:
                self._wrong(f"{name} was {before[name]} and is {after[name]}")

    def _streamed_equals(self, record: dict[str, Any], streamed: dict[str, Any]) -> str:
        one, other = (_tensors(self._out(each)) for each in (False, True))
        different = [name for name in one if not _same_bits(one[name], other.get(name))]
        different += sorted(set(other) - set(one))
        if different:
            self._wrong(f"streamed {len(different)} tensors differ, {different[0]} first")
        for word in ("dense_perplexity", "pruned_perplexity"):
            # Blocks are the same code on the same numbers; only sums may be in another order.
            if not abs(math.log(record[word] / streamed[word])) <= 1e-5:
                self._wrong(f"streamed {word} is {streamed[word]:.6f}, else {record[word]:.6f}")
        _loaded(self._out(True), self._wrong)
        return "equal"


@contextmanager
def _watching_for_loads() -> Iterator[list[str]]:
    """Counts models that are loaded with their weights."""
    from transformers import PreTrainedModel

    loads: list[str] = []
    before = vars(PreTrainedModel)["from_pretrained"]

    def counted(kind: Any, *args: Any, **named: Any) -> Any:
        # With tensors that have a shape alone, transformers says what it would make of a file.
        state = named.get("state_dict")
        if state is None or not all(each.is_meta for each in state.values()):
            loads.append(kind.__name__)
        return before.__func__(kind, *args, **named)

    PreTrainedModel.from_pretrained = classmethod(counted)  # type: ignore[assignment]
    try:
        yield loads
    finally:
        PreTrainedModel.from_pretrained = before  # type: ignore[assignment]


def _loaded(folder: Path, wrong: Any = None) -> Any:
    """As transformers loads it, with each expert computed by itself; says what does not fit.

    Raises:
        ValueError: keys that do not fit, where nobody is told.
    """
    import transformers

    kind = getattr(
        transformers, json.loads((folder / "config.json").read_text())["architectures"][0]
    )
    model, info = kind.from_pretrained(folder, output_loading_info=True, dtype=torch.float32)
    for word in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if keys := sorted(map(str, info[word])):
            sentence = f"{len(keys)} {word.replace('_', ' ')} when loaded again, {keys[0]} first"
            if wrong is None:
                raise ValueError(sentence)
            wrong(sentence)
    if hasattr(model, "set_experts_implementation"):
        model.set_experts_implementation("eager")
    return model.eval()


def _parameters(model: Any) -> State:
    return {name: each.data for name, each in model.named_parameters()}


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def _headers(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in _files(folder):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118 - no dictionary
                part = file.get_slice(name)
                found[name] = f"{part.get_dtype()} {part.get_shape()}"
    return found


def _tensors(folder: Path) -> State:
    found: State = {}
    for path in _files(folder):
        with safe_open(path, "pt") as file:
            found |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return found


def _overwrite_with_nan(path: Path) -> None:
    from safetensors.torch import save_file

    tensors = _tensors(path.parent)
    with safe_open(path, "pt") as file:
        mine = {name: tensors[name] for name in file.keys()}  # noqa: SIM118
        about = file.metadata()
    for each in mine.values():
        if each.is_floating_point():
            each.fill_(math.nan)
    save_file(mine, path, about)


def _same_bits(one: Tensor, other: Tensor | None) -> bool:
    if other is None or one.shape != other.shape or one.dtype != other.dtype:
        return False
    bits = (each.contiguous().flatten().view(torch.uint8) for each in (one, other))
    return torch.equal(*bits)


def _within_block(name: str) -> str:
    """A parameter's name behind the number of its block."""
    parts = name.split(".")
    number = next(index for index, part in enumerate(parts) if part.isdigit())
    return ".".join(parts[number + 1 :])


def _starred(name: str) -> str:
    return ".".join("*" if part.isdigit() else part for part in name.split("."))


def _line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
