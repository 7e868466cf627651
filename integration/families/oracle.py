"""The masks that Wanda chooses, found without anything of the pruning under test.

Whole forward passes of the whole model, in double precision, all sequences at once, since none of
them knows of another; and in single precision, half of them at a time, to learn what rounding does.
What each weight is multiplied by is seen where torch computes the product. The blocks before the
one that is looked at are pruned already, as the paper's codes have it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from pruneproof.integration.families.products import Matrix, Products, Seen, folded

LEAST = 2.0**-20
"""Relative errors of scores in single precision that no comparison of passes may show."""
MOST = 1e-2
"""Above it the two passes differ so much that nothing can be said."""
EXPERTS = re.compile(r"(moe_)?num_(local_)?experts|n_routed_experts|zero_expert_num")
CONVOLUTION, UNREACHED = "convolution", "no token reached it"
State = dict[str, Tensor]


@dataclass
class Judgement:
    """What is to be said about a model's blocks.

    Attributes:
        pruned: matrices that were pruned, by parameter, with how many.
        zeros: how many weights they lost.
        dense: by parameter, why it may stay dense, or "" where nothing speaks for it.
        wrong: sentences, each a defect.
    """

    pruned: dict[str, int] = field(default_factory=dict)
    zeros: int = 0
    dense: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def judge_masks(model: Any, dense: State, pruned: State, tokens: Tensor, half: float) -> Judgement:
    """Compare masks with the oracle's.

    Args:
        model: the dense model; is left with other weights.
        dense: its parameters by name.
        pruned: the same parameters, pruned.
        tokens: calibration sequences, count × length.
        half: the sparsity within each output.
    """
    found = Judgement()
    blocks = list(blocks_in_order(model, tokens[:1]))
    inside = {name for _, names in blocks for name in names}
    for name in dense:
        if name not in inside and not torch.equal(dense[name], pruned[name]):
            found.wrong.append(f"{name} is outside all blocks and was changed")
    # Not `float()`: a parameter of lower precision is to stay what it is.
    copies = single, double = [copy_of(model), copy_of(model).double()]
    # Some code adds single to double precision, and what is computed in half precision is another
    # model in double; then two ways of single precision are compared.
    lower = any(each.dtype != torch.float32 for each in model.parameters())
    if lower or not _computes(double, tokens[:1]):
        copies = [single]
    for block, names in blocks:
        rounded = _seen(single, names, tokens.split(max(1, len(tokens) // 2)))
        exact = _seen(copies[-1], names, [tokens])
        for name in names:
            try:
                weights, passes = (dense[name], pruned[name]), (exact[name], rounded[name])
                _judge(found, model, name, weights, passes, half)
            except ValueError as error:
                found.wrong.append(f"{block}: {name}: {error}")
        for copy in copies:
            parameters = dict(copy.named_parameters())
            for name in names:
                parameters[name].data.copy_(pruned[name])
    return found


def blocks_in_order(model: nn.Module, tokens: Tensor) -> Iterator[tuple[str, list[str]]]:
    """A model's blocks in the order of their first calls, with the parameters of each.

    A block is a member of a list of modules that lies in no member of another, is called in a pass
    over text, and has modules of its own in it. A parameter belongs to the first block that has it.
    """
    members: dict[str, nn.Module] = {}
    for name, each in model.named_modules():
        within = any(name.startswith(f"{block}.") for block in members)
        if isinstance(each, nn.ModuleList) and not within:
            kept = {f"{name}.{number}": one for number, one in each.named_children()}
            members |= {key: one for key, one in kept.items() if list(one.children())}
    called: dict[str, None] = {}
    hooks = [
        each.register_forward_pre_hook(lambda *_, name=name: called.setdefault(name))
        for name, each in members.items()
    ]
    with torch.no_grad():
        model(tokens, use_cache=False)
    for hook in hooks:
        hook.remove()
    names = {id(each): name for name, each in model.named_parameters()}
    taken: set[str] = set()
    for block in called:
        mine = [names[id(each)] for each in members[block].parameters()]
        yield block, [name for name in dict.fromkeys(mine) if name not in taken]
        taken |= set(mine)


def log_probabilities(model: nn.Module, windows: Tensor) -> Tensor:
    """Of each token but a window's first, by the model's own logits in whole passes.

    Raises:
        RuntimeError: code that does not compute in the model's precision.
    """
    found: list[Tensor] = []
    with torch.no_grad():
        for window in windows.split(1):
            logits = model(window, use_cache=False).logits[:, :-1].double()
            found.append(logits.log_softmax(-1).gather(-1, window[:, 1:, None]).flatten())
    return torch.cat(found)


def copy_of(model: Any) -> Any:
    """A model of its own with the same weights."""
    made = deepcopy(model)
    # A storage of its own for each, by which products know their weights.
    for parameter in made.parameters():
        parameter.data = parameter.data.clone()
    return made


def _computes(model: Any, tokens: Tensor) -> bool:
    try:
        with torch.no_grad():
            model(tokens, use_cache=False)
    except RuntimeError:
        return False
    return True


def _seen(model: Any, names: list[str], batches: Iterable[Tensor]) -> dict[str, Seen]:
    wanted = set(names)
    watched = [(name, each) for name, each in model.named_parameters() if name in wanted]
    with torch.no_grad(), Products(watched) as products:
        for tokens in batches:
            model(tokens, use_cache=False)
    return products.seen


def _judge(
    found: Judgement,
    model: Any,
    name: str,
    weights: tuple[Tensor, Tensor],
    passes: tuple[Seen, Seen],
    half: float,
) -> None:
    (dense, pruned), (exact, rounded) = weights, passes
    changed = pruned != dense
    if bool((changed & (pruned != 0)).any()):
        found.wrong.append(f"{name}: {int((changed & (pruned != 0)).sum())} kept weights changed")
        return
    flat, zeroed = dense.flatten().double(), (pruned == 0).flatten()
    matrices = folded(exact)
    other = {(*each.places.shape, int(each.places[0, 0])): each for each in folded(rounded)}
    covered = torch.zeros(flat.shape, dtype=torch.bool)
    still: list[str] = []
    for matrix in matrices:
        covered[matrix.places.flatten()] = True
        gone = zeroed[matrix.places]
        if not gone.any():
            still.append(why_dense(model, name, matrix) if matrix.tokens else UNREACHED)
            continue
        if reason := why_dense(model, name, matrix):
            found.wrong.append(f"{name} was pruned, and must stay dense: {reason}")
        found.pruned[name] = found.pruned.get(name, 0) + 1
        found.zeros += int(gone.sum())
        twin = other.get((*matrix.places.shape, int(matrix.places[0, 0])))
        if twin is None or twin.tokens != matrix.tokens:
            raise ValueError("single and double precision send other tokens here: not decided")
        if (problem := compare(flat[matrix.places].abs(), gone, matrix, twin, half)) is not None:
            found.wrong.append(f"{name}: {problem}")
    if bool((zeroed & ~covered & (flat != 0)).any()):
        found.wrong.append(f"{name}: weights that no product takes were set to zero")
    if dense.ndim < 2 or (name in found.pruned and not still and bool(covered.all())):
        return
    if still:
        found.dense[name] = "" if "" in still else still[0]
    elif matrices:
        found.dense[name] = UNREACHED
    elif CONVOLUTION in exact.other:
        found.dense[name] = CONVOLUTION
    # Biases of experts, and what is only added or looked up, are no matrices.
    elif isinstance(model.get_submodule(name.rpartition(".")[0]), nn.Linear):
        found.dense[name] = "takes part in no product"


def compare(W: Tensor, gone: Tensor, exact: Matrix, rounded: Matrix, half: float) -> str | None:
    """What is wrong with one matrix's mask, in words; None where nothing is.

    Scores are |W_jk| ‖x_j‖. That of a pruned weight may not be above that of a kept one of the
    same output by more than rounding can bring about: four times what the norms of single and of
    double precision differ by, and at least `LEAST`.

    Args:
        W: magnitudes, in_features × out_features.
        gone: the same shape, True where it was pruned.
        exact: in double precision.
        rounded: in single precision.
        half: the sparsity.
    """
    count = int(W.shape[0] * half)
    if bool((gone.sum(0) != count).any()):
        low, high = int(gone.sum(0).min()), int(gone.sum(0).max())
        return f"{low} to {high} zeros an output, must be {count} of {W.shape[0]}"
    norms, single = exact.squares.sqrt(), rounded.squares.sqrt()
    apart = torch.where(norms > 0, (norms - single).abs() / norms, single)
    bound = max(LEAST, 4 * float(apart.max()))
    if not bound < MOST:
        return f"norms differ by {bound:.1g} between precisions: not decided"
    S = W * norms[:, None]
    pruned = S.masked_fill(~gone, -1).amax(0)
    kept = S.masked_fill(gone, math.inf).amin(0)
    wrong = pruned > kept * (1 + 2 * bound)
    if not bool(wrong.any()):
        return None
    return f"{int(wrong.sum())} of {len(wrong)} outputs lost a weight that scores above a kept one"


def why_dense(model: Any, name: str, matrix: Matrix) -> str:
    """What speaks for leaving a matrix dense; nothing does for an ordinary one."""
    outputs, experts = matrix.places.shape[1], _expert_counts(model.config)
    if outputs == 1:
        return "one output"
    # A router may be a network of its own, of which the last matrix alone has so many outputs.
    inside = any(part == "gate" or "router" in part for part in name.split(".")[:-1])
    return "chooses experts" if outputs in experts or (experts and inside) else ""


def _expert_counts(config: Any) -> set[int]:
    text = config.get_text_config()
    counts = {
        value
        for each in (text, getattr(text, "ffn_config", None))
        if each is not None
        for name, value in each.to_dict().items()
        if EXPERTS.fullmatch(name) and isinstance(value, int) and value > 1
    }
    return counts | {a + b for a in counts for b in counts}
