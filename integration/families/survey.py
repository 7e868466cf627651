"""All families, each in a process of its own, and a file of what came of them that goes on."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
import warnings
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pruneproof.reporting.files import write_whole

SECONDS = 600
"""A family that takes longer is a defect: most take a few on a machine that does nothing else."""


def survey(path: Path, wanted: Iterable[str], *, again: bool = False) -> dict[str, Any]:
    """Judge families that the file does not hold yet; each is written when it is done.

    Args:
        path: a JSON file, made where there is none.
        wanted: keys of `small_model.families`.
        again: judge those that it holds anew.

    Returns:
        What the file holds: `transformers`, its version, and `families`, an outcome by name.

    Raises:
        ValueError: a file of another version of transformers.
    """
    import transformers

    held = read(path) if path.exists() else None
    if held is not None and held["transformers"] != transformers.__version__:
        raise ValueError(
            f"results: {path} is of transformers {held['transformers']}, got "
            f"{transformers.__version__}; name another file"
        )
    held = held or {"transformers": transformers.__version__, "families": {}}
    for name in wanted:
        if again or name not in held["families"]:
            outcome = apart(name)
            print(f"{name}: {outcome['verdict']}, {outcome['seconds']} s", flush=True)
            for defect in outcome["defects"]:
                print(f"    {defect}", flush=True)
            held["families"][name] = outcome
            write(path, held)
    return held


def apart(name: str, seconds: float = SECONDS) -> dict[str, Any]:
    """Judge a family in a process of its own: one that crashes or hangs stops no other."""
    # Forked, since importing torch and transformers anew would take longer than most families.
    import pruneproof.integration.families.judge  # noqa: F401

    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(name, there))
    start = time.perf_counter()
    with warnings.catch_warnings():
        # That the parent has threads, which wait for work that a child gives to its own.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    there.close()
    try:
        outcome = here.recv() if here.poll(seconds) else f"took more than {seconds:.0f} s"
    except EOFError:
        process.join()
        outcome = f"its process ended with {process.exitcode}"
    if isinstance(outcome, str):
        process.kill()
        outcome = _broken(name, outcome) | {"seconds": round(time.perf_counter() - start, 1)}
    process.join()
    return outcome


def read(path: Path) -> dict[str, Any]:
    """What a file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, held: dict[str, Any]) -> None:
    """Write a file anew, families in the order of their names."""
    ordered = dict(sorted(held["families"].items()))
    write_whole(path, json.dumps({**held, "families": ordered}, indent=1) + "\n")


def _broken(name: str, why: str) -> dict[str, Any]:
    from pruneproof.integration.families.judge import Outcome
    from pruneproof.integration.families.small_model import families

    return Outcome(name, families()[name], defects=[why]).record()


def _child(name: str, there: Connection) -> None:
    import torch
    import transformers

    from pruneproof.integration.families.judge import judge

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    try:
        with TemporaryDirectory() as folder:
            outcome = judge(name, Path(folder)).record()
    # A mistake of the judge's own is one family's, too.
    except Exception as error:
        outcome = _broken(name, f"the judge failed: {type(error).__name__}: {error}"[:400])
    there.send(outcome)
    there.close()
    # Without the atexit handlers of the parent's.
    os._exit(0)
