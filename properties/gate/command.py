"""What `pruneproof gate` does: every error of the call or the adapter becomes a message and a 2."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

from pruneproof.properties.gate import run as gate
from pruneproof.properties.gate.adapter.process import Process
from pruneproof.properties.gate.adapter.subject import AdapterError, Subject
from pruneproof.properties.gate.adapter.target import TargetError, load_adapter
from pruneproof.properties.gate.adapter.transport import (
    START_SECONDS,
    RemoteAdapter,
    by_command,
    isolated,
    printed,
)
from pruneproof.properties.gate.adapter.watchdog import described, staying, watched
from pruneproof.properties.gate.known_failures import (
    KnownFailure,
    KnownFailuresError,
    read_known_failures,
)
from pruneproof.properties.gate.report.terminal import progress_bar, show
from pruneproof.properties.gate.report.write import FILES, LAST, write
from pruneproof.properties.gate.snippets.program import PREFIX
from pruneproof.reporting.files import prepare
from pruneproof.reporting.printable import LAYOUT, printable

TIMEOUT = 30.0
"""Seconds for one call, unless told otherwise. The largest layers take milliseconds."""


def judge_and_report(
    target: str | None,
    *,
    command: str | None = None,
    in_process: bool = False,
    process: Process | None = None,
    timeout: float = TIMEOUT,
    profile: str = "standard",
    seed: int | None = None,
    known_failures: Path | None = None,
    report: Path | None = None,
) -> int:
    """Run the gate, print what it finds, write the report, and return the exit code.

    Args:
        target: where the adapter is, or None with a command.
        command: a program that speaks the gate's protocol, in place of a target.
        in_process: whether the adapter runs in this process, for a debugger.
        process: that was started for this target, see `worker`.
        timeout: seconds for one call of the adapter.
        profile: `quick`, `standard` or `exhaustive`.
        seed: of the examples; None for the same ones every time.
        known_failures: a TOML file.
        report: folder of the report.
    """
    try:
        # Before the adapter's code runs, which may change the current directory.
        folder = None if report is None else prepare(report, FILES)
        known = known_of(known_failures)
        with opened(target, command, in_process, timeout, process) as subject:
            where = target or f"{PREFIX}{command}"
            found = _found(subject, where, profile, seed, known)
        if folder is not None:
            write(found, folder)
        # Nobody may read it to its end.
        with suppress(BrokenPipeError, SystemExit):
            show(found, Console())
            if report is not None:
                files = f"{report / 'report.html'}, {report / LAST}"
                print(printable(f"report: {files} and others", LAYOUT), flush=True)
        return found.exit_code
    except (TargetError, KnownFailuresError, AdapterError, OSError) as error:
        print(printable(f"error: {error}", LAYOUT), file=sys.stderr)
    except KeyboardInterrupt:
        print("error: interrupted; nothing was decided", file=sys.stderr)
        raise
    except BaseException:
        traceback.print_exc()
        print("error: nothing was decided; this may be a fault of pruneproof", file=sys.stderr)
    return gate.BROKEN


def known_of(path: Path | None) -> list[KnownFailure]:
    """The entries of a file, where there is one."""
    return [] if path is None else read_known_failures(path, gate.CATALOGUE)


@contextmanager
def opened(
    target: str | None,
    command: str | None,
    in_process: bool,
    timeout: float,
    process: Process | None = None,
) -> Iterator[Subject]:
    """The adapter, in a process of its own that ends with the block, or in this one."""
    if command is None and in_process:
        yield _in_this_process(str(target), timeout)
        return
    adapter = (
        by_command(command, timeout)
        if command is not None
        else isolated(str(target), timeout, process)
    )
    with adapter:
        # Its transport has the timeout, and goes on after it.
        yield Subject(adapter)


def _in_this_process(target: str, timeout: float) -> Subject:
    with watched("load_adapter", (target,), {}, max(START_SECONDS, timeout)), staying():
        subject = Subject(load_adapter(target), timeout=timeout)
        try:
            _ = subject.name, subject.version
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            text = f"{target}: name and version raise {type(error).__name__}: {error}"
            raise TargetError(text) from error
    return subject


def _found(
    subject: Subject, where: str, profile: str, seed: int | None, known: list[KnownFailure]
) -> gate.Report:
    with progress_bar() as progress:
        try:
            return gate.run(subject, where, profile, seed, known, progress)
        except AdapterError as error:
            raise AdapterError(f"{error}{_where(subject, error)}") from error


def _where(subject: Subject, error: AdapterError) -> str:
    """The call after which an adapter's answer could not be judged, and where it raised."""
    if not subject.calls:
        return ""
    call = subject.calls[-1]
    text = f"\n  in {described(call.function, call.arguments, call.named)}"
    cause = error.__cause__
    if cause is None:
        return text
    if isinstance(subject.adapter, RemoteAdapter):
        frames = "".join(getattr(cause, "__notes__", ()))
    else:
        # The first line is the gate's own call.
        frames = "".join(traceback.format_list(traceback.extract_tb(cause.__traceback__)[1:]))
    return f"{text}\n{frames}".rstrip() + printed(call.output)
