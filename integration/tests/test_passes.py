"""Forward passes wait at each block, go on with its answer, and leave the model as it was."""

import gc
import weakref
from dataclasses import dataclass

import pytest
import torch
from accelerate import cpu_offload
from accelerate.hooks import ModelHook, add_hook_to_module
from torch import nn

from pruneproof.integration.decoder.passes import (
    Call,
    Pass,
    Passes,
    check_finite,
    tensors_in,
    waiting,
)

BLOCKS, WIDTH = 6, 4


@dataclass
class Output:
    logits: torch.Tensor


class Block(nn.Module):
    def __init__(self, number):
        super().__init__()
        self.proj = nn.Linear(WIDTH, WIDTH)
        self.number = number

    def forward(self, hidden, shift, *, scale):
        """Answers with a tuple, as many families do."""
        return self.proj(hidden + shift) * scale, self.number


class Model(nn.Module):
    """Its own loop adds to what blocks answer, and gives each a scale of its own."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(9, WIDTH)
        self.blocks = nn.ModuleList(map(Block, range(BLOCKS)))

    def get_input_embeddings(self):
        return self.embed

    def forward(self, tokens, use_cache):
        assert use_cache is False
        hidden, shift = self.embed(tokens), tokens[..., None] / 9
        for number, block in enumerate(self.blocks):
            scale = 1 + number + tokens.sum() / 100
            hidden, answered = block(hidden, shift, scale=scale)
            assert answered == number
            hidden = hidden + 1
        return Output(hidden @ self.embed.weight.T)


@pytest.fixture
def model():
    return Model().eval()


@pytest.fixture
def sequences():
    return torch.arange(12).view(4, 3) % 9


@pytest.fixture
def expected(model, sequences):
    """What the model gives for each sequence in one go."""
    with torch.no_grad():
        return [model(each, use_cache=False).logits for each in sequences.split(1)]


def through(model, sequences, passes):
    for number in range(BLOCKS - 1):
        passes.advance(number, model.blocks[number])
    last = BLOCKS - 1
    return [each.logits for each in passes.results(last, model.blocks[last])]


def assert_equal(found, expected):
    assert len(found) == len(expected)
    assert all(one.equal(other) for one, other in zip(found, expected, strict=True))


def test_what_comes_out_is_what_the_model_gives(model, sequences, expected):
    with waiting(model.blocks):
        assert_equal(through(model, sequences, Passes(model, sequences)), expected)


@pytest.mark.parametrize("threads", [1, 3])
def test_it_is_the_same_with_several_sequences_at_a_time(model, sequences, expected, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with waiting(model.blocks):
            passes = Passes(model, sequences)
            for number in range(BLOCKS - 1):
                passes.advance(number, model.blocks[number], at_once=True)
            results = passes.results(BLOCKS - 1, model.blocks[-1])
            assert_equal([each.logits for each in results], expected)
    finally:
        torch.set_num_threads(before)


def test_every_sequence_waits_at_the_same_block_with_arguments_of_its_own(model, sequences):
    with waiting(model.blocks):
        passes = Passes(model, sequences)
        for number in range(BLOCKS):
            calls = passes.calls()
            assert [each.number for each in calls] == [number] * 4
            for call, sequence in zip(calls, sequences, strict=True):
                assert call.args[1].flatten().equal(sequence / 9)
                assert call.kwargs == {"scale": 1 + number + sequence.sum() / 100}
            if number + 1 < BLOCKS:
                passes.advance(number, model.blocks[number])
        results = list(passes.results(BLOCKS - 1, model.blocks[-1]))
        assert len(results) == 4
        assert not passes.calls()


def test_a_block_runs_only_when_it_is_told_to(model, sequences):
    ran = []
    for block in model.blocks:
        block.register_forward_pre_hook(lambda block, _: ran.append(block.number))
    with waiting(model.blocks):
        passes = Passes(model, sequences)
        # The model's own call runs hooks, and then waits.
        assert ran == [0] * 4
        ran.clear()
        for call in passes.calls():
            model.blocks[0].proj.weight.data.zero_()
            answer, _ = call(model.blocks[0])
            assert answer.equal(
                (model.blocks[0].proj.bias * call.kwargs["scale"]).expand_as(answer)
            )
        assert ran == [0] * 4


def test_the_next_block_is_fed_by_the_block_as_it_is_now(model, sequences):
    with torch.no_grad(), waiting(model.blocks):
        passes = Passes(model, sequences)
        model.blocks[0].proj.weight.zero_()
        passes.advance(0, model.blocks[0])
        for call, sequence in zip(passes.calls(), sequences, strict=True):
            scale = 1 + sequence.sum() / 100
            fed = (model.blocks[0].proj.bias * scale + 1).expand(1, 3, WIDTH)
            assert call.args[0].equal(fed)


def test_a_block_that_somebody_else_calls_runs(model, sequences, expected):
    x = torch.ones(1, 3, WIDTH)
    with torch.no_grad():
        alone = model.blocks[2](x, x, scale=2)[0]
        with waiting(model.blocks):
            passes = Passes(model, sequences)
            assert model.blocks[2](x, x, scale=2)[0].equal(alone)
            # And the whole model, while others wait.
            assert_equal([model(sequences[:1], use_cache=False).logits], expected[:1])
            assert_equal(through(model, sequences, passes), expected)


def test_without_waiting_a_pass_runs_to_its_end(model, sequences, expected):
    way = Pass(model, sequences[:1])
    with torch.no_grad():
        way.go_on()
    assert way.call is None
    assert way.result.logits.equal(expected[0])


def test_no_gradients_are_kept(model, sequences):
    with waiting(model.blocks):
        passes = Passes(model, sequences)
        passes.advance(0, model.blocks[0])
        assert not any(each.requires_grad for call in passes.calls() for each in call.args)
    assert torch.is_grad_enabled()


class OddError(Exception):
    pass


def step_by_step(model, sequences, came):
    with waiting(model.blocks):
        passes = Passes(model, sequences)
        for number in range(BLOCKS - 1):
            came.append(number)
            passes.advance(number, model.blocks[number])
        came.append(BLOCKS - 1)
        list(passes.results(BLOCKS - 1, model.blocks[-1]))


@pytest.mark.parametrize("place", ["before", "between", "after", "in a block"])
def test_an_error_inside_the_model_reaches_the_caller(model, sequences, place):
    def fail(*_):
        raise OddError(place)

    where = {
        "before": (model.embed, None), "between": (model.blocks[3], None),
        "after": (model, "hook"), "in a block": (model.blocks[3].proj, None),
    }[place]  # fmt: skip
    (where[0].register_forward_hook if where[1] else where[0].register_forward_pre_hook)(fail)
    came = []
    with pytest.raises(OddError, match=place):
        step_by_step(model, sequences, came)
    # The one after which the error comes: a call is a pass' way to the next block.
    assert len(came) == {"before": 0, "between": 3, "in a block": 4, "after": 6}[place]
    assert_restored(model)


def test_outputs_that_are_not_finite_name_block_and_sequence(model, sequences):
    with waiting(model.blocks):
        passes = Passes(model, sequences)
        passes.advance(0, model.blocks[0])
        passes.calls()[2].args[0][0, 0, 0] = torch.inf
        with pytest.raises(
            ValueError, match="^block 1: its outputs hold inf or nan for sequence 2"
        ):
            passes.advance(1, model.blocks[1])
    with pytest.raises(ValueError, match="block 7: its outputs hold inf or nan for sequence 9"):
        check_finite(7, 9, {"hidden": torch.tensor([1.0, torch.nan])})
    check_finite(7, 9, (torch.ones(2), torch.tensor(torch.inf)))
    check_finite(7, 9, torch.ones(2, dtype=torch.long))
    check_finite(7, 9, None)


def test_the_last_blocks_outputs_are_looked_at_too(model, sequences):
    model.blocks[-1].proj.weight.data.fill_(torch.nan)
    with waiting(model.blocks), pytest.raises(ValueError, match="^block 5: .* for sequence 0"):
        through(model, sequences, Passes(model, sequences))


def assert_restored(model):
    assert all("forward" not in vars(each) for each in model.blocks)


def test_forwards_are_as_they_were(model, sequences):
    with waiting(model.blocks):
        assert all("forward" in vars(each) for each in model.blocks)
    assert_restored(model)
    with pytest.raises(OddError), waiting(model.blocks):
        raise OddError
    assert_restored(model)


class Doubling(ModelHook):
    def post_forward(self, module, output):
        return output[0] * 2, output[1]


def test_a_forward_that_accelerate_has_put_there_stays_and_takes_part(model, sequences):
    for block in model.blocks:
        add_hook_to_module(block, Doubling())
    before = [vars(each)["forward"] for each in model.blocks]
    with torch.no_grad():
        expected = [model(each, use_cache=False).logits for each in sequences.split(1)]
    with waiting(model.blocks):
        assert_equal(through(model, sequences, Passes(model, sequences)), expected)
    assert [vars(each)["forward"] for each in model.blocks] == before
    with torch.no_grad():
        assert_equal([model(sequences[:1], use_cache=False).logits], expected[:1])


def test_weights_that_accelerate_brings_for_a_pass_are_there(model, sequences, expected):
    cpu_offload(model.blocks, torch.device("cpu"))
    assert all(each.is_meta for each in model.blocks.parameters())
    with waiting(model.blocks):
        assert_equal(through(model, sequences, Passes(model, sequences)), expected)
    assert all(each.is_meta for each in model.blocks.parameters())


def test_spent_tensors_are_freed_when_the_first_block_is_done(model, sequences, expected):
    with waiting(model.blocks):
        passes = Passes(model, sequences, spent=(0,))
        given = [weakref.ref(call.args[0].untyped_storage()) for call in passes.calls()]
        held = [call.args[0] for call in passes.calls()]
        assert all(each.shape == (1, 3, WIDTH) for each in held)
        passes.advance(0, model.blocks[0])
        # Whoever still names one finds that it has no length, not old numbers.
        assert all(each.shape == (0,) for each in held)
        gc.collect()
        assert all(each() is None for each in given)
        shifts = [call.args[1] for call in passes.calls()]
        assert all(each.numel() == 3 for each in shifts), "others are still there"
        for number in range(1, BLOCKS - 1):
            passes.advance(number, model.blocks[number])
        results = passes.results(BLOCKS - 1, model.blocks[-1])
        assert_equal([each.logits for each in results], expected)


def test_a_result_is_given_away_and_not_kept(model, sequences):
    with waiting(model.blocks):
        passes = Passes(model, sequences)
        for number in range(BLOCKS - 1):
            passes.advance(number, model.blocks[number])
        alive = []
        for result in passes.results(BLOCKS - 1, model.blocks[-1]):
            assert all(each() is None for each in alive)
            alive.append(weakref.ref(result))
            del result
        assert len(alive) == 4


def test_passes_that_are_not_finished_can_be_dropped(model, sequences, expected):
    with waiting(model.blocks):
        passes = Passes(model, sequences)
        passes.advance(0, model.blocks[0])
        hidden = [weakref.ref(call.args[0]) for call in passes.calls()]
        assert all(each() is not None for each in hidden)
        del passes
        gc.collect()
        assert all(each() is None for each in hidden)
        assert_equal(through(model, sequences, Passes(model, sequences)), expected)
    assert_restored(model)


def test_passes_can_outlive_waiting(model, sequences, expected):
    with waiting(model.blocks):
        passes = Passes(model, sequences)
    assert_restored(model)
    del passes
    gc.collect()
    with torch.no_grad():
        assert_equal([model(sequences[:1], use_cache=False).logits], expected[:1])


def test_tensors_are_found_in_what_is_nested():
    one, two, three = torch.ones(1), torch.ones(2), torch.ones(3)
    value = ((one, None, 3), {"a": [two, "text"], "b": {"c": three}})
    assert [len(each) for each in tensors_in(value)] == [1, 2, 3]
    assert tensors_in(5) == []


def test_a_call_calls():
    assert Call(3, (2,), {"b": 5})(lambda a, b: (a, b)) == (2, 5)
