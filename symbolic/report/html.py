"""The ledger as one HTML page that needs nothing else: formulas are MathML."""

from __future__ import annotations

import os
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markupsafe import Markup, escape

from pruneproof.reporting.html import environment
from pruneproof.symbolic.ledger import Entry
from pruneproof.symbolic.report.terminal import FORMS, describe

VERDICTS = {
    "proved": "proved",
    "proved_under": "proved under",
    "refuted": "refuted",
    "open": "open",
}

PRIME = re.compile("<msup>(<mi>[^<]+</mi>)<mi>&#x02032;</mi></msup>")
"""A prime as a superscript, which is too small to see where the letter is an index."""

BAR = '<mo stretchy="false" lspace="0" rspace="0">&#x02016;</mo>'
"""The bar of a norm, which would grow to the height of the next fraction."""


def page(entries: list[Entry], folder: Path) -> str:
    """The page; links to code are relative to the folder that it will lie in."""
    pages = environment("pruneproof.symbolic.report")
    pages.filters["math"] = math
    pages.filters["prose"] = prose
    pages.filters["describe"] = describe
    return pages.get_template("theory.html").render(
        groups=_by_module(entries),
        counts=Counter(entry.verdict for entry in entries),
        verdicts=VERDICTS,
        forms=FORMS,
        links={entry.id: _links(entry, folder) for entry in entries},
        total=len(entries),
        by_form=Counter(entry.form for entry in entries),
        repairs={
            entry.id: [other for other in entries if entry.id in other.repairs] for entry in entries
        },
    )


def math(latex: str, display: str = "block") -> Markup:
    """LaTeX as MathML. The converter escapes what the formula holds."""
    primed = PRIME.sub(
        r'<mrow>\1<mo form="postfix" lspace="0" rspace="0">&#x02032;</mo></mrow>',
        convert(latex, display=display),
    )
    return Markup(primed.replace("<mo>&#x02016;</mo>", BAR))


def prose(text: str) -> Markup:
    """Text with formulas between dollar signs."""
    parts = text.split("$")
    return Markup("").join(
        math(part, "inline") if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def _by_module(entries: list[Entry]) -> list[tuple[str, list[Entry]]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.module.replace("_", " "), []).append(entry)
    return list(groups.items())


def _links(entry: Entry, folder: Path) -> list[dict[str, Any]]:
    """Where the claim and the code that computes it stand."""
    modules = [f"pruneproof.symbolic.claims.{entry.module}", *filter(None, [entry.code])]
    return [
        {"name": name, "href": os.path.relpath(source, folder)}
        for name in modules
        if (source := _source(name)) is not None
    ]


def _source(dotted: str) -> Path | None:
    """The file of a module, or of the function it is named for, without importing it."""
    room, *rest = dotted.removeprefix("pruneproof.").split(".")
    spec = find_spec(f"pruneproof.{room}")
    if spec is None or not spec.submodule_search_locations:
        return None
    base = Path(spec.submodule_search_locations[0])
    for end in range(len(rest), 0, -1):
        candidate = base.joinpath(*rest[:end]).with_suffix(".py")
        if candidate.exists():
            return candidate
    return None
