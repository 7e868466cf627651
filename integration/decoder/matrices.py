"""Weight matrices of a block, whatever module or tensor they lie in."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Matrices:
    """One matrix of a block, or the matrices of all experts that lie in one tensor.

    Attributes:
        name: of the matrix in its block, such as `self_attn.q_proj`; of experts' with a star for
            the expert's number, such as `mlp.experts.*.gate_proj`.
        parameter: the parameter's name in the block.
        count: how many there are; None for a single matrix.
        out_features: of each.
        in_features: of each.
        inputs_first: each lies in the parameter as in_features × out_features.
        expert: whether a router decides which tokens it sees.
        part: first, end and step of its outputs, where the parameter holds those of several
            matrices side by side or in turns; None for all.
    """

    name: str
    parameter: str
    count: int | None
    out_features: int
    in_features: int
    inputs_first: bool = False
    expert: bool = False
    part: tuple[int, int, int] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each matrix."""
        if self.count is None:
            return (self.name,)
        return tuple(map(self.name_of, range(self.count)))

    def name_of(self, expert: int) -> str:
        """The name of one of several."""
        return self.name.replace("*", str(expert))

    @property
    def weights(self) -> int:
        """How many weights there are."""
        return (self.count or 1) * self.out_features * self.in_features

    def of(self, block: nn.Module) -> Tensor:
        """The weights, a view: out_features × in_features, with `count` of them before."""
        return self.of_outputs(self.whole(block.get_parameter(self.parameter).data), dim=-2)

    def whole(self, parameter: Tensor) -> Tensor:
        """The parameter as matrices of all its outputs, (count ×) outputs × in_features."""
        before = () if self.count is None else (self.count,)
        last = (self.in_features, -1) if self.inputs_first else (-1, self.in_features)
        whole = parameter.view(*before, *last)
        return whole.mT if self.inputs_first else whole

    def of_outputs(self, tensor: Tensor, dim: int = -1) -> Tensor:
        """Of something with all outputs of the parameter along a dimension, these matrices'."""
        if self.part is None:
            return tensor
        first, end, step = self.part
        index = [slice(None)] * tensor.ndim
        index[dim] = slice(first, end, step)
        return tensor[tuple(index)]
