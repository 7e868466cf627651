"""`pruneproof gate`: does this implementation compute what the theory says?"""

import signal
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

EXAMPLES = """
Examples:

  pruneproof gate my_adapter.py

  pruneproof gate my_library.testing:WandaAdapter --profile quick

  pruneproof gate my_adapter.py --known-failures known.toml --report report

  pruneproof gate my_adapter.py --timeout 10

  pruneproof gate my_adapter.py --in-process     (stops at a breakpoint())

  pruneproof gate --command "node adapter.js"
"""


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


class Profile(StrEnum):
    """How many examples of each property are tried."""

    quick = "quick"
    standard = "standard"
    exhaustive = "exhaustive"


def gate(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET",
            help="The adapter: package.module:Name or path/to/file.py:Name. "
            "Name is Adapter where it is left out.",
        ),
    ] = None,
    known_failures: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="TOML file of the failures that are known: a table such as "
            '["score.value:wanda"] with a reason and a link. One that passes fails the gate.',
        ),
    ] = None,
    profile: Annotated[
        Profile, typer.Option(help="How many examples of each property are tried.")
    ] = Profile.standard,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Also write report.json, report.html, junit.xml, summary.md and badge.json "
            "into this folder.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Try other examples; without it, always the same ones."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="For one call of the adapter.")
    ] = 30.0,
    isolate: Annotated[
        bool,
        typer.Option(
            "--isolate/--in-process",
            help="Run the adapter in a process of its own, so that one that crashes, hangs or "
            "leaves is reported; or in the gate's, for a debugger.",
        ),
    ] = True,
    command: Annotated[
        str | None,
        typer.Option(
            metavar="CMD",
            help="In place of TARGET: a program, in any language, that answers in JSON lines on "
            "stdin and stdout.",
        ),
    ] = None,
) -> None:
    """Judge an implementation of pruning by the theory.

    An adapter says how to ask it. It is any Python object with some of these
    methods; docs/gate.md describes them. The smallest one, in my_adapter.py:

    \b
        class Adapter:
            name = "my-library"
            def score(self, method, weight, inputs=None, outputs=None, **parameters):
                if method != "magnitude":
                    raise NotImplementedError
                return weight.abs()

    The others are keep_mask, activation_statistics and refine. What an adapter
    does not do is reported as unsupported, never as passed.

    Exits with 0 when every MUST that the adapter supports holds,
    with 1 when some MUST fails or a known failure passes,
    with 2 when the adapter is broken or the call is wrong.
    """
    if (target is None) == (command is None):
        raise typer.BadParameter("give either TARGET or --command", param_hint="TARGET")
    try:
        from pruneproof.properties.gate.adapter.process import worker

        # As Ctrl-C does, so that the adapter's process is ended with this one.
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, _interrupt)
        # Python and torch start there while they do here; the adapter is not imported before it
        # is asked for.
        process = worker(target) if isolate and target is not None else None
        from pruneproof.properties.gate.command import judge_and_report
    except ModuleNotFoundError as error:
        if error.name not in ("hypothesis", "psutil"):
            raise
        typer.echo("error: the gate needs more: pip install 'pruneproof[gate]'", err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(
        judge_and_report(
            target,
            command=command,
            in_process=not isolate,
            process=process,
            timeout=timeout,
            profile=profile.value,
            seed=seed,
            known_failures=known_failures,
            report=report,
        )
    )
