"""Each parameter of a method is an option of `prune`, of its type and with its help."""

from inspect import signature
from typing import get_args, get_type_hints

import pytest
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.cli.of_methods import OF_REFINEMENTS, OF_SCORES, helps, of_refinement, of_score
from pruneproof.cli.prune import prune
from pruneproof.integration.recipe.plan import METHODS, Plan
from pruneproof.reference.methods import PARAMETERS, REFINEMENTS, REFINING, Interval

RECORDS = {
    **{option: PARAMETERS[name] for option, name in OF_SCORES.items()},
    **{option: REFINING[name] for option, name in OF_REFINEMENTS.items()},
}


def type_of(allowed):
    if isinstance(allowed, Interval):
        return int if allowed.whole else float
    return str if isinstance(allowed, tuple) else bool


@pytest.mark.parametrize("option", RECORDS)
def test_a_parameter_is_an_option_of_its_type(option):
    assert option in signature(prune).parameters, f"cli/prune.py has no option for {option}"
    assert signature(prune).parameters[option].default is None
    expected = type_of(RECORDS[option].allowed)
    assert set(get_args(get_type_hints(prune)[option])) == {expected, type(None)}


def test_the_help_has_every_method_and_parameter():
    shown = CliRunner().invoke(app, ["prune", "--help"], env={"COLUMNS": "400"}).output
    assert set(helps()) == {"method", "refine", *RECORDS}
    for text in helps().values():
        assert "{" not in text
        assert text in shown
    for name in (*METHODS, *REFINEMENTS):
        assert name in shown


def test_what_is_given_reaches_its_method():
    given = {"alpha": 0.5, "terms": "input", "refine_alpha": 2.0, "guard": False, "seed": 3}
    assert of_score("ria", given) == {"alpha": 0.5, "terms": "input"}
    assert of_score("stochria", given) == {"alpha": 0.5, "terms": "input", "seed": 3}
    assert of_score("no such method", given) == {"alpha": 0.5, "terms": "input"}
    assert of_refinement(given) == {"alpha": 2.0, "guard": False}


@pytest.mark.parametrize("method", METHODS)
def test_every_score_is_planned_by_its_defaults(method):
    plan = Plan(method, 0.5, parameters=Plan(method, 0.5).score.defaults)
    assert plan.needs == Plan(method, 0.5).needs
