"""What `pruneproof vectors` prints."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from pruneproof.properties.vectors.check import AnswersError, Outcome, check, names


def check_and_report(answers: Path) -> int:
    """Print a line for each file of vectors and for each answer that is wrong.

    Returns:
        0 where all that is answered is right; 1 where something is wrong, or missing among the
        answers to a file; 2 where there is nothing to judge.
    """
    try:
        found = check(answers)
    except AnswersError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name in names():
        print(_line(name, found.get(name)))
    outcomes = [each for of_file in found.values() for each in of_file]
    for each in outcomes:
        if each.verdict == "failed":
            print(f"\n{each.id}\n  {each.reason}")
    missing = [each.id for each in outcomes if each.verdict == "missing"]
    if missing:
        print(f"\nno answer to {', '.join(missing)}")
    verdicts = {each.verdict for each in outcomes}
    if verdicts <= {"unsupported"}:
        print("error: nothing is supported, so nothing was judged", file=sys.stderr)
        return 2
    return int(bool(verdicts & {"failed", "missing"}))


def _line(name: str, outcomes: list[Outcome] | None) -> str:
    if outcomes is None:
        return f"{name:<24} not answered"
    count = Counter(each.verdict for each in outcomes)
    words = ("passed", "failed", "missing", "unsupported")
    shown = [f"{count[word]} {word}" for word in words if count[word] or word == "passed"]
    return f"{name:<24} {', '.join(shown)}"
