"""Every claim decided: the ledger that `pruneproof theory` prints."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pruneproof.symbolic import claims
from pruneproof.symbolic.claim import Claim
from pruneproof.symbolic.decide import Decision, decide
from pruneproof.symbolic.report.latex import latex
from pruneproof.symbolic.report.statement import about, statement_latex
from pruneproof.symbolic.rocq import proved_theorems, theorems_of_claims

_LOG = logging.getLogger(__name__)
RECORDED = Path(__file__).with_name("verdicts.json")
"""The verdict that the project records for each claim; another one is a change."""


@dataclass(frozen=True)
class Entry:
    """One line of the ledger, as plain data.

    Attributes:
        module: the module of `pruneproof.symbolic.claims` that states the claim.
        rocq: the theorems that state the claim; `engines` holds `rocq` when a current record
            of a build vouches for all of them.
        statements: what is claimed, in LaTeX.
        steps: the derivation of each side: its LaTeX, then (rule, LaTeX) for each step.
        assumptions: the words, whether the paper prints them, and data that break the claim
            without them.
        witness: data for which a refuted statement fails.
        about: sizes, kinds and assumptions of the data that the formulas are about.
        reads: the words of the paper that are relied on, where it prints no formula.
        repairs: the refuted claims that this one replaces.
    """

    id: str
    locus: str
    form: str
    title: str
    note: str
    severity: str
    verdict: str
    assumptions: list[dict[str, Any]]
    witness: dict[str, Any] | None
    engines: list[str]
    seconds: float
    statements: list[str]
    steps: list[dict[str, Any]]
    code: str
    module: str
    rocq: list[str]
    about: list[str]
    reads: str
    repairs: list[str]


def decide_all(workers: int = 2) -> Iterator[tuple[int, int, Entry]]:
    """Decide every claim; yields (position, how many there are, entry) as they are done.

    Args:
        workers: processes to use; 1 decides in this process.

    Raises:
        DisagreementError: two engines contradict each other.
        BrokenProcessPool: processes crash again and again.
    """
    total = len(_loaded())
    if workers == 1:
        for position in range(total):
            yield position, total, decide_one(position)
        return
    left = set(range(total))
    while left:
        before = len(left)
        try:
            for position, entry in _in_processes(workers, sorted(left)):
                left.discard(position)
                yield position, total, entry
        except BrokenProcessPool:
            # z3 and flint are native code, whose crash takes its process along. Claims stand alone.
            if len(left) == before:
                raise
            _LOG.warning(
                "a process that decided claims crashed; %d claims are decided again", len(left)
            )


def _in_processes(workers: int, positions: list[int]) -> Iterator[tuple[int, Entry]]:
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(decide_one, position): position for position in positions}
        for job in as_completed(jobs):
            yield jobs[job], job.result()


@cache
def _loaded() -> tuple[tuple[str, Claim], ...]:
    return claims.load()


def decide_one(position: int) -> Entry:
    """The entry of one claim, by its place in the order of the paper."""
    module, claim = _loaded()[position]
    return entry_of(decide(claim), module)


def entry_of(decision: Decision, module: str) -> Entry:
    """A decision as plain data."""
    claim = decision.claim
    theorems = theorems_of_claims().get(claim.id, ())
    in_rocq = bool(theorems) and set(theorems) <= _vouched_for()
    return Entry(
        id=claim.id,
        locus=claim.locus,
        form=claim.form,
        title=claim.title,
        note=claim.note,
        severity=claim.severity,
        verdict=decision.verdict,
        assumptions=[
            {
                "words": assumption.words,
                "printed": assumption.printed,
                "without": witness.as_data() if witness else None,
            }
            for assumption, witness in _paired(decision)
        ],
        witness=decision.witness.as_data() if decision.witness else None,
        engines=[*decision.engines, *(["rocq"] if in_rocq else [])],
        seconds=round(decision.seconds, 3),
        statements=[statement_latex(statement) for statement in claim.statements],
        steps=_steps(decision),
        code=claim.code,
        module=module,
        rocq=list(theorems),
        about=about(claim.world),
        reads=claim.reads,
        repairs=list(claim.repairs),
    )


@cache
def _vouched_for() -> set[str]:
    return proved_theorems()


def _paired(decision: Decision):
    needed = decision.needed or (None,) * len(decision.claim.assumptions)
    return zip(decision.claim.assumptions, needed, strict=True)


def _steps(decision: Decision) -> list[dict[str, Any]]:
    sides = [side for statement in decision.claim.statements for side in statement.sides]
    return [
        {
            "from": latex(side),
            "steps": [{"rule": step.rule, "result": latex(step.result)} for step in steps],
        }
        for side, steps in zip(sides, decision.steps, strict=False)
    ]


def record_of(entry: Entry) -> dict[str, Any]:
    """What verdicts.json holds of a claim: what is claimed, of what, and the verdict."""
    return {
        "verdict": entry.verdict,
        "form": entry.form,
        "title": entry.title,
        "statements": entry.statements,
        "about": entry.about,
        "assumptions": [each["words"] for each in entry.assumptions],
    }


def changes(entries: list[Entry]) -> list[str]:
    """Where verdicts or statements differ from the recorded ones, in words."""
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    found = {entry.id: record_of(entry) for entry in entries}
    told = []
    for name in sorted(recorded.keys() | found.keys()):
        before, now = recorded.get(name, {}), found.get(name, {})
        old, new = (each.get("verdict", "nothing") for each in (before, now))
        if old != new:
            told.append(f"{name}: recorded {old}, found {new}")
            continue
        told += [
            f"{name}: its {part} changed, recorded {before.get(part)}, found {now[part]}; "
            "`python -m pruneproof.symbolic.record` records it on purpose"
            for part in now
            if before.get(part) != now[part]
        ]
    return told


def as_json(entries: list[Entry]) -> str:
    """The content of theory.json."""
    return json.dumps(
        {"complete": True, "claims": [asdict(entry) for entry in entries]},
        indent=1,
        ensure_ascii=False,
    )
