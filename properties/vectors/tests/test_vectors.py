"""The frozen vectors are what is computed, have the form of the schema, and fit the reference."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pruneproof.properties.vectors.check import FOLDER, Outcome, judged, names
from pruneproof.properties.vectors.form import FLAGS, as_bound, file_text, vector
from pruneproof.properties.vectors.make import make
from pruneproof.reference.methods import REFINEMENTS, SCORES

Files = dict[str, dict[str, Any]]
Replies = Callable[..., list[dict[str, Any]]]
Outcomes = Callable[..., Iterator[Outcome]]

SCHEMA = json.loads((FOLDER / "schema.json").read_text("utf-8"))


def test_making_them_again_gives_the_same_bytes(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert sorted(path.stem for path in made) == names()
    for path in made:
        assert path.read_bytes() == (FOLDER / path.name).read_bytes(), f"{path.name} has changed"
    assert (tmp_path / "schema.json").read_bytes() == (FOLDER / "schema.json").read_bytes()


def test_there_are_vectors_of_every_method(files: Files) -> None:
    others = {"keep_mask", "keep_n_of_m", "activation_statistics"}
    assert set(files) == {*SCORES, *REFINEMENTS, *others}
    assert {flag for file in files.values() for flag in file["flags"]} == set(FLAGS)
    for file in files.values():
        assert {"valid", "invalid"} <= {test["result"] for test in file["tests"]}


def test_ids_are_unique(files: Files) -> None:
    ids = [test["id"] for file in files.values() for test in file["tests"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", names())
def test_a_file_has_the_form_of_the_schema(files: Files, name: str) -> None:
    jsonschema.validate(files[name], SCHEMA)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("wanda", ("tests", 0, "expected"), None),
        ("wanda", ("tests", 0, "expected", "values", 0), "1.5"),
        ("wanda", ("tests", 0, "result"), "right"),
        ("wanda", ("tests", 0, "result"), "acceptable"),
        ("wanda", ("tests", 0, "result"), "invalid"),
        ("wanda", ("tests", 0, "id"), "wanda"),
        ("keep_mask", ("tests", 0, "expected", "entries", 0, 0), "stay"),
        ("activation_statistics", ("tests", 0, "expected", "tokens"), "six"),
    ],
)
def test_the_schema_refuses_another_form(files: Files, name: str, path: tuple, value: Any) -> None:
    file = copy.deepcopy(files[name])
    place: Any = file
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(file, SCHEMA)


@pytest.mark.parametrize("name", names())
def test_the_reference_gives_the_answers(outcomes: Outcomes, given_samples: Any, name: str) -> None:
    verdicts = {outcome.id: outcome for outcome in outcomes(name, given_samples)}
    wrong = [outcome for outcome in verdicts.values() if outcome.verdict != "passed"]
    # The reference refuses a partial group, which is another convention.
    assert [outcome.id for outcome in wrong] == ["keep_n_of_m/tail-dense"] * (name == "keep_n_of_m")


@pytest.mark.parametrize("name", names())
def test_an_altered_vector_is_not_what_the_reference_answers(
    files: Files, replies: Replies, given_samples: Any, name: str
) -> None:
    call, tests = files[name]["call"], files[name]["tests"]
    for test, given in zip(tests, replies(name, given_samples), strict=True):
        if test["result"] == "valid" and "unsupported" not in given:
            assert judged(call, test, given).verdict == "passed"
            assert judged(call, altered(test), given).verdict == "failed", test["id"]


def altered(test: dict[str, Any]) -> dict[str, Any]:
    """A vector that expects something else in one place."""
    test = copy.deepcopy(test)
    expected = test["expected"]
    if "pruned" in expected:
        expected["pruned"][-1] += 1
    elif "tokens" in expected:
        expected["mean"]["values"][-1] = changed(expected["mean"]["values"][-1])
    else:
        expected["values"][-1] = changed(expected["values"][-1])
    return test


def changed(number: str) -> str:
    exact = float.fromhex(number)
    return float.hex(exact * 1.125 if exact else 1.0)


def test_only_finite_bounds_and_known_flags_are_frozen() -> None:
    with pytest.raises(ValueError, match="bound must be finite"):
        as_bound([1.0, float("inf")])
    with pytest.raises(ValueError, match="flags must be among"):
        vector("a/b", "", ("Unheard",))
    with pytest.raises(ValueError, match="ids must be unique"):
        file_text("score", "ri", "", [vector("ri/a", ""), vector("ri/a", "")])


def test_a_bound_is_rounded_up_and_by_little() -> None:
    for number in (0.1, 1.0, 3e-300, 5e-324, 0.0):
        assert number <= as_bound([number]).item() <= number * (1 + 2.0**-9)
