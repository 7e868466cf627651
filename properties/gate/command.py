"""What `pruneproof gate` does: every error of the call or the adapter becomes a message and a 2."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from pruneproof.properties.gate import run as gate
from pruneproof.properties.gate.command_snippet import PREFIX
from pruneproof.properties.gate.known_failures import (
    KnownFailure,
    KnownFailuresError,
    read_known_failures,
)
from pruneproof.properties.gate.report.terminal import progress_bar, show
from pruneproof.properties.gate.report.write import LAST, prepare, write
from pruneproof.properties.gate.subject import AdapterError, Subject
from pruneproof.properties.gate.target import TargetError, load_adapter
from pruneproof.properties.gate.watchdog import described

TIMEOUT = 30.0
"""Seconds for one call, unless told otherwise. The largest layers take milliseconds."""


def judge_and_report(
    target: str | None,
    *,
    command: str | None = None,
    isolate: bool = False,
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
        isolate: whether the adapter runs in a process of its own.
        timeout: seconds for one call of the adapter.
        profile: `quick`, `standard` or `exhaustive`.
        seed: of the examples; None for the same ones every time.
        known_failures: a TOML file.
        report: folder of the report.
    """
    try:
        if report is not None:
            prepare(report)
        known = known_of(known_failures)
        with opened(target, command, isolate=isolate, timeout=timeout) as subject:
            where = target or f"{PREFIX}{command}"
            found = _found(subject, where, profile, seed, known)
        show(found, Console())
        if report is not None:
            write(found, report)
            print(f"report: {report / 'report.html'}, {report / LAST} and others")
        return found.exit_code
    except (TargetError, KnownFailuresError, AdapterError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
    except SystemExit as error:
        print(f"error: the adapter ended the interpreter ({error!r})", file=sys.stderr)
    except Exception:
        traceback.print_exc()
        print("error: nothing was decided; this may be a fault of pruneproof", file=sys.stderr)
    return gate.BROKEN


def known_of(path: Path | None) -> list[KnownFailure]:
    """The entries of a file, where there is one."""
    return [] if path is None else read_known_failures(path, gate.CATALOGUE)


@contextmanager
def opened(
    target: str | None, command: str | None = None, *, isolate: bool, timeout: float
) -> Iterator[Subject]:
    """The adapter, in this process or in one of its own that ends with the block."""
    if command is None and not isolate:
        yield Subject(load_adapter(str(target)), timeout=timeout)
        return
    # Not needed by anybody else.
    from pruneproof.properties.gate.transport import by_command, isolated

    adapter: Any = (
        by_command(command, timeout) if command is not None else isolated(str(target), timeout)
    )
    try:
        # Its transport has the timeout, and goes on after it.
        yield Subject(adapter)
    finally:
        adapter.close()


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
    # The first line is the gate's own call.
    frames = traceback.format_list(traceback.extract_tb(cause.__traceback__)[1:])
    return f"{text}\n{''.join(frames)}".rstrip()
