"""`pruneproof prune`: prune a real checkpoint and measure what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def prune(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Hub id, folder or GGUF file.")],
    method: Annotated[str, typer.Option(help="A score, such as magnitude, wanda or ria.")],
    calibration: Annotated[
        str, typer.Option(metavar="SOURCE", help="c4, wikitext2, or a text or JSONL file.")
    ],
    evaluate: Annotated[
        str, typer.Option(metavar="SOURCE", help="What perplexity is measured on; the same kinds.")
    ],
    sparsity: Annotated[
        float | None, typer.Option(help="Fraction of the weights to prune, in [0, 1).")
    ] = None,
    n_m: Annotated[
        str | None, typer.Option(metavar="N:M", help="Keep N of every M consecutive inputs.")
    ] = None,
    group: Annotated[str, typer.Option(help="Compare weights within an output, or a layer.")] = (
        "output"
    ),
    alpha: Annotated[
        float | None,
        typer.Option(help="Power of the activation norm; the method's own if left out."),
    ] = None,
    refine: Annotated[
        str | None, typer.Option(help="Refine the mask by dsnot or r2_dsnot.")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Calibration sequences.")] = 128,
    seqlen: Annotated[int, typer.Option(min=2, help="Tokens in a sequence or window.")] = 2048,
    windows: Annotated[
        int | None, typer.Option(min=1, help="Evaluate on so many windows only.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the calibration's draws.")] = 0,
    dtype: Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")] = "auto",
    device: Annotated[str, typer.Option(help="cpu, cuda, …; auto places large models.")] = "cpu",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Save the pruned model; a run that is cut off goes on."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write prune.json into this folder.")
    ] = None,
) -> None:
    """Prune a checkpoint block by block and print its perplexity before and after.

    For example: pruneproof prune my-llama --method wanda --sparsity 0.5 --calibration c4
    --evaluate wikitext2 --out pruned
    """
    from pruneproof.integration.pruning.plan import Plan
    from pruneproof.integration.pruning.run import Data, run

    try:
        parameters: dict[str, Any] = {} if alpha is None else {"alpha": alpha}
        plan = Plan(method, sparsity, _pattern(n_m), group, parameters, refine)
        data = Data(calibration, evaluate, samples, seqlen, seed, windows)
        record = run(model, plan, data, dtype=dtype, device=device, out=out, report=report)
    except (ValueError, OSError) as error:
        typer.echo(f"pruneproof prune: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"dense perplexity   {record['dense_perplexity']:.3f}")
    typer.echo(f"pruned perplexity  {record['pruned_perplexity']:.3f}")
    zeros = record["achieved_sparsity"]
    typer.echo(f"zeros              {zeros['zeros']:,} of {zeros['weights']:,}", nl=False)
    typer.echo(f" ({100 * zeros['fraction']:.3f} %)")
    if out is not None:
        typer.echo(f"saved in           {out}")


def _pattern(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    n, colon, m = text.partition(":")
    if not (colon and n.isdecimal() and m.isdecimal()):
        raise ValueError(f"n-m must be two numbers with a colon, as 2:4, got {text}")
    return int(n), int(m)
