"""All experts of a layer at once have the masks of one expert after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from checkpoints import model_of
from pruneproof.integration.decoder import parallel
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.decoder.matrices import Matrices
from pruneproof.integration.decoder.parallel import scored_at_once
from pruneproof.integration.pruning import blockwise
from pruneproof.integration.pruning.blockwise import masks_of
from pruneproof.integration.pruning.layer import Observed, keep_mask_of
from pruneproof.integration.pruning.memory import expected_memory
from pruneproof.integration.recipe.plan import METHODS, Plan
from pruneproof.integration.recipe.texts import Texts
from pruneproof.reference import ActivationStatistics

COUNT, OUT, IN = 6, 12, 16
UNREACHED = "experts.3.up"
# Of expert 1 all stays, expert 4 has a sparsity of its own, and no token reached expert 3.
OWN = {"skip": ("*.experts.1.*",), "sparsities": {"*.experts.4.*": 0.25}}
PLANS = [
    *(Plan(method, 0.5, group=group, unreached="magnitude", **OWN)
      for method in METHODS for group in ("output", "layer")),
    *(Plan(method, n_m=(2, 4), unreached="dense") for method in METHODS),
    *(Plan("ria", 0.5, refine=refine, unreached="dense", **OWN)
      for refine in ("dsnot", "r2_dsnot")),
    Plan("wanda", n_m=(2, 4), refine="dsnot", skip=OWN["skip"], unreached="magnitude"),
]  # fmt: skip
LAYOUTS = {
    "joined": {},
    "second half": {"part": (OUT, 2 * OUT, 1)},
    "in turns": {"part": (1, 2 * OUT, 2)},
    "inputs first": {"inputs_first": True},
    "inputs first, in turns": {"inputs_first": True, "part": (0, 2 * OUT, 2)},
}


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two, and experts as small as the tests' are worth one each."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    monkeypatch.setattr(parallel, "WORTH_A_WORKER", 1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def layer() -> Callable[..., tuple[Matrices, nn.Module]]:
    """Experts in one tensor, of any layout."""

    def make(dtype: torch.dtype = torch.float32, **layout: object) -> tuple[Matrices, nn.Module]:
        torch.manual_seed(0)
        matrices = Matrices("experts.*.up", "up", COUNT, OUT, IN, expert=True, **layout)  # type: ignore[arg-type]
        outputs = OUT if matrices.part is None else 2 * OUT
        shape = (IN, outputs) if matrices.inputs_first else (outputs, IN)
        block = nn.Module()
        # Whole numbers, so that scores tie.
        weights = torch.randint(-4, 5, (COUNT, *shape)).to(dtype)
        block.register_parameter("up", nn.Parameter(weights, requires_grad=False))
        return matrices, block

    return make


@pytest.fixture(scope="module")
def seen() -> dict[str, Observed]:
    generator = torch.Generator().manual_seed(1)
    found = {}
    for number in range(COUNT):
        inputs, outputs = ActivationStatistics(IN), ActivationStatistics(OUT)
        if (name := f"experts.{number}.up") != UNREACHED:
            inputs.update(torch.randn(9, IN, generator=generator) + 0.5)
            outputs.update(torch.randn(9, OUT, generator=generator))
        found[name] = Observed(inputs, outputs)
    return found


def of_a_linear(name: str, weight: Tensor, seen: dict[str, Observed], plan: Plan) -> Tensor:
    own = plan.for_layer(0, name)
    if own is not None and own.needs and name == UNREACHED:
        own = own.if_unreached()
    if own is None:
        return torch.ones(weight.shape, dtype=torch.bool)
    return keep_mask_of(weight.clone(memory_format=torch.contiguous_format), seen[name], own)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_masks_are_those_of_a_linear_layer_for_each_expert(plan, layout, layer, seen):
    matrices, block = layer(torch.bfloat16, **LAYOUTS[layout])
    keep = masks_of(0, matrices, block, seen, plan)
    assert (keep.dtype, keep.shape) == (torch.bool, (COUNT, OUT, IN))
    for number, weight in enumerate(matrices.of(block)):
        name = matrices.name_of(number)
        assert keep[number].equal(of_a_linear(name, weight, seen, plan)), name


def test_experts_are_scored_at_once(layer, seen, monkeypatch):
    barrier = threading.Barrier(2)

    def together(weight: Tensor, *_: object) -> Tensor:
        # Returns only where another expert has come as far.
        barrier.wait(timeout=60)
        return torch.ones(weight.shape, dtype=torch.bool)

    monkeypatch.setattr(blockwise, "keep_mask_of", together)
    assert masks_of(0, *layer(), seen, Plan("magnitude", 0.5)).all()


def test_small_experts_are_scored_one_after_the_other(layer, seen, monkeypatch):
    monkeypatch.setattr(parallel, "WORTH_A_WORKER", OUT * IN + 1)
    scored = set()

    def here(weight: Tensor, *_: object) -> Tensor:
        scored.add(threading.current_thread())
        return torch.ones(weight.shape, dtype=torch.bool)

    monkeypatch.setattr(blockwise, "keep_mask_of", here)
    masks_of(0, *layer(), seen, Plan("magnitude", 0.5))
    assert scored == {threading.current_thread()}


def test_the_first_expert_that_is_not_finite_is_named(layer, seen):
    matrices, block = layer()
    block.up.data[[2, 5], 0, 0] = torch.inf
    with pytest.raises(ValueError, match=r"^block 7, experts.2.up: W must be finite"):
        masks_of(7, matrices, block, seen, Plan("wanda", 0.5, unreached="dense"))
    assert torch.get_num_threads() == 2


def test_the_prediction_counts_what_all_workers_hold():
    model = model_of("mixtral")
    model.set_experts_implementation("eager")
    decoder, plan, data = Decoder.of(model), Plan("stochria", 0.5), Texts("", "", 1, 2)
    expert = 16 * 24
    few = expected_memory(model, decoder, plan, data, 1)
    torch.set_num_threads(4)
    assert scored_at_once(4, expert) == 4
    many = expected_memory(model, decoder, plan, data, 1)
    assert many.held == few.held
    # Scores, their copy, and masks before and after, of two experts more.
    assert many.peak - few.peak >= 2 * expert * (2 * 4 + 2)
