"""The oracle of `tox -e families` finds right masks right and wrong ones wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pruneproof.integration.families.oracle import Judgement, blocks_in_order, judge_masks
from pruneproof.integration.families.products import Products, folded
from pruneproof.integration.families.small_model import small_model

State = dict[str, Tensor]
TOKENS = torch.randint(0, 94, (4, 32), generator=torch.Generator().manual_seed(5))


def wanda(weight: Tensor, norms: Tensor) -> None:
    """In place, out_features × in_features, half of each output."""
    scores = weight.double().abs() * norms
    pruned = scores.argsort(1)[:, : weight.shape[1] // 2]
    weight.scatter_(1, pruned, 0.0)


def norms_of(rows: list[Tensor]) -> Tensor:
    return torch.cat([each.reshape(-1, each.shape[-1]) for each in rows]).double().norm(dim=0)


def pruned_by_hooks(model: Any, experts: Callable[..., None] | None = None) -> tuple[State, State]:
    """Dense and pruned parameters: every `nn.Linear` but routers, and the experts by `experts`."""
    dense = {name: each.data.clone() for name, each in model.named_parameters()}
    for block in model.model.layers:
        fed: dict[nn.Module, list[Any]] = {}

        def note(module: nn.Module, args: Any, fed: dict[nn.Module, list[Any]] = fed) -> None:
            fed.setdefault(module, []).append(args if len(args) > 1 else args[0])

        hooks = [
            each.register_forward_pre_hook(note)
            for name, each in block.named_modules()
            if (isinstance(each, nn.Linear) and not name.endswith(("router", "gate")))
            or (name.endswith("experts") and experts is not None)
        ]
        with torch.no_grad():
            for sequence in TOKENS.split(1):
                model(sequence, use_cache=False)
            for hook in hooks:
                hook.remove()
            for module, seen in fed.items():
                if isinstance(module, nn.Linear):
                    wanda(module.weight.data, norms_of(seen))
                else:
                    experts(module, seen)  # type: ignore[misc]
    return dense, {name: each.data.clone() for name, each in model.named_parameters()}


def mixtral_experts(module: Any, seen: list[Any]) -> None:
    for number in range(module.num_experts):
        X = torch.cat([x[(chosen == number).any(-1)] for x, chosen, _ in seen])
        gate, up = (X @ module.gate_up_proj[number].T).chunk(2, -1)
        wanda(module.down_proj.data[number], norms_of([module.act_fn(gate) * up]))
        wanda(module.gate_up_proj.data[number], norms_of([X]))


def gpt_oss_experts(module: Any, seen: list[Any]) -> None:
    """Inputs stand second, gate and up in turns, and the activation is the family's own."""
    for number in range(module.num_experts):
        X = torch.cat([x[(chosen == number).any(-1)] for x, chosen, _ in seen])
        joined = X @ module.gate_up_proj[number] + module.gate_up_proj_bias[number]
        gate, up = joined[:, ::2].clamp(max=7.0), joined[:, 1::2].clamp(-7.0, 7.0)
        within = (up + 1) * gate * torch.sigmoid(gate * 1.702)
        for weight, rows in ((module.down_proj, within), (module.gate_up_proj, X)):
            turned = weight.data[number].T.contiguous()
            wanda(turned, norms_of([rows]))
            weight.data[number] = turned.T


def judged(family: str, dense: State, pruned: State) -> Judgement:
    return judge_masks(eager(family), dense, pruned, TOKENS, 0.5)


def eager(family: str) -> Any:
    model = small_model(family)
    model.set_experts_implementation("eager")
    return model


@pytest.fixture(scope="module")
def llama() -> tuple[State, State]:
    return pruned_by_hooks(small_model("llama"))


def test_right_masks_are_right(llama: tuple[State, State]) -> None:
    found = judged("llama", *llama)
    assert not found.wrong
    assert sum(found.pruned.values()) == 6 * 7
    assert found.zeros == sum(int((each == 0).sum()) for each in llama[1].values())
    assert not found.dense


@pytest.mark.parametrize(
    ("family", "experts"), [("mixtral", mixtral_experts), ("gpt_oss", gpt_oss_experts)]
)
def test_experts_are_judged_by_the_tokens_sent_to_them(
    family: str, experts: Callable[..., None]
) -> None:
    dense, pruned = pruned_by_hooks(eager(family), experts)
    found = judged(family, dense, pruned)
    assert not found.wrong
    assert sum(found.pruned.values()) == 6 * (4 + 6 * 2)
    assert set(found.dense.values()) == {"chooses experts"}
    # The same count, by magnitude.
    name = next(name for name in dense if name.endswith("2.mlp.experts.down_proj"))
    wrong = {**pruned, name: dense[name].clone()}
    for expert in wrong[name]:
        wanda(
            expert if family == "mixtral" else expert.T,
            torch.ones(expert.shape[family == "mixtral"]),
        )
    assert any("scores above a kept one" in each for each in judged(family, dense, wrong).wrong)


def swapped(dense: Tensor, pruned: Tensor) -> Tensor:
    """The largest kept weight of one output is lost, and one that was pruned comes back."""
    result = pruned.clone()
    row, before = result[3], dense[3]
    back = int((row == 0).nonzero()[0])
    row[int(row.abs().argmax())] = 0.0
    row[back] = before[back]
    return result


def one_more(dense: Tensor, pruned: Tensor) -> Tensor:
    result = pruned.clone()
    result[0, int(result[0].abs().argmax())] = 0.0
    return result


def changed(dense: Tensor, pruned: Tensor) -> Tensor:
    result = pruned.clone()
    result[0, int(result[0].abs().argmax())] *= 1 + 2**-20
    return result


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (swapped, "1 of 64 outputs lost a weight that scores above a kept one"),
        (one_more, "32 to 33 zeros an output, must be 32 of 64"),
        (changed, "1 kept weights changed"),
    ],
)
def test_one_wrong_weight_is_found(
    llama: tuple[State, State], fault: Callable[[Tensor, Tensor], Tensor], said: str
) -> None:
    dense, pruned = llama
    name = "model.layers.4.self_attn.q_proj.weight"
    found = judged("llama", dense, {**pruned, name: fault(dense[name], pruned[name])})
    assert [each for each in found.wrong if each.endswith(said) and name in each]


def test_a_matrix_left_dense_has_no_reason(llama: tuple[State, State]) -> None:
    dense, pruned = llama
    name = "model.layers.0.mlp.up_proj.weight"
    found = judged("llama", dense, {**pruned, name: dense[name]})
    assert found.dense == {name: ""}


def test_a_changed_embedding_is_found(llama: tuple[State, State]) -> None:
    dense, pruned = llama
    name = "model.embed_tokens.weight"
    found = judged("llama", dense, {**pruned, name: dense[name] * 2})
    assert f"{name} is outside all blocks and was changed" in found.wrong


def test_masks_of_dense_inputs_are_wrong(llama: tuple[State, State]) -> None:
    """Blocks are fed what the pruned ones before give: a one-shot pruning differs from block 1."""
    dense, pruned = llama
    model = small_model("llama")
    names = [name for _, mine in blocks_in_order(model, TOKENS[:1]) for name in mine]
    with (
        torch.no_grad(),
        Products(
            (name, each) for name, each in model.named_parameters() if name in names
        ) as products,
    ):
        model(TOKENS, use_cache=False)
    at_once = dict(dense)
    for name, seen in products.seen.items():
        for matrix in folded(seen):
            weight = dense[name].clone()
            wanda(weight, matrix.squares.sqrt())
            at_once[name] = weight
    blocks = {int(re.findall(r"\d+", each)[0]) for each in judged("llama", dense, at_once).wrong}
    assert 0 not in blocks
    assert 5 in blocks
    assert pruned.keys() == at_once.keys()


@pytest.mark.parametrize(
    "product",
    [
        lambda W, X: X @ W[0],
        lambda W, X: torch.bmm(X[None], W[:1]),
        lambda W, X: torch.einsum("ti,io->to", X, W[0]),
        lambda W, X: nn.functional.linear(X, W[0].T.contiguous()),
        lambda W, X: (W[0].T @ X.T).T,
        lambda W, X: X @ W[torch.tensor([0])][0],
        lambda W, X: X @ W.clone()[0],
    ],
)
def test_weights_are_known_however_they_are_multiplied(product: Callable[..., Tensor]) -> None:
    W, X = torch.randn(2, 4, 3), torch.randn(5, 4)
    with Products([("W", W)]) as products:
        product(W, X)
    (matrix,) = folded(products.seen["W"])
    assert matrix.places.tolist() == torch.arange(12).view(4, 3).tolist()
    assert matrix.tokens == 5
    torch.testing.assert_close(matrix.squares, X.double().square().sum(0), rtol=1e-15, atol=0)
