"""The paper's cells on the paper's models: `pytest -m gpu`, see "Regression runs on a GPU"."""

import dataclasses

import pytest

from pruneproof.integration.paper_tables import Cell
from pruneproof.integration.regression.options import device_of
from pruneproof.integration.regression.tiers import cells

pytestmark = pytest.mark.gpu


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = cells(metafunc.config.getoption("tier"))
    parameters = [
        # With `--dist loadgroup`, a model's cells stay on the worker that has loaded it.
        pytest.param(cell, id=cell.id, marks=pytest.mark.xdist_group(cell.model))
        for cell in chosen
    ]
    metafunc.parametrize("cell", parameters)


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    import torch

    if chosen := request.config.getoption("device"):
        return chosen
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device, and torch finds none here (see --device)")
    worker = getattr(request.config, "workerinput", {}).get("workerid", "master")
    return device_of(worker, torch.cuda.device_count())


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, device: str):
    from pruneproof.integration.bands.settings import PAPER
    from pruneproof.integration.experiments import Ledger
    from pruneproof.integration.regression.examination import doctor
    from pruneproof.integration.regression.measuring import Bench
    from pruneproof.integration.regression.models import Models, checkpoints

    option = request.config.getoption
    data = dataclasses.replace(
        PAPER, calibration=option("calibration"), evaluate=option("evaluate")
    )
    return Bench(
        Ledger(option("ledger")),
        Models(checkpoints(option("checkpoint")), device, examine=doctor),
        data,
        every_reading=option("tier") == "full",
    )


def test_a_measured_number_agrees_with_the_printed_one(cell: Cell, bench) -> None:
    from pruneproof.integration.regression.models import UnavailableError, UnfitError

    try:
        outcome = bench.check(cell)
    except UnavailableError as missing:
        pytest.skip(str(missing))
    except UnfitError as unfit:
        pytest.fail(f"the doctor: {unfit}", pytrace=False)
    if not outcome.supported:
        pytest.fail(str(outcome), pytrace=False)
