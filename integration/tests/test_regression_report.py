"""The report of a ledger: what was measured beside what is printed, told as it is."""

import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.checks import norms, sensitivity
from pruneproof.integration.bands.settings import PAPER, interpretations
from pruneproof.integration.experiments import Ledger
from pruneproof.integration.paper_tables import TABLES, Cell, load
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.regression import report
from pruneproof.integration.regression.accuracies import digest_of_accuracies
from pruneproof.integration.regression.collected import collect
from pruneproof.integration.regression.of_ledger import outcome
from pruneproof.integration.regression.plots import picture, reach
from pruneproof.integration.regression.readings import DTYPE, experiments
from pruneproof.integration.regression.statements import STATEMENTS, answers, as_printed, ask

CELLS = [cell for table in TABLES for cell in load(table)]
MACHINE = "<b>synthetic</b> & none"


def as_is(cell, reading):
    """The printed number, in the likelier orientation: in the other, sums change places."""
    return float(cell.value) if reading.terms == interpretations(cell)[0].terms else None


def results(cells, number=as_is, data=PAPER):
    """Entries as if the cells had been measured; `number` says what each reading gave."""
    found = {}
    for cell in cells:
        for reading, experiment in experiments(cell, data):
            entry = {**experiment.record(), "machine": MACHINE}
            measured = number(cell, reading)
            if measured is None:
                continue
            if cell.metric == "accuracy":
                name = digest_of_accuracies(experiment.digest)
                accuracies = found.get(name, {}).get("accuracies", {})
                entry["accuracies"] = {**accuracies, cell.task: measured}
            else:
                name, entry["perplexity"] = experiment.digest, measured
            found[name] = {**entry, "digest": name}
    return found


def ledger(path: Path, *entries) -> Path:
    for each in entries:
        for entry in each.values():
            Ledger(path).append(entry)
    return path


def outcomes(cells, number=as_is):
    found = results(cells, number)
    return [outcome(cell, found, PAPER, DTYPE) for cell in cells]


SOME = load(8)


@pytest.fixture
def some(tmp_path) -> Path:
    """Table 8: within outputs every number is a tenth too high."""
    high = {"layer": 1.0, "output": 1.1, "none": 1.0}
    found = results(SOME, lambda cell, reading: float(cell.value) * high[reading.group])
    return ledger(tmp_path / "ledger.jsonl", found)


class TestPages:
    def test_every_measured_cell_stands_in_both(self, some, tmp_path):
        report.write(some, tmp_path / "out")
        html = (tmp_path / "out/report.html").read_text(encoding="utf-8")
        markdown = (tmp_path / "out/report.md").read_text(encoding="utf-8")
        for cell in SOME:
            name = cell.id.partition("/")[2]
            assert f"<td>{name}</td>" in html
            assert f"| {name} | {cell.printed} |" in markdown
        assert "16 of 363 cells measured; 16 agree, 0 do not." in markdown
        assert "| over layers | 16 |" in markdown
        assert markdown.count("\n## Table") == 1

    def test_a_page_needs_nothing_else_and_escapes_what_it_shows(self, some, tmp_path):
        report.write(some, tmp_path)
        html = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert "&lt;b&gt;synthetic&lt;/b&gt; &amp; none" in html
        assert "<b>synthetic" not in html
        assert "<script" not in html
        assert 'src="' not in html
        assert html.count("<svg") == 1

    def test_the_same_ledger_gives_the_same_page(self, some, tmp_path):
        for name in ("one", "two"):
            report.write(some, tmp_path / name)
        assert (tmp_path / "one/report.html").read_bytes() == (
            tmp_path / "two/report.html"
        ).read_bytes()

    def test_without_matplotlib_there_is_a_page_without_pictures(self, some, tmp_path, monkeypatch):
        monkeypatch.setattr(report, "find_spec", lambda _: None)
        report.write(some, tmp_path)
        html = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert "<svg" not in html
        assert "S4/OPT-1.3b" in html

    def test_what_disagrees_is_said(self, tmp_path):
        cells = [SOME[0], SOME[4]]
        path = ledger(tmp_path / "l", results(cells, lambda cell, _: 1.5 * float(cell.value)))
        found = report.write(path, tmp_path)
        assert (len(found.measured), len(found.agreeing)) == (2, 0)
        assert found.decided == {"none": 2}
        assert "10.215 over layers; 10.215 within outputs | disagrees |" in (
            tmp_path / "report.md"
        ).read_text("utf-8")

    def test_results_of_other_data_are_left_aside(self, some):
        ledger(some, results(SOME[:2], data=Texts("c4", "wikitext2", samples=8)))
        found = collect(some)
        assert (found.data, found.other) == (PAPER, 4)
        assert len(found.measured) == 16

    def test_accuracies_are_shown_too(self, tmp_path):
        cells = [cell for cell in load(6) if cell.method == "ria" and cell.refinement is None]
        found = collect(ledger(tmp_path / "l", results(cells)))
        assert len(found.agreeing) == 16


class TestCommand:
    def app(self):
        import typer

        app = typer.Typer()
        app.command()(report.main)
        return app

    def test_it_says_what_it_wrote(self, some, tmp_path):
        result = CliRunner().invoke(self.app(), [str(some), str(tmp_path / "out")])
        assert result.exit_code == 0
        assert "16 cells measured, 16 agree" in result.output

    def test_an_empty_ledger_is_wrong_usage(self, tmp_path):
        result = CliRunner().invoke(self.app(), [str(tmp_path / "none"), str(tmp_path)])
        assert result.exit_code == 2
        assert "holds no result" in result.output


class TestStatements:
    def test_the_printed_numbers_get_the_audits_answers(self):
        """Where all is measured as printed, every statement comes out as in the audit.

        Tables 5 and 10 give one run two numbers, so not all tables can be as printed at once.
        """
        names = {(check.__doc__ or "").splitlines()[0]: check for check in STATEMENTS}
        compared = set()
        for tables in ((2, 3), (2, 4), (4, 5), (6,), (2, 7), (8,), (2, 9), (10,)):
            cells = [cell for table in tables for cell in load(table)]
            for answer in answers(outcomes(cells)):
                of_printed = ask(names[answer.statement], Book(tuple(cells)))
                assert of_printed is not None
                for measured in answer.measured.values():
                    assert measured is not None
                    assert measured.computed == of_printed.computed, answer.statement
                compared.add(answer.statement)
        assert compared == names.keys()

    def test_another_order_is_another_answer(self):
        cells = load(8)
        worse = {"S1": 50.0, "S2": 20.0, "S3": 30.0, "S4": 40.0}
        (answer,) = answers(outcomes(cells, lambda cell, _: worse[cell.get("strategy")]))
        assert not answer.printed.findings
        measured = answer.measured["as the tables guess"]
        assert measured is not None
        assert measured.computed == "worse in 12"

    def test_groups_are_asked_apart(self):
        def number(cell: Cell, reading) -> float:
            better = "ria" if reading.group == "layer" else "wanda"
            return 10.0 if cell.method == better else 20.0

        cells = [cell for cell in load(2) if cell.sparsity and cell.method in ("wanda", "ria")]
        by_statement = {each.statement: each for each in answers(outcomes(cells, number))}
        asked = by_statement["RIA is better than Wanda at the same α and sparsity."].measured
        assert {name: bool(each.findings) for name, each in asked.items() if each} == {
            "as the tables guess": False,
            "over layers": False,
            "within outputs": True,
        }

    def test_statements_about_nothing_measured_are_left_out(self):
        assert answers(outcomes(CELLS, lambda *_: None)) == []
        assert answers(outcomes(load(2)[:4])) == []

    def test_a_check_that_misses_a_cell_has_no_answer(self):
        part = Book(tuple(cell for cell in load(4) if cell.sparsity == 0.7))
        assert ask(sensitivity.wanda_is_most_sensitive_to_sparsity, part) is None
        assert ask(norms.s1_is_the_best_strategy, part) is None

    def test_a_number_is_rounded_as_its_table_rounds(self):
        assert as_printed(load(9)[0], 6.9149) == "6.91"
        assert as_printed(load(6)[0], 77.749) == "77.7"

    def test_an_infinite_perplexity_takes_no_part(self):
        assert answers(outcomes(load(8), lambda *_: math.inf)) == []


class TestPictures:
    def test_a_line_for_each_cell_with_its_band_and_numbers(self):
        cells = load(2)[12:16]
        figure = picture(outcomes(cells, lambda cell, _: 1.01 * float(cell.value)))
        (axes,) = figure.axes
        assert [each.get_text() for each in axes.get_yticklabels()] == [
            cell.id.partition("/")[2] for cell in cells
        ]
        bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
        for each, (low, high) in zip(outcomes(cells), bars, strict=True):
            printed = float(each.band.cell.value)
            assert low == pytest.approx(100 * (each.band.low / printed - 1))
            assert high == pytest.approx(100 * (each.band.high / printed - 1))
        markers = [line.get_xdata()[0] for line in axes.lines if line.get_marker() in "s^"]
        assert markers == pytest.approx([1.0] * 8)

    def test_what_lies_far_out_stands_hollow_at_the_edge(self):
        found = outcomes(load(2)[12:16], lambda cell, _: 9 * float(cell.value))
        (axes,) = picture(found).axes
        markers = [line for line in axes.lines if line.get_marker() in "s^"]
        assert {line.get_xdata()[0] for line in markers} == {reach(found)}
        assert {line.get_fillstyle() for line in markers} == {"none"}

    def test_no_cell_is_no_picture(self):
        with pytest.raises(ValueError, match="outcomes must be at least one, got none"):
            picture([])
