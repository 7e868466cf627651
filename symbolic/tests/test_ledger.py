"""The ledger as a whole: verdicts, errata and reports."""

import json
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from pruneproof.symbolic import ledger, theory
from pruneproof.symbolic.claim import AtMost, Equal
from pruneproof.symbolic.decide import Decision, DisagreementError
from pruneproof.symbolic.report import terminal
from pruneproof.symbolic.report.errata import errata
from pruneproof.symbolic.report.statement import about, statement_latex
from pruneproof.symbolic.rocq import theorems, theorems_of_claims


def test_every_verdict_is_the_recorded_one(entries):
    assert ledger.changes(entries) == []


def test_a_changed_verdict_a_new_claim_and_a_lost_one_are_reported(entries):
    other = "open" if entries[0].verdict != "open" else "proved"
    altered = [replace(entries[0], verdict=other), *entries[2:], replace(entries[1], id="new")]
    changed = ledger.changes(altered)
    assert len(changed) == 3
    assert any("recorded nothing, found" in line for line in changed)
    assert any("found nothing" in line for line in changed)


def _weakened(claim):
    """Some claims that say less, or something else, under the same name."""
    yield replace(claim, statements=claim.statements[1:])
    yield replace(claim, title=claim.title + " Mostly.")
    yield replace(claim, world=claim.world.having(arrays={}))
    larger = [
        replace(statement, large=statement.large + 1)
        for statement in claim.statements
        if isinstance(statement, AtMost)
    ]
    if larger:
        yield replace(claim, statements=tuple(larger))


@pytest.mark.parametrize(
    "name",
    ["two_features_bound_the_error_by_one_minus_and_plus_rho", "relative_importance_is_at_most_2"],
)
def test_a_claim_that_is_weakened_or_cut_is_reported(entries, name):
    decided = next(entry for entry in entries if entry.id == name)
    module, claim = next(each for each in ledger._loaded() if each[1].id == name)
    others = [entry for entry in entries if entry.id != name]
    for weaker in _weakened(claim):
        decision = Decision(weaker, decided.verdict, (), (), None, (), 0.0)
        changed = ledger.changes([*others, ledger.entry_of(decision, module)])
        assert changed
        assert all(line.startswith(f"{name}: its ") for line in changed)
        assert all("pruneproof.symbolic.record" in line for line in changed)


def test_no_statement_of_the_paper_is_open(entries):
    assert [entry.id for entry in entries if entry.verdict == "open"] == []


def test_repaired_claims_hold(entries):
    wrong = [e.id for e in entries if e.form == "repaired" and not e.verdict.startswith("proved")]
    assert wrong == []


def test_every_refuted_claim_has_a_witness_and_a_reason(entries):
    for entry in entries:
        if entry.verdict == "refuted":
            assert entry.witness
            assert entry.note, entry.id
            assert entry.severity or entry.form == "beyond", entry.id


def test_what_a_claim_repairs_is_a_slip_of_the_print():
    loaded = {claim.id: claim for _, claim in ledger._loaded()}
    for claim in loaded.values():
        for name in claim.repairs:
            assert loaded[name].form == "as_printed", (claim.id, name)
            assert claim.form != "as_printed", claim.id


def test_every_refuted_statement_of_the_paper_is_repaired_or_says_why_not(entries):
    repaired = {name for entry in entries for name in entry.repairs}
    for entry in entries:
        if entry.form == "as_printed" and entry.verdict == "refuted":
            assert entry.id in repaired or "needs no repair" in entry.note, entry.id


def test_the_errata_pair_a_slip_with_its_own_repair(entries):
    page = errata(entries)
    section = page.split('<a id="both-budgets-are-the-same"></a>')[1].split("<a id=")[0]
    assert section.count("**What holds**") == 1
    assert "With 1 − ε for its ε" in section
    assert "Read from: “Choose ε ∈ (0, 1].”" in section


@pytest.mark.parametrize("claim", [claim for _, claim in ledger._loaded()], ids=lambda c: c.id)
def test_no_statement_is_shown_as_the_same_text_twice(claim):
    shown = [statement_latex(statement) for statement in claim.statements]
    assert len(set(shown)) == len(shown)
    for statement, text in zip(claim.statements, shown, strict=True):
        relation = " = " if isinstance(statement, Equal) else " "
        left, _, right = text.partition(relation)
        assert left != right


def test_claims_that_differ_are_not_shown_alike():
    seen = {}
    for _, claim in ledger._loaded():
        if claim.locus.startswith("Table 1"):
            continue  # its rows repeat the results that they name
        text = (*map(statement_latex, claim.statements), *about(claim.world))
        assert seen.setdefault(text, claim.id) == claim.id


def test_the_errata_are_current(entries):
    recorded = Path(__file__).parents[2] / "docs" / "errata.md"
    assert recorded.read_text(encoding="utf-8") == errata(entries)


LOCI = [
    *(f"Lemma 3.{n}" for n in (1, 6, 7, 8, 9, 10)),
    *(f"Corollary 3.{n}" for n in (2, 3, 4)),
    "Theorem 3.5",
    *(f"Eq. ({n})" for n in range(1, 8)),
    *(
        f"Table 1, {row}"
        for row in (
            "General Sym.", "Marginal", "Wanda", "OWanda", "Symmetric", "RI (v1)", "RI (v2)",
            "RIA", "General (diag.)", "ℓp-norm (v1)", "ℓp-norm (v2)", "StochRIA",
        )
    ),
    "Appendix B", "Appendix B, case 4",
]  # fmt: skip


@pytest.mark.parametrize("locus", LOCI)
def test_every_place_of_the_paper_has_a_claim_as_printed(entries, locus):
    assert [e.id for e in entries if e.locus == locus and e.form == "as_printed"]


@pytest.fixture
def short_run(entries, monkeypatch):
    """`theory.run` on the claims that are decided already."""
    jobs = [(number, len(entries), entry) for number, entry in enumerate(entries)]
    monkeypatch.setattr(ledger, "decide_all", lambda: iter(jobs))
    return theory.run


def test_the_report_is_complete_and_selfcontained(short_run, entries, tmp_path):
    assert short_run(tmp_path, Console(quiet=True)) == 0
    data = json.loads((tmp_path / "theory.json").read_text(encoding="utf-8"))
    assert data["complete"] is True
    assert [claim["id"] for claim in data["claims"]] == [entry.id for entry in entries]
    page = (tmp_path / "theory.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org/1998/Math/MathML", "")
    assert "https://" not in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theory.html", "theory.json"]


def test_the_links_of_the_page_lead_to_files(short_run, tmp_path):
    import re

    short_run(tmp_path, Console(quiet=True))
    page = (tmp_path / "theory.html").read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^#"]+)"', page))
    assert links
    assert [link for link in links if not Path(tmp_path, link).exists()] == []


def test_every_code_link_names_something_that_exists(entries):
    import importlib

    for entry in entries:
        if entry.code:
            module, _, name = entry.code.rpartition(".")
            assert hasattr(importlib.import_module(module), name), entry.code


def test_a_run_that_is_cut_off_leaves_no_report(monkeypatch, entries, tmp_path):
    (tmp_path / "theory.json").write_text('{"complete": true}')

    def cut_off():
        yield 0, 2, entries[0]
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "decide_all", cut_off)
    with pytest.raises(KeyboardInterrupt):
        theory.run(tmp_path, Console(quiet=True))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("crashes", [1, 2])
def test_what_a_crashed_process_left_is_decided_again(monkeypatch, caplog, crashes):
    asked = []

    def in_processes(_, positions):
        asked.append(positions)
        for place, position in enumerate(positions):
            if len(asked) <= crashes and place == 1:
                raise BrokenProcessPool
            yield position, f"entry {position}"

    monkeypatch.setattr(ledger, "_in_processes", in_processes)
    monkeypatch.setattr(ledger, "_loaded", lambda: 5 * ((),))
    assert list(ledger.decide_all()) == [(each, 5, f"entry {each}") for each in range(5)]
    assert [positions[0] for positions in asked] == list(range(crashes + 1))
    assert f"{5 - crashes} claims are decided again" in caplog.messages[-1]


def test_processes_that_crash_at_once_are_no_endless_loop(monkeypatch):
    def crash(*_):
        raise BrokenProcessPool
        yield

    monkeypatch.setattr(ledger, "_in_processes", crash)
    with pytest.raises(BrokenProcessPool):
        list(ledger.decide_all())


def test_engines_that_disagree_fail_the_run_with_a_message(monkeypatch, tmp_path):
    def disagree():
        raise DisagreementError("some_claim: proved, yet it fails")
        yield

    monkeypatch.setattr(ledger, "decide_all", disagree)
    shown = StringIO()
    assert theory.run(tmp_path, Console(file=shown, width=100)) == 1
    assert "some_claim: proved, yet it fails" in shown.getvalue()
    assert list(tmp_path.iterdir()) == []


def test_a_changed_verdict_fails_the_run(short_run, monkeypatch, tmp_path):
    recorded = tmp_path / "verdicts.json"
    recorded.write_text("{}")
    monkeypatch.setattr(ledger, "RECORDED", recorded)
    assert short_run(None, Console(quiet=True)) == 1


def test_the_terminal_shows_every_statement_and_witness(entries):
    output = StringIO()
    terminal.show(entries, Console(file=output, width=400))
    shown = " ".join(output.getvalue().split())
    for entry in entries:
        assert entry.title in shown
        if entry.witness:
            assert terminal.describe(entry.witness) in shown


def test_the_terminal_shows_the_gravest_slips_first(entries):
    output = StringIO()
    terminal.show(entries, Console(file=output, width=400))
    shown = output.getvalue().split("Witnesses", 1)[1]
    places = {
        severity: [
            shown.index(f"· {entry.id}\n")
            for entry in entries
            if entry.witness and entry.severity == severity
        ]
        for severity in ("high", "medium", "low")
    }
    assert max(places["high"]) < min(places["medium"])
    assert max(places["medium"]) < min(places["low"])
    assert "Eq. (5), high · growing_gains_the_printed_r2_criterion" in shown


def test_html_shows_what_distinguishes_statements(entries, tmp_path):
    from pruneproof.symbolic.report import html

    page = html.page(entries, tmp_path)
    slip = page.split('<details id="printed_sizes_make')[1].split("</details>")[0]
    assert "a = C_in" in slip
    assert 'href="#inputs_are_contracted"' in slip
    counts = [sum(entry.form == form for entry in entries) for form in terminal.FORMS]
    assert "{} as printed, {} repaired,\n{} beyond".format(*counts) in page
    assert "<msup><mi>k</mi><mi>&#x02032;" not in page


def test_html_escapes_what_a_claim_says(entries, tmp_path):
    from pruneproof.symbolic.report import html

    page = html.page([replace(entries[0], title="<script>bad</script>")], tmp_path)
    assert "<script>bad" not in page


def test_rocq_is_credited_only_where_the_record_vouches_for_every_theorem(monkeypatch):
    claims_in_rocq = theorems_of_claims()
    position = next(n for n, (_, c) in enumerate(ledger._loaded()) if c.id in claims_in_rocq)
    name = ledger._loaded()[position][1].id
    monkeypatch.setattr(ledger, "_vouched_for", lambda: set(claims_in_rocq[name]))
    assert "rocq" in ledger.decide_one(position).engines
    monkeypatch.setattr(ledger, "_vouched_for", lambda: set(claims_in_rocq[name][1:]))
    entry = ledger.decide_one(position)
    assert "rocq" not in entry.engines
    assert entry.rocq == list(claims_in_rocq[name])


def test_rocq_names_claims_and_theorems_that_exist(entries):
    assert theorems_of_claims().keys() <= {entry.id for entry in entries}
    named = {name for names in theorems_of_claims().values() for name in names}
    assert named <= {theorem.name for theorem in theorems()}
