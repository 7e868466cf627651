"""`pruneproof doctor`: is this the model and the text that published numbers are about?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pruneproof.cli.extra import check_extra


def doctor(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Hub id, folder or GGUF file.")],
    evaluate: Annotated[
        str, typer.Option(metavar="SOURCE", help="wikitext2, c4, or a text or JSONL file.")
    ] = "wikitext2",
    seqlen: Annotated[int, typer.Option(min=2, help="Tokens in a window.")] = 2048,
    dtype: Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")] = "auto",
    device: Annotated[str, typer.Option(help="cpu, cuda, …; auto places large models.")] = "cpu",
    windows: Annotated[
        int | None, typer.Option(min=1, help="Measure perplexity on so many windows only.")
    ] = None,
    data_only: Annotated[
        bool, typer.Option("--data-only", help="Leave the perplexity out.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Write doctor.json into this folder."),
    ] = None,
) -> None:
    """Check a checkpoint and its evaluation text before anything is pruned.

    Looks at split, windows, context length, BOS, structure, dtype, zeros and dense perplexity, and
    says of what is off what likely caused it. Exits with 0 when all is healthy or nothing is
    published to compare with, with 1 when something is off, with 2 when the call is wrong.
    """
    check_extra("doctor")
    from pruneproof.reporting.printable import printable

    # torch alone takes longer to import than anybody should wait for a sign of life.
    typer.echo(printable(f"looking at {model} …"), err=True)
    from pruneproof.integration.doctor.finding import Verdict
    from pruneproof.integration.doctor.run import run

    found = run(
        model,
        evaluate=evaluate,
        seqlen=seqlen,
        dtype=dtype,
        device=device,
        windows=windows,
        data_only=data_only,
        report=report,
    )
    raise typer.Exit(int(found.verdict is Verdict.OFF))
