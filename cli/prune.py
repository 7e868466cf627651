"""`pruneproof prune`: prune a real checkpoint and measure what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from pruneproof.cli.extra import check_extra

if TYPE_CHECKING:
    from pruneproof.integration.recipe.plan import Plan
    from pruneproof.integration.recipe.texts import Texts

AMOUNT, METHOD, REFINEMENT = "How much", "The method's parameters", "The refinement's parameters"
DATA, MACHINE, RESULT = "Calibration and evaluation", "Where it runs", "What it leaves"
EXAMPLES = """
Examples:

  pruneproof prune my-llama --method wanda --sparsity 0.5 --calibration c4 --evaluate wikitext2

  pruneproof prune my-llama --method ria --alpha 0.5 --n-m 2:4 --calibration c4
  --evaluate wikitext2 --out pruned

  pruneproof prune my-llama --method wanda --sparsity 0.6 --refine r2_dsnot --gamma-prune 1e-4
  --calibration c4 --evaluate wikitext2

  pruneproof prune my-llama --method lp --p 2 --strategy S3 --alpha 1 --sparsity 0.5
  --calibration my.jsonl --evaluate my.txt --seqlen 512

  pruneproof prune larger-than-memory --stream --method wanda --sparsity 0.5 --calibration c4
  --evaluate wikitext2 --out pruned --dry-run
"""


def _in(panel: str, help_: str | None = None, **more: Any) -> Any:
    return typer.Option(help=help_, rich_help_panel=panel, **more)


class WithMethods(TyperCommand):
    """`prune`, whose help tells of methods and their parameters what their records do."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Read the records, which need torch, only now."""
        check_extra("prune")
        from pruneproof.cli.of_methods import helps

        told = helps()
        for param in self.params:
            param.help = told.get(param.name, getattr(param, "help", None))
        super().format_help(ctx, formatter)


def prune(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Hub id, folder with safetensors, or GGUF file.")
    ],
    method: Annotated[str, _in(AMOUNT)],
    calibration: Annotated[
        str,
        _in(
            DATA,
            "What statistics are taken of: c4, wikitext2, or a text or JSONL file.",
            metavar="SOURCE",
        ),
    ],
    evaluate: Annotated[
        str, _in(DATA, "What perplexity is measured on; the same kinds.", metavar="SOURCE")
    ],
    sparsity: Annotated[
        float | None,
        _in(
            AMOUNT,
            "Fraction of the weights to prune, in [0, 1); with --sparsities, of the layers that "
            "no line matches.",
        ),
    ] = None,
    n_m: Annotated[
        str | None,
        _in(AMOUNT, "In place of --sparsity: keep N of every M consecutive inputs.", metavar="N:M"),
    ] = None,
    group: Annotated[
        str,
        _in(AMOUNT, "The weights that are compared: those into one output, or all of a layer."),
    ] = "output",
    sparsities: Annotated[
        Path | None,
        _in(
            AMOUNT,
            'Sparsities of layers or blocks: TOML or JSON, lines such as "0.*" = 0.3; the last '
            "that matches decides.",
            metavar="FILE",
        ),
    ] = None,
    skip: Annotated[
        list[str] | None,
        _in(
            AMOUNT,
            "Leave layers dense, such as '*.down_proj' or '0.*'; may be given several times.",
            metavar="PATTERN",
        ),
    ] = None,
    unreached: Annotated[
        str,
        _in(
            AMOUNT,
            "What becomes of an expert that no calibration token reached: error, magnitude or "
            "dense.",
        ),
    ] = "error",
    refine: Annotated[str | None, _in(AMOUNT)] = None,
    alpha: Annotated[float | None, _in(METHOD)] = None,
    p: Annotated[float | None, _in(METHOD)] = None,
    strategy: Annotated[str | None, _in(METHOD)] = None,
    ratio: Annotated[float | None, _in(METHOD)] = None,
    length_corrected: Annotated[bool | None, _in(METHOD)] = None,
    terms: Annotated[str | None, _in(METHOD)] = None,
    max_cycles: Annotated[int | None, _in(REFINEMENT)] = None,
    update_threshold: Annotated[float | None, _in(REFINEMENT)] = None,
    same_sign: Annotated[bool | None, _in(REFINEMENT)] = None,
    guard: Annotated[bool | None, _in(REFINEMENT)] = None,
    form: Annotated[str | None, _in(REFINEMENT)] = None,
    refine_p: Annotated[float | None, _in(REFINEMENT)] = None,
    refine_alpha: Annotated[float | None, _in(REFINEMENT)] = None,
    gamma_grow: Annotated[float | None, _in(REFINEMENT)] = None,
    gamma_prune: Annotated[float | None, _in(REFINEMENT)] = None,
    relative_grow: Annotated[bool | None, _in(REFINEMENT)] = None,
    relative_prune: Annotated[bool | None, _in(REFINEMENT)] = None,
    samples: Annotated[int, _in(DATA, "Calibration sequences.", min=1)] = 128,
    seqlen: Annotated[int, _in(DATA, "Tokens in a sequence or window.", min=2)] = 2048,
    pack: Annotated[
        bool,
        _in(DATA, "Join calibration documents and cut them, so that short ones are used."),
    ] = False,
    windows: Annotated[int | None, _in(DATA, "Evaluate on so many windows only.", min=1)] = None,
    seed: Annotated[
        int, _in(DATA, "Of the calibration's draws, and of stochria's samples.", min=0)
    ] = 0,
    dtype: Annotated[str, _in(MACHINE, "auto, float32, bfloat16 or float16.")] = "auto",
    device: Annotated[
        str, _in(MACHINE, "cpu, cuda, …; auto spreads the model over what there is.")
    ] = "cpu",
    stream: Annotated[
        bool,
        _in(MACHINE, "Load one block at a time, for a model larger than memory."),
    ] = False,
    verify: Annotated[
        bool,
        _in(
            MACHINE,
            "Know the model's weights by all of their bytes, not by some of each tensor, where a "
            "run that was cut off goes on.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check everything and say what will happen and what it takes; load no weight.",
            rich_help_panel=MACHINE,
        ),
    ] = False,
    zero_shot: Annotated[
        bool,
        _in(DATA, "Also measure accuracy on seven tasks, by lm-eval (extra `zeroshot`)."),
    ] = False,
    out: Annotated[
        Path | None,
        _in(RESULT, "Save the pruned model; a run that is cut off goes on.", metavar="DIR"),
    ] = None,
    report: Annotated[
        Path | None, _in(RESULT, "Write prune.json into this folder.", metavar="DIR")
    ] = None,
) -> None:
    """Prune a checkpoint block by block and print its perplexity before and after.

    Calibration text goes through the model; each block's linear layers are scored and pruned, and
    what the pruned block gives is what the next one sees. Embeddings and head stay as they are.

    A parameter that is left out has the method's own default.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    check_extra("prune")
    from pruneproof.cli.of_methods import of_refinement, of_score
    from pruneproof.integration.recipe.plan import Plan
    from pruneproof.integration.recipe.sparsities_file import read_sparsities
    from pruneproof.integration.recipe.texts import Texts

    options = {
        "dtype": dtype, "device": device, "stream": stream, "zero_shot": zero_shot, "out": out,
        "report": report, "verify": verify,
    }  # fmt: skip
    plan = Plan(
        method, sparsity, _pattern(n_m), group, of_score(method, given), refine,
        of_refinement(given), tuple(skip or ()),
        {} if sparsities is None else read_sparsities(sparsities), unreached,
    )  # fmt: skip
    texts = Texts(calibration, evaluate, samples, seqlen, seed, windows, pack)
    (_preview if dry_run else _run)(model, plan, texts, options)


def _preview(model: str, plan: Plan, texts: Texts, options: dict[str, Any]) -> None:
    from pruneproof.integration.bands.against_paper import expected
    from pruneproof.integration.pruning.preview import preview
    from pruneproof.integration.pruning.run_options import RunOptions

    for what, text in preview(model, plan, texts, RunOptions(**options), expected).items():
        _say(what, text)


def _run(model: str, plan: Plan, texts: Texts, options: dict[str, Any]) -> None:
    from pruneproof.integration.bands.against_paper import against_paper, in_sentences
    from pruneproof.integration.pruning.counted import dense_in_words
    from pruneproof.integration.pruning.run import run
    from pruneproof.integration.text.sources import origin

    record = run(model, plan, texts, **options, against_paper=against_paper)
    of_text = origin(record["calibration_documents"], record["calibration_separator"])
    _say("calibration", f"{record['samples']} sequences of {of_text}")
    _say("dense perplexity", f"{record['dense_perplexity']:.3f}")
    _say("pruned perplexity", f"{record['pruned_perplexity']:.3f}")
    zeros = record["achieved_sparsity"]
    whole = zeros["model"]
    _say(
        "zeros",
        f"{zeros['zeros']:,} of {zeros['weights']:,} ({100 * zeros['fraction']:.3f} %) in what was "
        f"pruned; {100 * whole['fraction']:.3f} % of the model's {whole['weights']:,}",
    )
    if dense := dense_in_words(record["left_dense"]):
        _say("stays dense", dense)
    if record["not_taken"]:
        _say("not taken", ", ".join(record["not_taken"]))
    if plan.skip or plan.sparsities:
        _say("mean sparsity", f"{record['mean_sparsity']:.4g} asked for, of what is not skipped")
    for task, accuracy in record.get("zero_shot", {}).items():
        _say(task, f"{100 * accuracy:.1f} %")
    for sentence in in_sentences(record["paper"]):
        _say("the paper", sentence)
    if options["out"] is not None:
        _say("saved in", options["out"])


def _say(what: str, text: object) -> None:
    from pruneproof.reporting.printable import printable

    typer.echo(printable(f"{what:18} {text}"))


def _pattern(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    n, colon, m = text.partition(":")
    if not (colon and n.isdecimal() and m.isdecimal()):
        raise ValueError(f"n-m must be two numbers with a colon, as 2:4, got {text}")
    return int(n), int(m)
