"""How the cells are given to workers and devices, and what happens without a device."""

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import pytest

from pruneproof.integration.regression import tiers
from pruneproof.integration.regression.options import device_of


def test_workers_have_a_device_each():
    assert [device_of(worker, 2) for worker in ("master", "gw0", "gw1")] == [
        "cuda:0",
        "cuda:0",
        "cuda:1",
    ]
    with pytest.raises(ValueError, match="worker gw2 has no CUDA device: there are 2; use -n 2"):
        device_of("gw2", 2)


GPU_TESTS = Path(__file__).with_name("test_gpu.py")


def test_the_cells_of_a_model_are_one_group_for_the_workers():
    spec = spec_from_file_location("gpu_tests", GPU_TESTS)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    given = []
    module.pytest_generate_tests(
        SimpleNamespace(
            config=SimpleNamespace(getoption={"tier": "headline"}.get),
            parametrize=lambda _, parameters: given.extend(parameters),
        )
    )
    assert [each.values[0] for each in given] == tiers.cells("headline")
    for each in given:
        assert [mark.name for mark in each.marks] == ["xdist_group"]
        assert each.marks[0].args == (each.values[0].model,)


def test_without_a_gpu_every_cell_is_skipped_and_says_why():
    command = ["-m", "pytest", "-m", "gpu", "-q", "-rs", "--tier", "headline"]
    run = subprocess.run(
        [sys.executable, *command, "-p", "no:cacheprovider", str(GPU_TESTS)],
        cwd=GPU_TESTS.parents[2],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "30 skipped" in run.stdout
    assert "needs a CUDA device, and torch finds none here" in run.stdout
