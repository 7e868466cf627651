"""Judging answers that were computed elsewhere: a line of JSON for each vector."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.wire import (
    WireError,
    decoded,
    decoded_tensor,
    from_line,
    shown,
)

FOLDER = Path(__file__).parent
Verdict = Literal["passed", "failed", "unsupported", "missing"]
SCORES = (torch.float32, torch.float64)
MASK_WORDS = {True: "keep", False: "prune"}


class AnswersError(Exception):
    """The folder holds no answers, or something that is none."""


class WrongAnswerError(Exception):
    """An answer is not the vector's."""


@dataclass(frozen=True)
class Outcome:
    """The verdict on one vector.

    Attributes:
        id: of the vector.
        verdict: passed, failed, unsupported (as the answer says) or missing.
        reason: what is wrong.
    """

    id: str
    verdict: Verdict
    reason: str = ""


def names() -> list[str]:
    """Of the files of vectors, without their suffix."""
    return sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "schema")


def check(answers: Path) -> dict[str, list[Outcome]]:
    """Judge a folder of answers; for each file of vectors that it answers, all outcomes.

    Args:
        answers: holds `wanda.jsonl` with the answers to `wanda.json`, and so on.

    Raises:
        AnswersError: no such file, one of another name, or a line that answers no vector.
    """
    found = sorted(answers.glob("*.jsonl"))
    unknown = [path.name for path in found if path.stem not in names()]
    if unknown:
        raise AnswersError(
            f"{', '.join(unknown)}: there are vectors of {', '.join(names())}; name it so"
        )
    if not found:
        raise AnswersError(f"{answers} holds no answers; those to wanda.json are in wanda.jsonl")
    return {path.stem: check_file(path) for path in found}


def check_file(path: Path) -> list[Outcome]:
    """Judge the answers to one file of vectors."""
    file = json.loads((FOLDER / f"{path.stem}.json").read_text(encoding="utf-8"))
    tests = {test["id"]: test for test in file["tests"]}
    replies = _replies(path, set(tests))
    return [judged(file["call"], test, replies.get(id)) for id, test in tests.items()]


def judged(call: str, test: dict[str, Any], reply: dict[str, Any] | None) -> Outcome:
    """The verdict on the reply to one vector."""
    if reply is None:
        return Outcome(test["id"], "missing")
    if "unsupported" in reply:
        return Outcome(test["id"], "unsupported", str(reply["unsupported"]))
    try:
        if "error" in reply:
            _check_refusal(test, reply["error"])
        else:
            _check_answer(call, test, reply["answer"])
    except (WrongAnswerError, WireError) as error:
        return Outcome(test["id"], "failed", str(error))
    return Outcome(test["id"], "passed")


def _replies(path: Path, ids: set[str]) -> dict[str, dict[str, Any]]:
    replies: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        where = f"{path.name}, line {number}"
        try:
            reply = from_line(line)
        except WireError as error:
            raise AnswersError(f"{where}: {error}") from error
        id = reply.get("id")
        if not isinstance(id, str) or id not in ids:
            raise AnswersError(
                f"{where}: no vector has the id {shown(id)}; take those of the vectors"
            )
        if id in replies:
            raise AnswersError(f"{where}: {id} has been answered before; remove one of the lines")
        if len({"answer", "error", "unsupported"} & set(reply)) != 1:
            raise AnswersError(f"{where}: give one of answer, error and unsupported")
        replies[id] = reply
    return replies


def _check_refusal(test: dict[str, Any], error: object) -> None:
    if test["result"] == "valid":
        raise WrongAnswerError(f"refused: {shown(error)}")


def _check_answer(call: str, test: dict[str, Any], answer: Any) -> None:
    if test["result"] == "invalid":
        _check_not_finite(test, answer)
    elif call == "score":
        _check_scores(test, answer)
    elif call == "activation_statistics":
        _check_statistics(test, answer)
    else:
        _check_mask(test, decoded_tensor(answer))


def _check_not_finite(test: dict[str, Any], answer: Any) -> None:
    if "not_finite" not in test:
        raise WrongAnswerError("answered, where only an error is right")
    marked = decoded_tensor(test["not_finite"])
    given = answer.values() if marked.ndim == 1 and isinstance(answer, dict) else [answer]
    tensors = [each for each in map(decoded, given) if isinstance(each, Tensor)]
    if not tensors or any(
        each.shape != marked.shape or each[marked].isfinite().any() for each in tensors
    ):
        raise WrongAnswerError("finite, though what it comes from is nan or infinite")


def _check_scores(test: dict[str, Any], answer: Any) -> None:
    excused = decoded_tensor(test["excused"]) if "excused" in test else None
    bounds = {torch.float64: test.get("bound_float64", test["bound"])}
    computed = decoded_tensor(answer)
    bound = bounds.get(computed.dtype, test["bound"])
    _check_close("score", computed, test["expected"], bound, excused)


def _check_statistics(test: dict[str, Any], answer: Any) -> None:
    if not isinstance(answer, dict):
        raise WrongAnswerError(f"answer must be an object, got {shown(answer)}")
    expected = test["expected"]
    for key in ("norm", "mean", "var"):
        computed = decoded_tensor(answer.get(key))
        finer = computed.dtype == torch.float64 and "bound_float64" in test
        bound = test["bound_float64" if finer else "bound"][key]
        _check_close(key, computed, expected[key], bound)
    if answer.get("tokens") != expected["tokens"]:
        raise WrongAnswerError(f"tokens is {shown(answer.get('tokens'))}, not {expected['tokens']}")


def _check_close(
    what: str, computed: Tensor, expected: Any, bound: Any, excused: Tensor | None = None
) -> None:
    exact, allowed = decoded_tensor(expected), decoded_tensor(bound)
    if computed.dtype not in SCORES:
        raise WrongAnswerError(f"{what} must be float32 or float64, got {computed.dtype}")
    _check_shape(what, computed, exact.shape)
    error = (computed.double() - exact).abs()
    right = error <= allowed
    if excused is not None:
        right |= excused & ~computed.isfinite()
    if not right.all():
        # nan is worse than everything.
        ratio = torch.where(right, 0.0, error / allowed).nan_to_num(math.inf, math.inf)
        place = (ratio == ratio.max()).nonzero()[0].tolist()
        at = tuple(place)
        raise WrongAnswerError(
            f"{what} {place} is {computed[at].item()!r}, not {exact[at].item()!r}; "
            f"error ÷ bound = {ratio[at].item():.3g}"
        )


def _check_mask(test: dict[str, Any], keep: Tensor) -> None:
    if keep.dtype != torch.bool:
        raise WrongAnswerError(f"a mask must be bool, got {keep.dtype}")
    expected = test["expected"]
    _check_shape("mask", keep, decoded_tensor(test["weight"]).shape)
    for row, (words, kept) in enumerate(zip(expected["entries"], keep.tolist(), strict=True)):
        for column, (word, here) in enumerate(zip(words, kept, strict=True)):
            if word not in ("either", MASK_WORDS[here]):
                raise WrongAnswerError(f"mask [{row}, {column}] is {here}: it must {word}")
    flat = keep.flatten()
    for group, count in zip(expected["groups"], expected["pruned"], strict=True):
        pruned = int((~flat[group]).sum())
        if pruned != count:
            raise WrongAnswerError(f"{pruned} of weights {group} are pruned, not {count}")


def _check_shape(what: str, computed: Tensor, shape: torch.Size) -> None:
    if computed.shape != shape:
        raise WrongAnswerError(f"{what} must have shape {list(shape)}, got {list(computed.shape)}")
