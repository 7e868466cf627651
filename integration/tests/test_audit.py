"""The audit: what it finds is what the project records, and every check can fail."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pruneproof.integration.audit import answered, terminal
from pruneproof.integration.audit import run as audit
from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.checks import CHECKS
from pruneproof.integration.audit.page import page
from pruneproof.integration.paper_tables import Cell

PRINTED = Book.printed()
ENTRIES = answered.audit(PRINTED)
FIELDS = {"locus", "statement", "printed", "computed", "severity", "ocr_suspect"}

Edit = Callable[[Book], Book]


def edit(wanted: dict[str, Any] | None = None, /, **changes: Any) -> Edit:
    """Change fields or parameters of the cells that `wanted` describes."""

    def changed(cell: Cell) -> Cell:
        fields = {name: value for name, value in changes.items() if hasattr(cell, name)}
        own = {name: value for name, value in changes.items() if name not in fields}
        return replace(cell, parameters={**cell.parameters, **own}, **fields)

    def apply(book: Book) -> Book:
        chosen = book.all(**(wanted or {}))
        assert chosen, wanted
        return Book(tuple(changed(cell) if cell in chosen else cell for cell in book.cells))

    return apply


def numbers(**printed: str) -> Edit:
    """Print other numbers; a keyword cannot hold an id, so they come as `numbers(**{id: text})`."""

    def apply(book: Book) -> Book:
        assert printed.keys() <= {cell.id for cell in book.cells}
        cells = (replace(cell, printed=printed.get(cell.id, cell.printed)) for cell in book.cells)
        return Book(tuple(cells))

    return apply


def in_turn(*edits: Edit) -> Edit:
    """One edit after the other."""

    def apply(book: Book) -> Book:
        for each in edits:
            book = each(book)
        return book

    return apply


MENDED: dict[str, Edit] = {
    "cells_of_one_setting_agree": numbers(
        **{"T7/p=1/OPT-1.3b": "18.94", "T8/S1/LLaMA2-13b": "5.93"}
    ),
    "tables_cover_the_four_models": in_turn(
        edit({"id": "T5/dense/LLaMA2-7b"}, model="OPT-1.3b"),
        edit({"id": "T6/LLaMA2-7b dense/rte"}, model="OPT-1.3b"),
        edit({"id": "T6/LLaMA2-7b dense/boolq"}, model="LLaMA2-13b"),
    ),
    "deltas_of_table_2": numbers(**{"T2/stochria 2:4/LLaMA3-8b": "22.74"}),
    "sum_of_the_cells": numbers(**{"T2/stochria 2:4/LLaMA3-8b": "22.74"}),
    "stochria_is_better_than_ria": edit({"table": 2, "method": "stochria"}, printed="5.95"),
    "tau_counts_samples": edit({"table": 9}, ratio=0.2),
    "column_sums_are_better_than_row_sums": edit({"terms": "col-sum"}, printed="6.00"),
    "both_sums_are_better_than_one": edit({"table": 3, "terms": None}, printed="5.87"),
    "activations_help": edit({"table": 3, "model": "LLaMA2-13b", "alpha": 2.0}, printed="5.95"),
    "square_root_is_better_at_60": numbers(
        **{"T5/ria/LLaMA2-13b": "7.84", "T5/ria/LLaMA3-8b": "19.52"}
    ),
    "ria_is_better_than_wanda": numbers(
        **{"T5/ria/LLaMA2-7b": "9.72", "T5/ria/LLaMA2-13b": "7.75"}
    ),
    "stochria_is_better_on_llama3_and_opt": numbers(**{"T4/stochria 50%/LLaMA3-8b": "9.44"}),
    "deviations_stand_in_table_1": edit({"table": 2}, deviation=None),
    "means_of_other_trials_differ": numbers(**{"T4/stochria 50%/OPT-1.3b": "18.77"}),
    "alpha_explains_tables_4_and_5": in_turn(
        numbers(**{"T4/wanda 60%/LLaMA2-7b": "9.80", "T4/wanda 60%/LLaMA2-13b": "7.80"}),
        numbers(**{"T4/wanda 60%/LLaMA3-8b": "21.40"}),
    ),
    "r2_dsnot_is_better_than_no_refinement": numbers(**{"T5/wanda/LLaMA2-7b": "10.08"}),
    "means_of_table_6": in_turn(
        numbers(**{"T6/LLaMA2-7b dense/mean": "59.7", "T6/LLaMA2-7b magnitude/mean": "39.8"}),
        numbers(**{"T6/LLaMA3-8b magnitude r2_dsnot/mean": "36.9"}),
    ),
    "table_6_holds_llama2": edit({"table": 6, "model": "LLaMA3-8b"}, model="LLaMA2-13b"),
    "r2_dsnot_is_better_on_each_task": edit({"table": 6, "refinement": "dsnot"}, printed="9.9"),
    "counting_norm_is_wanda": numbers(**{"T7/p=0/LLaMA2-7b": "7.79", "T7/p=0/OPT-1.3b": "22.19"}),
    "sampling_everything_is_ria": in_turn(
        numbers(**{"T9/β=1/LLaMA2-7b": "6.88", "T9/β=1/LLaMA3-8b": "9.44"}),
        numbers(**{"T9/β=1/OPT-1.3b": "18.94"}),
    ),
    "sampling_ratios_are_below_1": edit({"table": 9, "ratio": 1.0}, ratio=0.95),
    "ratio_0_01_drops_significantly": numbers(
        **{"T9/β=0.01/LLaMA2-7b": "7.02", "T9/β=0.01/LLaMA2-13b": "6.06"}
    ),
    "best_of_table_10_is_in_table_5": numbers(
        **{"T10/wanda best": "20.50", "T10/ria best": "18.99"}
    ),
    "penalties_change_nothing": edit({"table": 10}, printed="20.50"),
    "either_phase_helps": numbers(**{"T10/ria relative grow": "21.33"}),
    "both_penalties_are_varied": edit({"id": "T10/ria γ₂=0"}, gamma_grow=0.001),
}
"""For each check that fails on the paper, cells on which it would hold."""

BROKEN: dict[str, Edit] = {
    "sum_of_the_printed_deltas": edit({"id": "T2/stochria 2:4/LLaMA3-8b"}, delta="-0.85"),
    "default_ratio_is_used": edit({"id": "T4/stochria 60%/OPT-1.3b"}, ratio=0.2),
    "square_root_is_the_best_power": numbers(**{"T3/ria/LLaMA2-13b/0.5": "5.96"}),
    "wanda_is_most_sensitive_to_sparsity": numbers(**{"T4/wanda 70%/OPT-1.3b": "115.00"}),
    "stochria_is_worse_on_llama2": numbers(**{"T4/stochria 50%/LLaMA2-13b": "5.94"}),
    "noise_is_heavy_on_llama3_and_opt": edit({"id": "T2/stochria 4:8/OPT-1.3b"}, deviation="0.01"),
    "r2_dsnot_is_better_than_dsnot": numbers(**{"T5/wanda r2_dsnot/LLaMA2-13b": "7.70"}),
    "reductions_of_magnitude": numbers(**{"T5/magnitude r2_dsnot/LLaMA3-8b": "1.50e4"}),
    "r2_dsnot_is_better_on_the_mean": numbers(**{"T6/LLaMA2-7b ria r2_dsnot/mean": "50.1"}),
    "table_7_holds_the_stated_norms": edit({"id": "T7/p=4/OPT-1.3b"}, p=5.0),
    "p_1_is_the_best_norm": numbers(**{"T7/p=2/LLaMA2-7b": "6.87"}),
    "higher_p_is_worse": numbers(**{"T7/p=3/OPT-1.3b": "20.78"}),
    "zero_and_infinity_are_not_promising": numbers(**{"T7/p=0/OPT-1.3b": "20.76"}),
    "s1_is_the_best_strategy": numbers(**{"T8/S2/LLaMA2-13b": "5.82"}),
    "deltas_of_table_9": edit({"id": "T9/β=0.01/OPT-1.3b"}, delta="-0.42"),
    "highlights_of_table_9": edit({"id": "T9/β=0.01/OPT-1.3b"}, delta=None),
    "ratios_from_0_05_are_robust": numbers(**{"T9/β=0.05/LLaMA3-8b": "9.56"}),
    "ratios_from_0_05_keep_up_with_ria": numbers(**{"T9/β=0.05/OPT-1.3b": "19.05"}),
    "fewer_samples_are_sometimes_better": edit({"table": 9}, printed="6.91"),
    "rows_of_table_10_differ_from_the_best": edit({"id": "T10/wanda p=1"}, p=2.0),
    "table_10_stays_in_the_searched_values": edit({"id": "T10/wanda γ₂=0"}, gamma_prune=0.01),
    "the_best_settings_are_best": numbers(**{"T10/wanda relative prune": "18.98"}),
    "p_2_is_best": numbers(**{"T10/wanda p=inf": "18.98"}),
    "both_phases_hurt": numbers(**{"T10/wanda relative both": "19.48"}),
    "effects_of_reweighting": numbers(**{"T10/ria relative neither": "21.36"}),
    "gamma_matters_less_than_reweighting": numbers(**{"T10/wanda γ₂=0": "19.30"}),
}
"""For each check that holds on the paper, cells on which it would fail."""

BY_NAME = {check.__name__: check for check in CHECKS}


def test_every_check_is_seen_to_fail_and_to_hold() -> None:
    assert set(MENDED) == {entry.id for entry in ENTRIES if not entry.holds}
    assert set(BROKEN) == {entry.id for entry in ENTRIES if entry.holds}


@pytest.mark.parametrize("name", MENDED)
def test_a_finding_goes_with_its_cause(name: str) -> None:
    assert BY_NAME[name](MENDED[name](PRINTED)).findings == ()


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_cell_is_found(name: str) -> None:
    assert BY_NAME[name](BROKEN[name](PRINTED)).findings


ROUNDED: dict[str, Edit] = {
    "deltas_of_table_2": edit({"id": "T2/stochria 50%/OPT-1.3b"}, delta="+0.17"),
    "deltas_of_table_9": edit({"id": "T9/β=0.01/LLaMA3-8b"}, delta="-0.25"),
    "means_of_table_6": numbers(**{"T6/LLaMA3-8b ria/mean": "47.8"}),
    "reductions_of_magnitude": numbers(**{"T5/magnitude r2_dsnot/LLaMA2-7b": "2.5e2"}),
    "effects_of_reweighting": numbers(**{"T10/ria relative neither": "21.34"}),
}
"""Cells that are off by no more than the printed digits allow."""


@pytest.mark.parametrize("name", ROUNDED)
def test_rounding_is_no_contradiction(name: str) -> None:
    assert BY_NAME[name](ROUNDED[name](PRINTED)).findings == BY_NAME[name](PRINTED).findings


def test_the_findings_are_the_recorded_ones() -> None:
    assert answered.changes(ENTRIES) == []


def test_a_new_finding_and_a_lost_check_are_changes() -> None:
    altered = answered.audit(BROKEN["p_2_is_best"](PRINTED))
    (change,) = [each for each in answered.changes(altered) if each.startswith("p_2_is_best")]
    assert "T10/wanda" not in change.split(", found")[0]
    (lost,) = answered.changes(ENTRIES[1:])
    assert lost.endswith("found nothing")


def test_the_page_is_current() -> None:
    recorded = Path(__file__).parents[2] / "docs" / "audit.md"
    assert recorded.read_text(encoding="utf-8") == page(ENTRIES)


def test_the_flags_of_the_tables_are_what_the_audit_contradicts() -> None:
    """A cell is flagged when it cannot be right together with the cells that it names."""
    arithmetic = (
        "cells_of_one_setting_agree",
        "deltas_of_table_2",
        "means_of_table_6",
        "sampling_everything_is_ria",
        "best_of_table_10_is_in_table_5",
    )
    found = {
        name
        for entry, finding in answered.findings(ENTRIES)
        if entry.id in arithmetic
        for name in finding.cells
    }
    flagged = [cell for cell in PRINTED.cells if cell.contradicts]
    assert found == {name for cell in flagged for name in (cell.id, *cell.contradicts)}


def test_a_finding_is_suspect_when_nothing_is_left_without_damaged_cells() -> None:
    suspect = [finding.locus for _, finding in answered.findings(ENTRIES) if finding.ocr_suspect]
    assert suspect == [
        "Tables 3 and 8, LLaMA2-13b",
        "Table 2, stochria 2:4/LLaMA3-8b",
        "Section 4.1 and Table 2",
        "Table 6, LLaMA2-7b dense",
        "Table 6, LLaMA2-7b magnitude",
    ]


def test_every_statement_is_a_sentence() -> None:
    for entry in ENTRIES:
        assert entry.statement.endswith("."), entry.id
        assert entry.result.asked > 0


def test_of_several_cells_or_none_there_is_not_one() -> None:
    with pytest.raises(ValueError, match="describes 4 cells, must describe one"):
        PRINTED.one(table=2, method="dense")


def test_the_report_is_complete_and_the_same_each_time(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert audit.run(folder, Console(quiet=True)) == 0
    first = (folder / "audit.json").read_text(encoding="utf-8")
    data = json.loads(first)
    assert data.keys() == {"complete", "findings"}
    assert data["complete"] is True
    assert len(data["findings"]) == len(answered.findings(ENTRIES))
    for finding in data["findings"]:
        assert finding.keys() >= FIELDS
    assert audit.run(folder, Console(quiet=True)) == 0
    assert (folder / "audit.json").read_text(encoding="utf-8") == first
    assert [path.name for path in folder.iterdir()] == ["audit.json"]


def test_a_run_that_is_cut_off_leaves_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "audit.json").write_text('{"complete": true}')

    def cut_off(book: Book) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(answered, "audit", cut_off)
    with pytest.raises(KeyboardInterrupt):
        audit.run(tmp_path, Console(quiet=True))
    assert list(tmp_path.iterdir()) == []


def test_findings_that_differ_from_the_recorded_ones_fail_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = tmp_path / "findings.json"
    recorded.write_text("{}")
    monkeypatch.setattr(answered, "RECORDED", recorded)
    shown = StringIO()
    assert audit.run(None, Console(file=shown, width=200)) == 1
    assert "changed: p_2_is_best: recorded nothing" in shown.getvalue()


def test_the_terminal_shows_every_finding_and_the_counts() -> None:
    output = StringIO()
    terminal.show(ENTRIES, Console(file=output, width=400))
    shown = " ".join(output.getvalue().split())
    for entry, finding in answered.findings(ENTRIES):
        assert " ".join([finding.severity, finding.locus, entry.statement]) in shown
        assert finding.printed in shown
    assert answered.summary(ENTRIES) in shown
