"""What Rocq itself answers: all theorems are proved, and wrong statements are rejected.

Each file is replayed in one session of coqtop, which goes on after an error. After each theorem
stand its own statement and proof under another name, which must go through again, and those of
its mutants. A mutant is *stated* when Rocq opens a proof for it, and *proved* when Qed accepts.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from pruneproof.symbolic.rocq.build import OPTIONS, BuildError, build, compile_files
from pruneproof.symbolic.rocq.manifest import theorems
from pruneproof.symbolic.rocq.sources import THEORIES
from pruneproof.symbolic.rocq.tools import check_tools

MUTANTS = Path(__file__).parent / "rocq_mutants.toml"
FILES = {theorem.name: theorem.file for theorem in theorems()}


@dataclass(frozen=True)
class Mutant:
    """A statement with its first `old` replaced by `new`."""

    theorem: str
    change: str
    old: str
    new: str

    def of(self, statement: str) -> str:
        """The mutated statement."""
        assert self.old in statement, f"{self.theorem} does not say {self.old}"
        return statement.replace(self.old, self.new, 1)


ALL = [Mutant(**entry) for entry in tomllib.loads(MUTANTS.read_text("utf-8"))["mutant"]]

UNMUTATED = {
    # Facts about a witness or a zero row with nothing in them that a hypothesis could carry.
    "inverse_of_zero_is_not_a_reciprocal",
    "owanda_ties_within_a_dead_output",
    "ri_scores_of_a_zero_row_are_0",
    "ri_scores_of_the_zero_matrix_do_not_sum_to_b_plus_c",
    "sampled_norm_may_vanish_on_a_live_row",
    "wanda_ties_within_a_dead_input",
    # The same three lines as symwanda_of_reciprocals_is_ri.
    "symwanda_of_reciprocals_is_lp",
    "symwanda_of_reciprocals_is_stochria",
    "ri_output_term_orders_like_magnitude_within_an_output",
}


def parts(theorem: str) -> tuple[str, str]:
    """A theorem's statement, without its name, and its proof."""
    text = (THEORIES / f"{FILES[theorem]}.v").read_text("utf-8")
    found = re.search(rf"^Theorem {theorem}\b(.*?)\nProof\.(.*?)\bQed\.", text, re.DOTALL | re.M)
    assert found, f"{theorem} is not in {FILES[theorem]}.v"
    return found[1], found[2]


def attempt(name: str, statement: str, proof: str) -> str:
    """Commands that state and prove `name`, and say how far they came."""
    return f"""
Lemma {name}{statement}
idtac "stated {name}".
Proof.{proof}Qed.
Abort All.
Goal True. pose proof @{name}; idtac "proved {name}".
Abort All.
"""


def session(file: str) -> str:
    """The commands for one file: all of it, with attempts after each mutated theorem."""
    text = (THEORIES / f"{file}.v").read_text("utf-8")
    for theorem in {mutant.theorem for mutant in ALL if FILES[mutant.theorem] == file}:
        statement, proof = parts(theorem)
        attempts = attempt(f"{theorem}__again", statement, proof)
        for number, mutant in enumerate(mutants_of(theorem)):
            attempts += attempt(f"{theorem}__{number}", mutant.of(statement), proof)
        text = re.sub(
            rf"(^Theorem {theorem}\b.*?\bQed\.)",
            lambda found, added=attempts: found[0] + added,
            text,
            flags=re.DOTALL | re.MULTILINE,
        )
    return "Set Default Timeout 60.\n" + text


def mutants_of(theorem: str) -> list[Mutant]:
    """The mutants of one theorem, in the order of the file."""
    return [mutant for mutant in ALL if mutant.theorem == theorem]


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder of a build that went through, and its record."""
    check_tools()
    folder = tmp_path_factory.mktemp("rocq")
    return folder, build(folder)


@pytest.fixture(scope="session")
def outcome(built):
    """For a file: the names that were stated, and those that were proved."""

    @cache
    def replay(file: str) -> list[set[str]]:
        done = subprocess.run(
            ["coqtop", *OPTIONS],
            cwd=built[0],
            input=session(file),
            capture_output=True,
            text=True,
        )
        return [
            set(re.findall(rf"^{word} (\w+)$", done.stdout, re.MULTILINE))
            for word in ("stated", "proved")
        ]

    return replay


@pytest.mark.formal
def test_everything_is_proved_and_nothing_is_written_beside_the_sources(built):
    _, record = built
    assert record.theorems == dict.fromkeys(sorted(FILES), True)
    assert {path.suffix for path in THEORIES.iterdir()} == {".v"}


@pytest.mark.formal
@pytest.mark.parametrize("mutant", ALL, ids=lambda each: f"{each.theorem}: {each.change}")
def test_a_wrong_statement_is_understood_and_rejected(mutant, outcome):
    stated, proved = outcome(FILES[mutant.theorem])
    name = f"{mutant.theorem}__{mutants_of(mutant.theorem).index(mutant)}"
    assert name in stated
    assert name not in proved


@pytest.mark.formal
@pytest.mark.parametrize("theorem", sorted({mutant.theorem for mutant in ALL}))
def test_the_right_statement_passes_in_the_same_session(theorem, outcome):
    stated, proved = outcome(FILES[theorem])
    assert f"{theorem}__again" in stated & proved


@pytest.mark.parametrize("mutant", ALL, ids=lambda each: f"{each.theorem}: {each.change}")
def test_a_mutant_changes_a_theorem(mutant):
    statement, _ = parts(mutant.theorem)
    assert mutant.of(statement) != statement


def test_every_theorem_is_mutated_or_excused():
    mutated = {mutant.theorem for mutant in ALL}
    assert mutated | UNMUTATED == FILES.keys()
    assert not mutated & UNMUTATED


@pytest.fixture
def scratch(tmp_path_factory):
    """An empty folder to build in."""
    return tmp_path_factory.mktemp("scratch")


@pytest.mark.formal
def test_a_theorem_that_rests_on_an_axiom_is_named(tmp_path, scratch):
    (tmp_path / "sums.v").write_text(
        "Axiom anything : False.\n"
        "Theorem honest : True.\nProof. exact I. Qed.\n"
        "Theorem borrowed : 0 = 1.\nProof. case anything. Qed.\n",
        encoding="utf-8",
    )
    with pytest.raises(
        BuildError, match=r"sums\.borrowed: Axioms:\nsums\.anything : False"
    ) as raised:
        build(scratch, tmp_path)
    assert "honest" not in str(raised.value)


@pytest.mark.formal
def test_a_file_that_does_not_compile_is_reported(tmp_path, scratch):
    (tmp_path / "wrong.v").write_text("Theorem wrong : 0 = 1.\nProof. reflexivity. Qed.\n")
    with pytest.raises(BuildError, match='File "./wrong.v", line 2'):
        compile_files(tmp_path, scratch)
