"""The blocks of a decoder and the linear layers in them, found by structure, not by name."""

from torch import Tensor, nn


def decoder_blocks(model: nn.Module) -> nn.ModuleList:
    """The stack of blocks that makes the model a decoder, found by structure.

    Returns:
        Of the lists of modules that lie in no member of another, the one that holds most weights.

    Raises:
        ValueError: there is no such list.
    """
    stacks = outermost_lists(model)
    if not stacks:
        raise ValueError(f"model: {type(model).__name__} holds no nn.ModuleList of blocks")
    return max(stacks.values(), key=lambda each: sum(p.numel() for p in each.parameters()))


def outermost_lists(model: nn.Module) -> dict[str, nn.ModuleList]:
    """The lists of modules with matrices that lie in no member of another such list, by name."""
    found: dict[str, nn.ModuleList] = {}
    for name, each in model.named_modules():
        inside = any(name.startswith(f"{outer}.") for outer in found)
        if (
            isinstance(each, nn.ModuleList)
            and not inside
            and any(map(is_matrix, each.parameters()))
        ):
            found[name] = each
    return found


def is_matrix(parameter: Tensor) -> bool:
    """Whether a parameter has two dimensions above 1."""
    return sum(size > 1 for size in parameter.shape) > 1


def linears(block: nn.Module) -> list[tuple[str, nn.Linear]]:
    """The linear layers of a block, by name."""
    return [(name, each) for name, each in block.named_modules() if isinstance(each, nn.Linear)]
