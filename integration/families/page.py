"""docs/families.md, from the results that are kept beside this file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from pruneproof.integration.families.survey import read

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "families.md"
HEAD = """\
# Families of decoders

What `pruneproof prune` does with a small random model of every family whose causal language model
transformers knows, and of some multimodal ones: six blocks, width 64, Wanda at 50 %, in memory and
with `--stream`. This page is generated from [the results](../integration/families/results/) by
`python -m pruneproof.integration.families page`, never by hand; `tox -e families` judges anew, on
two versions of transformers, and a new family enters by itself.

*Pruned* means all of this: the dry run and the run accept it; every matrix of every block that is
not named here has floor(0.5 · inputs) zeros an output, those that an independent computation gives,
which sees in whole forward passes, in double precision, what each weight is multiplied by, the
blocks before already pruned; near ties may go either way. All other weights are the dense model's
bit for bit; the saved files hold the same names, shapes and types as before; loaded again they give
the logits of the masked model; both perplexities are those of whole forward passes; streamed the
result is the same, bit for bit, where nothing else is said. *Refused* means: the dry run and the
run refuse with the same words before a weight is read.
"""


def page(results: Path = RESULTS) -> str:
    """The page in Markdown, of every file of results in a folder."""
    held = [read(path) for path in sorted(results.glob("transformers-*.json"), reverse=True)]
    lines = [HEAD]
    for each in held:
        lines += _version(each)
    return "\n".join(lines)


def _version(held: dict[str, Any]) -> list[str]:
    by: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for outcome in held["families"].values():
        by[outcome["verdict"]].append(outcome)
    counts = ", ".join(
        f"{len(by[each])} {each}"
        for each in ("pruned", "refused", "defect", "not built")
        if by[each]
    )
    lines = [f"## transformers {held['transformers']}", "", f"{counts}.", ""]
    if by["pruned"]:
        lines += [
            "### Pruned",
            "",
            "| family | class | matrices | what stays dense in the blocks |",
        ]
        lines += ["|---|---|---|---|", *map(_pruned, by["pruned"]), ""]
    if by["refused"]:
        lines += ["### Refused", "", "| family | class | message |", "|---|---|---|"]
        lines += [_row(each, _text(each["message"])) for each in by["refused"]] + [""]
    if by["defect"]:
        lines += ["### Defects", "", "| family | class | what is wrong |", "|---|---|---|"]
        lines += [_row(each, "; ".join(map(_text, each["defects"][:3]))) for each in by["defect"]]
        lines += [""]
    if by["not built"]:
        lines += ["### Not built", "", "What transformers says of a small model of the family:", ""]
        lines += ["| family | class | message |", "|---|---|---|"]
        lines += [_row(each, _text(each["message"])) for each in by["not built"]] + [""]
    return lines


def _pruned(outcome: dict[str, Any]) -> str:
    by: dict[str, list[str]] = defaultdict(list)
    for name, why in outcome["dense"].items():
        by[why].append(f"`{name}`")
    dense = "; ".join(f"{', '.join(names)}: {_text(why)}" for why, names in by.items())
    if outcome["streamed"] != "equal":
        dense += f"; streamed it is refused: {_text(outcome['streamed'])}"
    return _row(outcome, str(outcome["matrices"]), dense.removeprefix("; "))


def _row(outcome: dict[str, Any], *cells: str) -> str:
    return f"| {' | '.join((outcome['family'], outcome['model'], *cells))} |"


def _text(words: str) -> str:
    for sign in ("\\", "|", "*", "_", "<"):
        words = words.replace(sign, f"\\{sign}")
    return words[:300]
