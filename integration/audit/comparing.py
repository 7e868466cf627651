"""Statements about two cells: that one is better, that both are equal, or any other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pruneproof.integration.audit.finding import CONTRADICTED, Finding, Result, ids, suspicion
from pruneproof.integration.paper_tables import Cell


@dataclass(frozen=True)
class Pair:
    """Two cells that a statement compares."""

    first: Cell
    second: Cell

    @property
    def outcome(self) -> str:
        """How the first cell compares: `better`, `equal` or `worse`, as printed.

        Rounding keeps an order or makes it an equality, so `better` and `worse` are certain.
        """
        gain = self.second.value - self.first.value
        if self.first.metric == "accuracy":
            gain = -gain
        return "better" if gain > 0 else "worse" if gain < 0 else "equal"

    def __str__(self) -> str:
        first, second = self.first.id.split("/"), self.second.id.split("/")
        common = [part for part in first if part in second and part != f"T{self.first.table}"]
        named = [
            " ".join(["/".join(own for own in parts if own not in other), cell.printed]).lstrip()
            for parts, other, cell in ((first, second, self.first), (second, first, self.second))
        ]
        return ": ".join(["/".join(common), " against ".join(named)]).removeprefix(": ")


def pairs(firsts: Iterable[Cell], seconds: Iterable[Cell], *fields: str) -> list[Pair]:
    """Each of the first cells with each of the second ones that has the same `fields`."""
    seconds = tuple(seconds)
    return [
        Pair(first, second)
        for first in firsts
        for second in seconds
        if all(first.get(name) == second.get(name) for name in fields)
    ]


def judge(
    compared: Sequence[Pair],
    holds: Callable[[Pair], bool],
    *,
    locus: str,
    printed: str,
    severity: str,
    verdict: str = CONTRADICTED,
    remark: str = "",
    tally: str = "",
    show: Callable[[Pair], str] = str,
) -> Result:
    """Judge that something holds for each pair; a finding lists those for which it does not.

    Args:
        compared: the pairs.
        holds: what is claimed of each.
        locus: the place that claims it.
        printed: what stands there.
        severity: of the finding.
        verdict: of the finding.
        remark: what would explain it.
        tally: what the comparison gave, when it is more than a count.
        show: a pair in words.
    """
    wrong = [pair for pair in compared if not holds(pair)]
    tally = tally or f"holds in {len(compared) - len(wrong)} of {len(compared)}"
    if not wrong:
        return Result(locus, len(compared), tally)
    finding = Finding(
        locus=locus,
        printed=printed,
        computed=tally,
        severity=severity,
        cells=ids(cell for pair in wrong for cell in (pair.first, pair.second)),
        cases=tuple(map(show, wrong)),
        ocr_suspect=all(suspicion((pair.first, pair.second)) for pair in wrong),
        verdict=verdict,
        remark=remark,
    )
    return Result(locus, len(compared), tally, (finding,))


def order(
    compared: Sequence[Pair],
    *,
    locus: str,
    severity: str,
    verdict: str = CONTRADICTED,
    remark: str = "",
) -> Result:
    """Judge that the first cell of each pair is the better one; equal cells do not deny it."""
    outcomes = [pair.outcome for pair in compared]
    counts = {name: outcomes.count(name) for name in ("better", "equal", "worse")}
    return judge(
        compared,
        lambda pair: pair.outcome != "worse",
        locus=locus,
        printed=f"better in all {len(compared)}",
        severity=severity,
        verdict=verdict,
        remark=remark,
        tally=", ".join(f"{name} in {count}" for name, count in counts.items() if count),
    )


def equal(
    compared: Sequence[Pair],
    *,
    locus: str,
    printed: str,
    severity: str,
    verdict: str = CONTRADICTED,
    remark: str = "",
) -> Result:
    """Judge that the two cells of each pair print the same number."""
    return judge(
        compared,
        lambda pair: pair.outcome == "equal",
        locus=locus,
        printed=printed,
        severity=severity,
        verdict=verdict,
        remark=remark,
    )
