"""Killed between any two file operations, a run goes on to the same result and leaves no rest.

A process that is killed leaves the files as they are and runs nothing more. So one run is watched,
and before each of its file operations, which Python announces to audit hooks, its folders are
copied: what a kill there would leave. What compiled code writes in one call is also cut in half.
"""

import json
import os
import shutil
import signal
import sys
from itertools import pairwise

import pytest
import torch
from typer.testing import CliRunner

from checkpoints import model_of
from pruneproof.cli.app import app
from pruneproof.integration.pruning import run
from pruneproof.integration.pruning.prepare import prepare

CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.link"}
MEASURED_ANEW = {"seconds", "pruning_seconds", "peak_memory_bytes"}


class Watched:
    """Calls a function before each file operation below a folder, while entered."""

    def __init__(self, folder, before):
        self.folder, self.before, self.busy = str(folder), before, True
        sys.addaudithook(self.hear)

    def __enter__(self):
        self.busy = False

    def __exit__(self, *_):
        self.busy = True

    def hear(self, event, arguments):
        if self.busy or not self.changes(event, arguments):
            return
        self.busy = True
        self.before()
        self.busy = False

    def changes(self, event, arguments):
        if event == "open":
            path, _, flags = arguments
            if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return False
        elif event not in CHANGES:
            return False
        path = os.fspath(arguments[0]) if not isinstance(arguments[0], int) else ""
        # Those that remove a folder name its entries beside a descriptor.
        return not os.path.isabs(path) or path.startswith(self.folder)


def tree(folder):
    """The files below a folder with their bytes, and the folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def write(found, folder):
    """What `tree` has read."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in found.items():
        if content is None:
            (folder / name).mkdir(parents=True)
        else:
            (folder / name).write_bytes(content)


def halves(before, after):
    """What a cut within one write would leave: half of each file whose content is new."""
    for name, content in after.items():
        if content and content not in before.values():
            yield after | {name: content[: len(content) // 2]}


def lasting(found):
    """What `tree` has read, without what each run measures anew."""
    return {
        name: {key: each for key, each in json.loads(content).items() if key not in MEASURED_ANEW}
        if name.endswith("prune.json")
        else content
        for name, content in found.items()
    }


@pytest.fixture
def prune(tmp_path, save_checkpoint, text, monkeypatch):
    """Prunes a model of six blocks into a folder of its own."""
    folder, place, prepared = save_checkpoint(model_of("llama")), tmp_path / "place", []
    place.mkdir()

    def prepare_once(name, plan, data, where):
        # As prepare does; the rest of it depends on no file here, and takes half of the time.
        where.check()
        if not prepared:
            prepared.append(prepare(name, plan, data, where))
        return prepared[0]

    def go(*more):
        return CliRunner().invoke(
            app,
            ["prune", str(folder), "--method", "magnitude", "--sparsity", "0.5", "--samples", "1",
             "--calibration", text, "--evaluate", text, "--windows", "1", "--seqlen", "4",
             "--out", str(place / "out"), "--report", str(place / "report"), *more],
        )  # fmt: skip

    monkeypatch.setattr(run, "prepare", prepare_once)
    go.place = place
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield go
    torch.set_num_threads(threads)


def watch(prune, more=()):
    """What a kill before each file operation of a run leaves, and what lies there at the end."""
    # Prepared once, which writes elsewhere what is no part of the result.
    prune(*more)
    write({}, prune.place)
    states = []
    with Watched(prune.place, lambda: states.append(tree(prune.place))):
        result = prune(*more)
    assert result.exit_code == 0, result.output
    return states, tree(prune.place)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param((), id="memory"),
        # Half a minute, for the same folders and more files.
        pytest.param(("--stream",), id="stream", marks=pytest.mark.long),
    ],
)
def test_a_run_that_is_killed_anywhere_goes_on_to_the_same_result(prune, more):
    states, whole = watch(prune, more)
    assert {name.partition("/")[0] for name in whole} == {"out", "report"}
    assert len(states) > len(whole), "each file takes an operation, and most take two"
    torn = [each for pair in pairwise([*states, whole]) for each in halves(*pair)]
    left = {frozenset(each.items()): each for each in (*states, *torn)}
    for state in left.values():
        write(state, prune.place)
        result = prune(*more)
        assert result.exit_code == 0, (sorted(state), result.output)
        assert lasting(tree(prune.place)) == lasting(whole), sorted(state)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_is_copied_is_what_a_kill_leaves(prune):
    states, _ = watch(prune)
    number = len(states) // 2
    write({}, prune.place)
    if not (child := os.fork()):
        try:
            before = [lambda: os.kill(os.getpid(), signal.SIGKILL), *[lambda: None] * number]
            with Watched(prune.place, lambda: before.pop()()):
                prune()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert tree(prune.place) == states[number]
