"""How much of what a property asks was judged, and for what the rest was refused."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from torch import Tensor

from pruneproof.properties.gate.adapter.subject import AdapterError, Call, Refused, Unsupported
from pruneproof.properties.gate.adapter.watchdog import described
from pruneproof.properties.gate.conventions.limits import Limit, Limits, floating, is_named


@dataclass
class Coverage:
    """Of one property and method.

    Attributes:
        limits: of the adapter.
        asked: how many examples were tried.
        judged: how many of them were.
        within: the limits for which others were refused.
        hidden: the first that was refused for none, in words.
        why: what the adapter said last when it refused one.
    """

    limits: Limits
    asked: int = 0
    judged: int = 0
    within: set[Limit] = field(default_factory=set)
    hidden: str = ""
    why: str = ""
    _asked: set[str] = field(default_factory=set)
    _judged: set[str] = field(default_factory=set)

    def judge(self, calls: list[Call]) -> None:
        """An example was judged, by these calls."""
        self.judged += 1
        self._judged |= _sizes(calls)

    def refuse(self, calls: list[Call], error: Unsupported) -> None:
        """An example was not, since the adapter has refused the last of these calls.

        A convention that leaves nothing to judge is no refusal.
        """
        self.why = str(error)
        if not isinstance(error, Refused) and not isinstance(error.__cause__, AdapterError):
            return
        call = calls[-1]
        limit = self.limits.explain(call)
        if limit is None:
            text = described(call.function, call.arguments, call.named)
            said = f"{text} was refused, and no kind of call is seen of which all are"
            self.hidden = self.hidden or said
            return
        self.within.add(limit)
        if limit.multiple != 1:
            self._asked |= _sizes(calls)

    @property
    def multiple(self) -> int:
        """What the adapter's limits ask all in_features to be multiples of."""
        return math.lcm(*(each.multiple for each in self.within))

    @property
    def lack(self) -> str:
        """Why too little was judged; empty where it was enough, or nothing could be."""
        said = f"judged on {self.judged} of {self.asked} examples"
        if self.hidden:
            return f"{said}: {self.hidden}"
        missing = sorted(self._asked - self._judged) if self.judged else []
        return f"{said}, none with {missing[0]}" if missing else ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """The limits, for a reader."""
        return tuple(sorted({each.sentence for each in self.within} - {""}))


def _sizes(calls: Iterable[Call]) -> set[str]:
    """What calls have more than one of: an error may not show on one alone."""
    found: set[str] = set()
    for call in calls:
        tensors = floating(call)
        if is_named(call):
            weight, *activations = tensors
            found |= {"several outputs"} if weight.shape[0] > 1 else set()
            found |= {"several inputs"} if weight.shape[1] > 1 else set()
            tensors = activations[:1]
        if sum(map(_tokens, tensors)) > 1:
            found.add("several tokens")
    return found


def _tokens(inputs: Tensor) -> int:
    return inputs.numel() // inputs.shape[-1] if inputs.ndim and inputs.shape[-1] else 0
