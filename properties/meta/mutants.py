"""Change the reference's own source in one place, and see whether the gate notices.

`python -m pruneproof.properties.meta.mutants [PART …]` runs every mutant of the files whose path
holds one of the parts, and fails when one survives that `survivors.toml` does not explain. The
mutations are cosmic-ray's. Each mutant is judged in a forked process of its own.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import signal
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

# Imported before the forks, so that each of them need not.
import flint
import hypothesis
import torch
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from rich.progress import track

FOLDER = Path(__file__).parents[2] / "reference"
SURVIVORS = Path(__file__).with_name("survivors.toml")
FILES = ("scores/*.py", "norms.py", "masks.py", "selection.py", "statistics.py", "refinements/*.py")
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
SECONDS = 120
KILLED = 17
PRELOADED = (flint, hypothesis, torch)


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        file: below `reference/`.
        before: the line.
        after: the line as changed.
        source: of the whole changed file.
    """

    file: str
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        """How `survivors.toml` names it."""
        return f"{self.file}: {self.before} -> {self.after}"


def mutants(file: str) -> Iterator[Mutant]:
    """All changes of a file."""
    code = (FOLDER / file).read_text(encoding="utf-8")
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        occurrence = 0
        while (changed := mutate_code(code, operator, occurrence)) is not None:
            occurrence += 1
            pair = _changed_line(code, changed)
            if pair is not None:
                yield Mutant(file, *pair, changed)


def survives(mutant: Mutant) -> bool:
    """Whether the gate passes the reference with this change."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        code = KILLED
        try:
            code = _judged_with(mutant)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def main(parts: list[str]) -> int:
    """Run all mutants; see the module."""
    torch.set_num_threads(1)
    files = [str(path.relative_to(FOLDER)) for glob in FILES for path in sorted(FOLDER.glob(glob))]
    chosen = [file for file in files if not parts or any(part in file for part in parts)]
    every = {mutant.key: mutant for file in chosen for mutant in mutants(file)}
    explained = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")) if SURVIVORS.exists() else {}
    alive = [each.key for each in track(every.values(), "judging mutants") if survives(each)]
    unexplained = [key for key in alive if key not in explained]
    killed_after_all = [key for key in explained if key in every and key not in alive]
    print(
        f"{len(every)} mutants of {len(chosen)} files: {len(every) - len(alive)} rejected, ", end=""
    )
    print(f"{len(alive)} survive, {len(unexplained)} of them unexplained")
    for key in unexplained:
        print(f"survives: {key}")
    for key in killed_after_all:
        print(f"explained as a survivor, but rejected: {key}")
    return 1 if unexplained or killed_after_all else 0


def _changed_line(code: str, changed: str) -> tuple[str, str] | None:
    pairs = zip(code.splitlines(), changed.splitlines(), strict=False)
    different = [(old.strip(), new.strip()) for old, new in pairs if old != new]
    # A change within a docstring or of nothing is none.
    return different[0] if different and not different[0][0].startswith(">>>") else None


def _judged_with(mutant: Mutant) -> int:
    sys.meta_path.insert(0, _Finder(mutant))
    from pruneproof.properties.gate.catalogue import CATALOGUE
    from pruneproof.properties.gate.conventions import resolved
    from pruneproof.properties.gate.judge import judge
    from pruneproof.properties.gate.reference_adapter import Adapter
    from pruneproof.properties.gate.smoke import look_at
    from pruneproof.properties.gate.subject import Subject

    subject = Subject(Adapter())
    look_at(subject)
    subject.conventions = resolved(subject)
    for prop in CATALOGUE.values():
        for method in prop.methods:
            if judge(prop, method, subject, "", "quick", shrink=False).verdict == "failed":
                return KILLED
    return 0


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
