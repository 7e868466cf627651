"""One short sequence shows how a model's blocks are called, or that they cannot be pruned."""

import copy

import pytest
import torch
from torch import nn

from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.decoder.trial import held_by_a_pass, trial
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.recipe.plan import Plan
from toys import BLOCKS, WIDTH, Block, Toy, names, toy, weightless


def linear(*more):
    return lambda: nn.Linear(WIDTH, WIDTH, *more)


def assert_refused(model, message):
    """By a trial with weights and without."""
    for each in (model, weightless(model)):
        with pytest.raises(ValueError, match=message) as error:
            Decoder.of(each)
        assert "\n" not in str(error.value)


def assert_pruned(model, tokens):
    """Half of each matrix' outputs goes, and the pruning is that of whole forward passes."""
    seen = {}
    list(prune_blocks(model, tokens % 11, Plan("magnitude", 0.5), store_masks=seen.__setitem__))
    assert sorted(seen) == list(range(BLOCKS))
    assert all(
        (~each).sum() == each.numel() // 2 for masks in seen.values() for each in masks.values()
    )


def test_a_plain_stack_is_found(tokens):
    seen = trial(Toy())
    assert seen.stack == "blocks"
    assert [sorted(each) for each in seen.uses] == [["down.weight", "up.weight"]] * BLOCKS
    assert seen.uses[3]["up.weight"].shapes == {((12, WIDTH), False)}
    assert seen.routed == [False] * BLOCKS
    assert seen.spent == (0,)
    assert not seen.between
    assert_pruned(Toy(), tokens)


def test_it_leaves_the_model_as_it_was():
    model = Toy()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    Decoder.of(model)
    assert all(each.equal(before[name]) for name, each in model.state_dict().items())
    assert all("forward" not in vars(each) for each in model.modules())
    assert not any(each._forward_pre_hooks for each in model.modules())


def test_the_trial_is_of_what_a_cpu_does():
    """GPT-OSS in transformers 4 sends tokens to experts there, and all to each elsewhere."""

    def forward(self, hidden):
        if hidden.device.type == "cpu":
            chosen = self.up(hidden).argmax(-1).unique()
            return hidden + sum(self.down(hidden) for _ in chosen)
        return hidden + self.elsewhere(hidden)

    seen = trial(toy(forward, up=linear(), down=linear(), elsewhere=linear()))
    assert [sorted(each) for each in seen.uses] == [["down.weight", "up.weight"]] * BLOCKS
    assert seen.routed == [True] * BLOCKS


class TwoStacks(Toy):
    def __init__(self):
        super().__init__()
        self.others = nn.ModuleList([Block(10) for _ in range(BLOCKS)])

    def through(self, hidden):
        for one, other in zip(self.blocks, self.others, strict=True):
            hidden = other(one(hidden))
        return hidden


class Encoded(TwoStacks):
    def through(self, hidden):
        for each in (*self.others, *self.blocks):
            hidden = each(hidden)
        return hidden


@pytest.mark.parametrize(
    ("model", "first", "second"), [(TwoStacks, "blocks", "others"), (Encoded, "others", "blocks")]
)
def test_a_second_stack_would_stay_dense(model, first, second):
    message = f"beside the blocks of {first} it calls those of {second}, which would stay dense"
    assert_refused(model(), message)


class Twice(Toy):
    def through(self, hidden):
        return super().through(super().through(hidden))


class Repeated(Toy):
    def through(self, hidden):
        for block in self.blocks:
            hidden = block(block(hidden))
        return hidden


class Backwards(Toy):
    def through(self, hidden):
        for block in reversed(self.blocks):
            hidden = block(hidden)
        return hidden


class LeavesOneOut(Toy):
    def through(self, hidden):
        for block in self.blocks[:-1]:
            hidden = block(hidden)
        return hidden


@pytest.mark.parametrize(
    ("model", "order"),
    [
        (Twice, "0, 1, 2, 3, 4, 5, 0"),
        (Repeated, "0, 0"),
        (Backwards, "5"),
        (LeavesOneOut, "0, 1, 2, 3, 4"),
    ],
)
def test_blocks_that_are_not_called_once_each_and_in_order(model, order):
    message = f"the 6 blocks of blocks are called in the order {order} …; only blocks that are"
    assert_refused(model(), message)


def test_a_block_that_changes_its_input_in_place():
    model = toy(lambda block, x: block.lin(x.mul_(2)), lin=linear())
    assert_refused(model, "block 0 of blocks changes its inputs in place, so it cannot be run")


def test_a_block_may_change_what_it_has_made_in_place(tokens):
    assert_pruned(toy(lambda block, x: block.lin(x).relu_().add_(x), lin=linear()), tokens)


class WithTower(Toy):
    """Has a larger stack that text does not reach, as multimodal models have."""

    def __init__(self):
        super().__init__()
        self.vision = nn.ModuleList([Block(100) for _ in range(2 * BLOCKS)])


def test_a_larger_stack_that_is_not_called_is_not_taken(tokens):
    assert trial(WithTower()).stack == "blocks"
    assert_pruned(WithTower(), tokens)


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.experts = nn.ModuleList([Block(30) for _ in range(9)])

    def forward(self, x):
        return sum(each(x) for each in self.experts)


def test_a_list_inside_a_member_is_not_taken(tokens):
    decoder = Decoder.of(Toy(Experts))
    assert decoder.stack == "blocks"
    assert len(decoder.matrices[0]) == 2 * 9
    assert_pruned(Toy(Experts), tokens)


class WithAdapters(Toy):
    """Has a list of single layers beside its blocks, which it uses between them."""

    def __init__(self):
        super().__init__()
        self.adapters = nn.ModuleList([nn.Linear(WIDTH, WIDTH) for _ in range(BLOCKS)])

    def through(self, hidden):
        for block, adapter in zip(self.blocks, self.adapters, strict=True):
            hidden = block(adapter(hidden))
        return hidden


def test_single_layers_between_the_blocks_are_no_second_stack(tokens):
    seen = trial(WithAdapters())
    assert (seen.stack, seen.between) == ("blocks", True)
    assert_pruned(WithAdapters(), tokens)


class NormedAtTheEnd(Toy):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)

    def through(self, hidden):
        return self.norm(super().through(self.norm(hidden)))


def test_weights_before_and_after_all_blocks_are_not_between_them():
    assert not trial(NormedAtTheEnd()).between


class Remembering(Toy):
    """Adds what went into the first block to what comes out of the last."""

    def through(self, hidden):
        return hidden + super().through(hidden)


def test_an_input_that_is_looked_at_again_is_not_spent(tokens):
    assert trial(Remembering()).spent == ()
    # What is looked at again is held beside what the later blocks are given.
    width = 5 * WIDTH * 4
    plain, again = (
        held_by_a_pass(each, "blocks", trial(each).spent, 5) for each in (Toy(), Remembering())
    )
    assert (plain, again) == (width, 2 * width)
    assert_pruned(Remembering(), tokens)


class Handing(nn.Module):
    """The first puts something into a dictionary that all others take out of it."""

    def __init__(self):
        super().__init__()
        self.keys, self.values = linear()(), linear()()

    def forward(self, x, shared):
        if "keys" not in shared:
            shared["keys"] = self.keys(x)
        return x + self.values(x * shared["keys"])


class Shared(Toy):
    def __init__(self):
        super().__init__(Handing)

    def through(self, hidden):
        shared = {}
        for block in self.blocks:
            hidden = block(hidden, shared)
        return hidden


def test_what_a_block_hands_on_in_a_dictionary_reaches_the_others(tokens):
    decoder = Decoder.of(Shared())
    assert names(decoder.matrices[0]) == ["keys", "values"]
    for number in range(1, BLOCKS):
        assert names(decoder.matrices[number]) == ["values"]
        assert decoder.dense[number] == {"keys": "no product of a text's pass uses it"}
    model, tokens = Shared(), tokens % 11
    dense = copy.deepcopy(model)
    masks = {}
    list(prune_blocks(model, tokens, Plan("wanda", 0.5), store_masks=masks.__setitem__))
    # By hand: norms of what the values see in whole passes, with the blocks before pruned.
    for number, block in enumerate(dense.blocks):
        seen = []
        hook = block.values.register_forward_pre_hook(
            lambda _, args, seen=seen: seen.append(args[0])
        )
        with torch.no_grad():
            for each in tokens.split(1):
                dense(each)
        hook.remove()
        norms = torch.cat(seen, 1)[0].double().norm(dim=0)
        kept = (block.values.weight.double().abs() * norms).argsort(1, descending=True)[:, :4]
        expected = torch.zeros(WIDTH, WIDTH, dtype=torch.bool).scatter(1, kept, value=True)
        assert masks[number]["values"].equal(expected)
        for name, mask in masks[number].items():
            block.get_submodule(name).weight.data.mul_(mask)


class OwnNames(Toy):
    def forward(self, ids):
        return self.head(self.through(self.embed(ids)))


class NeedsMore(Toy):
    def forward(self, tokens, pictures, use_cache=True):
        return super().forward(tokens)


class Fails(Toy):
    def through(self, hidden):
        raise KeyError("a line\nand another")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (OwnNames, "model: OwnNames does not run on 6 tokens alone.*TypeError: .*use_cache"),
        (NeedsMore, "model: NeedsMore does not run on 6 tokens alone.*TypeError: .*pictures"),
        (Fails, "model: Fails does not run on 6 tokens alone"),
        (lambda: nn.Linear(2, 2), "model: Linear holds no nn.ModuleList of blocks that it calls"),
    ],
)
def test_a_model_that_does_not_run_on_text_is_refused(model, message):
    assert_refused(model(), message)


class Silent(Toy):
    def through(self, hidden):
        return hidden


def test_blocks_that_are_never_called(tokens):
    assert_refused(Silent(), "model: Silent holds no nn.ModuleList of blocks that it calls")


def test_shared_blocks_and_shared_weights_are_refused():
    model = Toy()
    model.blocks[4].up.weight = model.blocks[1].up.weight
    assert_refused(
        model, "up.weight of block 1 is shared with another block or with what is outside"
    )
    model = Toy()
    model.blocks[2].out = model.head
    assert_refused(model, "out.weight of block 2 is shared with another block or with what is out")
    model = Toy()
    model.blocks[3] = model.blocks[0]
    assert_refused(model, "the 6 blocks of blocks are called in the order 3 …")


@pytest.mark.parametrize("family", ["llama", "opt", "qwen", "gpt_neox"])
def test_it_needs_no_weights(family, decoder_of):
    model = decoder_of(family)
    assert Decoder.of(model) == Decoder.of(weightless(model))


@pytest.mark.parametrize(
    "model",
    [Toy, WithTower, WithAdapters, NormedAtTheEnd, Remembering, Shared, lambda: Toy(Experts)],
)
def test_a_hand_written_model_needs_none_either(model):
    assert Decoder.of(model()) == Decoder.of(weightless(model()))


def test_it_takes_no_memory_to_speak_of():
    """Blocks of 40 TB."""
    wide = 10**6

    class Wide(nn.Module):
        def __init__(self):
            super().__init__()
            self.up = nn.Linear(wide, 10 * wide, bias=False, device="meta")
            self.down = nn.Linear(10 * wide, wide, bias=False, device="meta")

        def forward(self, x):
            return x + self.down(self.up(x))

    model = Toy(Wide)
    model.embed = nn.Embedding(11, wide, device="meta")
    model.head = nn.Linear(wide, 11, device="meta")
    decoder = Decoder.of(model)
    assert [each.weights for each in decoder.matrices[0]] == [10 * wide**2] * 2
