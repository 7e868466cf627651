"""The report that a pull request shows, and the lines for a model's card: Markdown."""

from __future__ import annotations

from pruneproof.integration.inspection.report.summary import (
    SIGNS,
    WORDS,
    Record,
    headline,
    layers,
    percent,
    remarks,
    state,
    worth_telling,
)
from pruneproof.reporting.markdown import text

ROWS = 60
"""Layers in the table; inspect.json has all."""


def markdown(record: Record) -> str:
    """The answer, the claims, what explains the mask, and the layers."""
    bad = any(each["verdict"] == "contradicted" for each in record["claims"])
    lines = [
        f"## {'❌' if bad else '✅'} {text(record['checkpoint'])} {text(headline(record))}",
        "",
    ]
    lines += [f"- {text(each)}" for each in remarks(record)] + [""]
    if record["claims"]:
        lines += ["| claim | verdict | why |", "|---|---|---|"]
        lines += [
            f"| {text(each['claim'])} | {SIGNS[each['verdict']]} {WORDS[each['verdict']]} | "
            f"{text(each['why'])} |"
            for each in record["claims"]
        ] + [""]
    if told := worth_telling(record):
        lines += ["| method | group | verdict | agreement | why |", "|---|---|---|---:|---|"]
        lines += [
            f"| {text(each['method'])} | {text(each['group'])} | {text(each['verdict'])} | "
            f"{_share(each['agreement'])} | {text(each.get('why') or '')} |"
            for each in told
        ] + [""]
    return "\n".join([*lines, *_table(record)])


def card(record: Record) -> str:
    """What belongs into the README of the model."""
    model = record["model"]
    lines = ["## Sparsity, as `pruneproof inspect` found it", ""]
    lines += [f"- {text(headline(record))}"]
    lines += [f"- {text(each)}" for each in remarks(record)]
    lines += [f"- format: {text(record['format'])}; {model['layers']} layers looked at"]
    for each in record["claims"]:
        lines.append(f"- {text(each['claim'])}: {WORDS[each['verdict']]} ({text(each['why'])})")
    return "\n".join([*lines, ""])


def _table(record: Record) -> list[str]:
    found = layers(record)
    lines = [
        "<details><summary>layers</summary>",
        "",
        "| layer | storage | zeros | n:m | broken | state |",
        "|---|---|---:|---|---:|---|",
    ]
    for each in found[:ROWS]:
        pattern = each["pattern"]
        lines.append(
            f"| {text(each['name'])} | {text(each['dtype'])} | {percent(each['sparsity'])} | "
            f"{pattern['n_m'] or ''} | {pattern['violations'] or ''} | {state(each)} |"
        )
    if len(found) > ROWS:
        lines.append(f"| … and {len(found) - ROWS} more, in inspect.json | | | | | |")
    return [*lines, "", "</details>", ""]


def _share(value: object) -> str:
    return percent(value) if isinstance(value, float) else text(value)
