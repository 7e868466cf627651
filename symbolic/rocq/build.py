"""Have Rocq check every file, every theorem's assumptions, and the compiled files once more.

Everything is built in a folder that the caller gives; nothing is written beside the sources.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path

from pruneproof.symbolic.rocq.manifest import theorems
from pruneproof.symbolic.rocq.record import Record
from pruneproof.symbolic.rocq.sources import (
    THEORIES,
    declared,
    forbidden_words,
    sources,
    sources_hash,
)
from pruneproof.symbolic.rocq.tools import coq_version, mathcomp_version

LIBRARY = "pruneproof"
OPTIONS = ("-q", "-R", ".", LIBRARY, "-w", "-notation-overridden,-ambiguous-paths")
CLOSED = "Closed under the global context"


class BuildError(Exception):
    """Something is not proved; the message says what."""


def quiet(message: str) -> None:
    """Say nothing."""


def check_texts(claimed: Iterable[str] = (), folder: Path = THEORIES) -> None:
    """What can be checked without Rocq.

    Args:
        claimed: theorem names that something else, such as a claim, refers to.
        folder: holds the .v files.

    Raises:
        BuildError: a file says what none may, or the manifest, the files and `claimed` do not
            agree on which theorems there are.
    """
    wrong = [
        f"{path.name} says {', '.join(words)}"
        for path in sources(folder)
        if (words := forbidden_words(path.read_text("utf-8")))
    ]
    stated = {name: path.stem for name, path in declared("Theorem", folder).items()}
    listed = {theorem.name: theorem.file for theorem in theorems()}
    for name in sorted(stated.keys() | listed.keys()):
        if stated.get(name) != listed.get(name):
            wrong.append(
                f"{name}: theories/ has it in {stated.get(name)}, theorems.toml in "
                f"{listed.get(name)}"
            )
    wrong += [f"{name} is claimed, but no theorem" for name in sorted({*claimed} - {*listed})]
    if wrong:
        raise BuildError("\n".join(wrong))


def build(
    scratch: Path, folder: Path = THEORIES, jobs: int = 2, say: Callable[[str], None] = quiet
) -> Record:
    """Check everything.

    Args:
        scratch: an empty folder; the compiled files are left there.
        folder: holds the .v files.
        jobs: how many files to compile at a time.
        say: is told what has been done.

    Returns:
        The record of a build in which every theorem holds without assumptions.

    Raises:
        BuildError: a file does not compile, a theorem rests on an axiom, or coqchk refuses.
    """
    start = time.perf_counter()
    seconds = compile_files(folder, scratch, jobs, say)
    names = {name: path.stem for name, path in declared("Theorem", folder).items()}
    check_assumptions(names, scratch)
    say(f"{len(names)} theorems are {CLOSED[0].lower()}{CLOSED[1:]}")
    check_compiled([path.stem for path in sources(folder)], scratch)
    say(f"coqchk accepts the {len(seconds)} compiled files")
    return Record(
        sources=sources_hash(folder),
        coq=coq_version(),
        mathcomp=mathcomp_version(),
        theorems=dict.fromkeys(names, True),
        seconds={**seconds, "everything": round(time.perf_counter() - start, 1)},
    )


def run(command: list[str], folder: Path) -> str:
    """Run a command in `folder`; its standard output.

    Raises:
        BuildError: it fails, with what it printed.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


def compile_files(
    folder: Path, scratch: Path, jobs: int = 2, say: Callable[[str], None] = quiet
) -> dict[str, float]:
    """Copy the sources to `scratch` and compile them there; the seconds that each took.

    Raises:
        BuildError: a file does not compile.
    """
    for path in sources(folder):
        shutil.copy(path, scratch)
    order = TopologicalSorter(imports(folder, scratch))
    order.prepare()
    seconds: dict[str, float] = {}

    def compile_file(module: str) -> tuple[str, float]:
        start = time.perf_counter()
        run(["coqc", *OPTIONS, f"{module}.v"], scratch)
        return module, round(time.perf_counter() - start, 1)

    with ThreadPoolExecutor(jobs) as pool:
        running = set()
        while order.is_active():
            running |= {pool.submit(compile_file, module) for module in order.get_ready()}
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for job in finished:
                module, spent = job.result()
                seconds[module] = spent
                say(f"{module} ({spent} s)")
                order.done(module)
    return seconds


def imports(folder: Path, scratch: Path) -> dict[str, set[str]]:
    """Each module with those of the library that it requires, as coqdep sees them."""
    names = [path.name for path in sources(folder)]
    lines = run(["coqdep", "-R", ".", LIBRARY, *names], scratch).splitlines()
    compiled = [line.split(":", 1) for line in lines if line.split(":")[0].find(".vo ") > 0]
    return {
        Path(targets.split()[0]).stem: set(re.findall(r"(?<![\w/.])(?:\./)?(\w+)\.vo\b", needs))
        for targets, needs in compiled
    }


def check_assumptions(modules: dict[str, str], scratch: Path) -> None:
    """Make sure that no theorem rests on an axiom.

    The theorems are first asked about together, which visits what they share once, and one by
    one only to say which of them it is.

    Args:
        modules: each theorem with the module that proves it.
        scratch: holds the compiled modules.

    Raises:
        BuildError: naming the theorems that do, with their axioms.
    """
    names = [f"@{LIBRARY}.{module}.{name}" for name, module in modules.items()]
    together = f"Definition everything := ({', '.join(names)}).\nPrint Assumptions everything."
    if ask(together, modules, scratch) == CLOSED:
        return
    answers = {name: ask(f"Print Assumptions {name[1:]}.", modules, scratch) for name in names}
    raise BuildError(
        "\n".join(f"{name[1:]}: {answer}" for name, answer in answers.items() if answer != CLOSED)
    )


def check_compiled(modules: list[str], scratch: Path) -> None:
    """Have Rocq's separate checker go through the compiled files again, mathcomp's excepted.

    Raises:
        BuildError: it refuses one.
    """
    ours = [word for module in modules for word in ("-norec", f"{LIBRARY}.{module}")]
    run(["coqchk", "-silent", "-R", ".", LIBRARY, *ours], scratch)


def ask(question: str, modules: dict[str, str], scratch: Path) -> str:
    """What Rocq prints for `question` when all modules are loaded, but not imported."""
    needed = " ".join(sorted(set(modules.values())))
    (scratch / "question.v").write_text(
        f"From {LIBRARY} Require {needed}.\n{question}\n", encoding="utf-8"
    )
    return run(["coqc", *OPTIONS, "question.v"], scratch).strip()
