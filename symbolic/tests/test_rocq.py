"""The Rocq development as text: what can go wrong without Rocq being asked."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pruneproof.symbolic.rocq import __main__ as command
from pruneproof.symbolic.rocq import proved_theorems, record_is_current, theorems
from pruneproof.symbolic.rocq.build import OPTIONS, BuildError, check_texts
from pruneproof.symbolic.rocq.manifest import MANIFEST, table
from pruneproof.symbolic.rocq.record import Record, default_record, read_record, write_record
from pruneproof.symbolic.rocq.sources import (
    FORBIDDEN,
    THEORIES,
    declared,
    forbidden_words,
    sources,
    sources_hash,
    without_comments,
)
from pruneproof.symbolic.rocq.tools import PROGRAMS, ToolsMissingError, check_tools

DOCS = Path(__file__).parents[2] / "docs" / "formal.md"


@pytest.fixture
def theories(tmp_path):
    """A copy of the sources to change."""
    return Path(shutil.copytree(THEORIES, tmp_path / "theories"))


@pytest.fixture
def record():
    return Record(
        sources=sources_hash(),
        coq="8.16.1",
        mathcomp="1.15.0",
        theorems={"good": True, "bad": False},
        seconds={"everything": 1.0},
    )


def test_sources_manifest_and_claims_agree():
    check_texts(command.claimed())


def test_a_theorem_that_only_a_claim_knows_is_reported():
    with pytest.raises(BuildError, match="no_such_theorem is claimed, but no theorem"):
        check_texts(["no_such_theorem"])


def test_a_theorem_missing_from_the_sources_is_reported(theories):
    (theories / "magnitude.v").unlink()
    with pytest.raises(BuildError, match="is_magnitude: theories/ has it in None"):
        check_texts((), theories)


def test_a_theorem_missing_from_the_manifest_is_reported(theories):
    with (theories / "magnitude.v").open("a", encoding="utf-8") as file:
        file.write("\nTheorem stowaway : True.\nProof. by []. Qed.\n")
    with pytest.raises(BuildError, match="stowaway: theories/ has it in magnitude"):
        check_texts((), theories)


@pytest.mark.parametrize("word", FORBIDDEN)
def test_a_forbidden_word_is_reported(word, theories):
    with (theories / "sums.v").open("a", encoding="utf-8") as file:
        file.write(f"\n{word} more.\n")
    with pytest.raises(BuildError, match=f"sums.v says .*{word}"):
        check_texts((), theories)


def test_comments_may_say_anything_and_nest():
    assert without_comments("a (* Axiom (* Admitted *) Abort *) b").split() == ["a", "b"]
    assert forbidden_words("(* Axiom *) Lemma Axiomatic : True.") == []


def test_a_name_declared_twice_is_an_error(theories):
    shutil.copy(theories / "magnitude.v", theories / "again.v")
    with pytest.raises(ValueError, match=r"declared in again\.v and magnitude\.v"):
        declared("Theorem", theories)


def test_the_hash_sees_every_change_of_content_and_name(theories):
    before = sources_hash(theories)
    assert before == sources_hash()
    path = theories / "sums.v"
    path.write_bytes(path.read_bytes() + b"\n")
    changed = sources_hash(theories)
    path.rename(theories / "sums2.v")
    assert len({before, changed, sources_hash(theories)}) == 3


def test_manifest_names_are_unique_and_sentences_end(tmp_path):
    assert all(theorem.says.endswith(".") for theorem in theorems())
    twice = tmp_path / "twice.toml"
    first = MANIFEST.read_text("utf-8").split("\n\n")[1]
    twice.write_text(f"{first}\n\n{first}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="must be unique"):
        theorems(twice)


def test_every_theory_says_in_words_what_it_states():
    for path in sources():
        assert path.read_text("utf-8").startswith("(* "), path.name


def test_editors_get_the_options_of_the_build():
    project = (THEORIES.parent / "_CoqProject").read_text("utf-8").split()
    words = [word for word in project if word != "-arg"]
    assert words == ["-R", "theories", *OPTIONS[3:]]


def test_the_docs_show_the_table_of_the_manifest():
    assert table(theorems()) in DOCS.read_text("utf-8")


def test_only_a_present_and_current_record_vouches(record, tmp_path):
    path = tmp_path / "deep" / "rocq.json"
    assert not record_is_current(path)
    assert proved_theorems(path) == set()
    write_record(record, path)
    assert record_is_current(path)
    assert proved_theorems(path) == {"good"}
    write_record(replace(record, sources="another"), path)
    assert not record_is_current(path)
    assert proved_theorems(path) == set()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sources": "x"}', '{"unknown": 1}'])
def test_a_broken_record_vouches_for_nothing(text, tmp_path):
    path = tmp_path / "rocq.json"
    path.write_text(text, encoding="utf-8")
    assert read_record(path) is None
    assert proved_theorems(path) == set()


def test_a_record_of_other_sources_vouches_for_nothing(record, tmp_path, theories):
    path = tmp_path / "rocq.json"
    write_record(record, path)
    assert record_is_current(path, theories)
    (theories / "sums.v").unlink()
    assert not record_is_current(path, theories)


def test_the_record_lies_in_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PRUNEPROOF_CACHE", str(tmp_path))
    assert default_record() == tmp_path / "rocq.json"
    monkeypatch.delenv("PRUNEPROOF_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert default_record() == Path("/xdg/pruneproof/rocq.json")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_record() == Path("/home/someone/.cache/pruneproof/rocq.json")


def test_missing_tools_are_named_with_their_packages(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolsMissingError, match=", ".join(PROGRAMS)):
        check_tools()
    kept = tmp_path / "rocq.json"
    assert command.main(["--record", str(kept)]) == 2
    assert "apt-get install coq libcoq-mathcomp-algebra" in capsys.readouterr().err
    assert not kept.exists()


def test_a_failed_build_leaves_no_record(monkeypatch, tmp_path, record, capsys):
    def fail(*_, **__):
        raise BuildError("not proved")

    path = tmp_path / "rocq.json"
    write_record(record, path)
    monkeypatch.setattr(command, "check_tools", lambda: None)
    monkeypatch.setattr(command, "build", fail)
    assert command.main(["--record", str(path)]) == 1
    assert capsys.readouterr().err == "not proved\n"
    assert not path.exists()


def test_a_build_that_succeeds_is_recorded(monkeypatch, tmp_path, record):
    path = tmp_path / "rocq.json"
    monkeypatch.setattr(command, "check_tools", lambda: None)
    monkeypatch.setattr(command, "build", lambda *_, **__: record)
    assert command.main(["--record", str(path)]) == 0
    assert json.loads(path.read_text("utf-8"))["theorems"] == {"good": True, "bad": False}


def test_the_table_needs_no_rocq(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.main(["--table"]) == 0
    assert capsys.readouterr().out == table(theorems()) + "\n"
