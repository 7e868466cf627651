"""`pruneproof inspect`: is this pruned checkpoint what it says it is?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pruneproof.cli.extra import check_extra

TEXT = "With a calibration"
CLAIMS, BESIDE, RESULT = "What is said of it", "What to compare it with", "What it leaves"
EXAMPLES = """
Examples:

  pruneproof inspect pruned

  pruneproof inspect pruned --n-m 2:4

  pruneproof inspect pruned --dense my-llama --method wanda --sparsity 0.5 --group output

  pruneproof inspect pruned --sparsity 0.5 --skip '0.*' --skip '*.down_proj' --report report

  pruneproof inspect merged.gguf --mask-of pruned

  pruneproof inspect pruned --dense my-llama --calibration c4 --calibration my.txt --seqlen 512
"""


def _in(panel: str, help_: str, **more: Any) -> Any:
    return typer.Option(help=help_, rich_help_panel=panel, **more)


def inspect(
    context: typer.Context,
    checkpoint: Annotated[
        str,
        typer.Argument(metavar="CHECKPOINT", help="Hub id, folder of safetensors, or GGUF file."),
    ],
    dense: Annotated[
        str | None,
        _in(BESIDE, "The model that it was pruned from, of the same kinds.", metavar="DENSE"),
    ] = None,
    mask_of: Annotated[
        str | None,
        _in(
            BESIDE,
            "An earlier checkpoint whose zeros should still be there: before it was quantised, "
            "fine-tuned, merged or converted.",
            metavar="EARLIER",
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        _in(CLAIMS, "The score that its mask comes from; needs --dense to be judged.", metavar="M"),
    ] = None,
    claims: Annotated[
        Path | None,
        _in(
            CLAIMS,
            "A TOML file with method, sparsity, n_m, group and skip instead of the options.",
            metavar="FILE",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    sparsity: Annotated[
        float | None,
        _in(
            CLAIMS,
            "Share of each layer's weights that is 0; where only the mean of all layers is S, as "
            "global pruning leaves it, this is not decided, and contradicted with --group.",
            metavar="S",
        ),
    ] = None,
    n_m: Annotated[
        str | None,
        _in(CLAIMS, "n of every m consecutive inputs survive, as 2:4.", metavar="N:M"),
    ] = None,
    group: Annotated[
        str | None,
        _in(CLAIMS, "Which weights were compared: output or layer.", metavar="GROUP"),
    ] = None,
    skip: Annotated[
        list[str] | None,
        _in(
            CLAIMS,
            "Layers that were left alone on purpose, such as '*.down_proj' or '0.*'; may be given "
            "several times.",
            metavar="PATTERN",
        ),
    ] = None,
    calibration: Annotated[
        list[str] | None,
        _in(
            TEXT,
            "Which score that looks at activations comes nearest on this text: c4, wikitext2, or "
            "a text or JSONL file; may be given several times, and needs --dense.",
            metavar="SOURCE",
        ),
    ] = None,
    samples: Annotated[int, _in(TEXT, "Calibration sequences of each source.", min=2)] = 128,
    seqlen: Annotated[int, _in(TEXT, "Tokens in a sequence.", min=2)] = 2048,
    seed: Annotated[int, _in(TEXT, "Of the calibration's draws.", min=0)] = 0,
    pack: Annotated[
        bool,
        _in(TEXT, "Join calibration documents and cut them, so that short ones are used."),
    ] = False,
    report: Annotated[
        Path | None,
        _in(
            RESULT,
            "Write inspect.json, report.html, summary.md, junit.xml, badge.json and card.md into "
            "this folder.",
            metavar="DIR",
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Look at a pruned checkpoint, and say whether it is what it is said to be."""
    check_extra("inspect")
    from pruneproof.integration.inspection.calibration_texts import CalibrationTexts
    from pruneproof.integration.inspection.claimed import Claimed, pattern_of, read_claims
    from pruneproof.integration.inspection.command import run

    texts = None
    of_texts = ("samples", "seqlen", "seed", "pack")
    sources = {each: context.get_parameter_source(each) for each in of_texts}
    given = [name for name, source in sources.items() if source and source.name != "DEFAULT"]
    if given and not calibration:
        raise ValueError(
            f"calibration: {given[0]} needs a calibration text; name one, or leave it out"
        )
    if calibration:
        texts = CalibrationTexts(tuple(calibration), samples, seqlen, seed, pack)
    if claims is not None:
        if method or skip or group or n_m or sparsity is not None:
            raise ValueError("claims: give either a file or the options, not both")
        claimed = read_claims(claims)
    else:
        pattern = None if n_m is None else pattern_of(n_m)
        claimed = Claimed(tuple(method or ()), sparsity, pattern, group, tuple(skip or ()))
    raise typer.Exit(
        run(checkpoint, claimed, dense=dense, earlier=mask_of, texts=texts, report=report)
    )
