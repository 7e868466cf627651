"""Wikipedia prose in two parts that share no paragraph: to calibrate with, and to evaluate on."""

from __future__ import annotations

from pathlib import Path

from pruneproof.integration.cache import build_once
from pruneproof.integration.text.wikipedia import fetch_wikipedia_text

CALIBRATION, EVALUATION = "wikipedia-2016/calibration", "wikipedia-2016/evaluation"
CALIBRATION_SHARE = 0.6
LONG_ARTICLE = 100_000
PLACES = 20
"""From how many places of its part the evaluation text is taken: from many articles, not one."""
PLACE_LENGTH = 2_300


def held_out_prose() -> dict[str, str]:
    """The files of both parts, by their names in experiments; fetched and cut the first time.

    Raises:
        OSError: see `fetch_wikipedia_text`.
        ValueError: see `fetch_wikipedia_text`.
    """
    folder = build_once("wikipedia-2016-held-out", _cut)
    return {name: str(folder / f"{Path(name).name}.txt") for name in (CALIBRATION, EVALUATION)}


def split(text: str) -> tuple[str, str]:
    """The first 60 % of the paragraphs, and samples of the rest: whole paragraphs from 20 places.

    Between the two parts as much is left out as a long article takes, lest one lies in both.
    """
    border = int(len(text) * CALIBRATION_SHARE)
    last = text.rindex("\n", 0, border) + 1
    rest = text[border + LONG_ARTICLE :]
    step = len(rest) // PLACES
    return text[:last], "".join(_paragraphs(rest, place * step) for place in range(PLACES))


def _paragraphs(text: str, start: int) -> str:
    first = text.index("\n", start) + 1
    end = text.index("\n", first + PLACE_LENGTH) + 1
    return text[first:end]


def _cut(folder: Path) -> None:
    for name, text in zip((CALIBRATION, EVALUATION), split(fetch_wikipedia_text()), strict=True):
        (folder / f"{Path(name).name}.txt").write_text(text, encoding="utf-8")
