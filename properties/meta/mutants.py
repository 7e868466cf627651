"""Change the reference's own source in one place, and see whether the gate notices.

`python -m pruneproof.properties.meta.mutants [PART …]` judges every mutant whose key holds one of
the parts, and fails when one survives that `survivors.toml` does not explain. What the gate passes
is given to the reference's own tests: they know what the gate asks of nobody, such as which
arguments are refused. The mutations are cosmic-ray's. Each mutant is judged in a forked process of
its own. A run that was cut off goes on, by `.mutants.jsonl`; one of all mutants that fails nothing
writes `docs/mutants.md`. Needs a checkout, since a wheel holds no tests.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

# Imported before the forks, so that each of them need not.
import flint
import hypothesis
import torch
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from rich.progress import track

from pruneproof.properties.meta.fates import (
    BY_GATE,
    BY_TESTS,
    PAGE,
    ROOT,
    SURVIVES,
    Ledger,
    page,
    reasons,
)
from pruneproof.reporting.files import write_whole

FOLDER = ROOT / "reference"
TESTS = {
    "scores/*.py": ("errors", "stochria", "scores"),
    "norms.py": ("errors", "precision", "norms"),
    "masks.py": ("errors", "masks"),
    "selection.py": ("masks",),
    "statistics.py": ("errors", "precision", "statistics"),
    "refinements/*.py": (
        "errors",
        "refinement_errors",
        "refinement_examples",
        "refinements",
        "printed_criteria",
    ),
}
"""By the files that are changed, the reference's tests of them."""

OPERATORS = (
    *(f"ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul", "FloorDiv_Mul", "Mod_FloorDiv",
        "BitAnd_BitOr", "LShift_RShift",
    )),
    *(f"ReplaceComparisonOperator_{pair}" for pair in (
        "Eq_NotEq", "NotEq_Eq", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_Gt", "Gt_Lt",
    )),
    "ReplaceUnaryOperator_Delete_USub", "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceUnaryOperator_Delete_Not", "AddNot", "NumberReplacer", "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak", "ZeroIterationForLoop",
)  # fmt: skip
SECONDS = 300
PRELOADED = (flint, hypothesis, torch)


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        file: below `reference/`.
        tests: of that file.
        before: the line.
        after: the line as changed.
        source: of the whole changed file.
    """

    file: str
    tests: tuple[str, ...]
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        """How `survivors.toml` names it."""
        return f"{self.file}: {self.before} -> {self.after}"


def mutants(file: str, tests: tuple[str, ...]) -> Iterator[Mutant]:
    """All changes of a file."""
    code = (FOLDER / file).read_text(encoding="utf-8")
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        occurrence = 0
        while (changed := mutate_code(code, operator, occurrence)) is not None:
            occurrence += 1
            pair = _changed_line(code, changed)
            if pair is not None:
                yield Mutant(file, tests, *pair, changed)


def fate(mutant: Mutant) -> str:
    """Who rejects the reference with this change, if anyone does."""
    for judge, verdict in ((_gate_passes, BY_GATE), (_tests_pass, BY_TESTS)):
        if not _passes(mutant, judge):
            return verdict
    return SURVIVES


def main(parts: list[str]) -> int:
    """Judge all mutants; see the module."""
    torch.set_num_threads(1)
    every = {
        mutant.key: mutant
        for glob, tests in TESTS.items()
        for path in sorted(FOLDER.glob(glob))
        for mutant in mutants(str(path.relative_to(FOLDER)), tests)
    }
    chosen = [key for key in every if not parts or any(part in key for part in parts)]
    fates = _judged([every[key] for key in chosen])
    count = Counter(fates.values())
    print(f"{len(fates)} mutants: " + ", ".join(f"{count[each]} {each}" for each in count))
    explained = {key for _, keys in reasons() for key in keys}
    unexplained = [key for key, end in fates.items() if end == SURVIVES and key not in explained]
    stale = [key for key in explained if fates.get(key, SURVIVES) != SURVIVES or key not in every]
    for key in unexplained:
        print(f"survives without a reason: {key}")
    for key in stale:
        print(f"explained as a survivor, but rejected or gone: {key}")
    if unexplained or stale:
        return 1
    if not parts:
        write_whole(PAGE, page(fates))
    return 0


def _judged(chosen: list[Mutant]) -> dict[str, str]:
    """The fates of mutants, of which the ledger may hold some."""
    ledger = Ledger(ROOT / ".mutants.jsonl")
    source = (FOLDER / "masks.py").read_text(encoding="utf-8")
    if fate(Mutant("masks.py", TESTS["masks.py"], "", "", source)) != SURVIVES:
        raise SystemExit("the gate or the tests reject the reference without any change")
    for mutant in track(chosen, "judging mutants"):
        if mutant.key not in ledger.fates:
            ledger.add(mutant.key, fate(mutant))
        if ledger.fates[mutant.key] != BY_GATE:
            print(f"{ledger.fates[mutant.key]}: {mutant.key}", flush=True)
    return {mutant.key: ledger.fates[mutant.key] for mutant in chosen}


def _changed_line(code: str, changed: str) -> tuple[str, str] | None:
    pairs = zip(code.splitlines(), changed.splitlines(), strict=False)
    different = [(old.strip(), new.strip()) for old, new in pairs if old != new]
    # A change within a docstring or of nothing is none.
    return different[0] if different and not different[0][0].startswith(">>>") else None


def _passes(mutant: Mutant, judge: Callable[[Mutant], bool]) -> bool:
    """What a judge says in a process of its own; a mutant that hangs or dies is rejected."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        passes = False
        try:
            sys.meta_path.insert(0, _Finder(mutant))
            passes = judge(mutant)
        finally:
            os._exit(0 if passes else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _gate_passes(_: Mutant) -> bool:
    # Imported here, so that what they import is the changed source.
    from pruneproof.properties.gate.adapter.subject import Subject
    from pruneproof.properties.gate.catalogue import CATALOGUE
    from pruneproof.properties.gate.conventions.smoke import look_at
    from pruneproof.properties.gate.conventions.values import resolved
    from pruneproof.properties.gate.judge import judge
    from pruneproof.properties.gate.reference_adapter import Adapter

    subject = Subject(Adapter())
    look_at(subject)
    subject.conventions = resolved(subject)
    return not any(
        judge(prop, method, subject, "", "quick", shrink=False).verdict == "failed"
        for prop in CATALOGUE.values()
        for method in prop.methods
    )


def _tests_pass(mutant: Mutant) -> bool:
    import pytest

    # Now, since pytest would find the unchanged source.
    import pruneproof.reference  # noqa: F401

    # It would also warn that what it may want to rewrite is imported.
    quiet = ("-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
    paths = [str(FOLDER / f"tests/test_{name}.py") for name in mutant.tests]
    return pytest.main(["-x", "-q", *quiet, *paths]) == pytest.ExitCode.OK


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the changed source where the unchanged one would be found."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        dotted = mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self.name = f"pruneproof.reference.{dotted}"

    def find_spec(self, name: str, path: object = None, target: object = None):
        """The module's specification, for the one name."""
        if name != self.name:
            return None
        is_package = self.mutant.file.endswith("__init__.py")
        return importlib.machinery.ModuleSpec(name, self, is_package=is_package)

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed source."""
        exec(compile(self.mutant.source, self.mutant.file, "exec"), module.__dict__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
