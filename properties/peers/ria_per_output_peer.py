"""RIA's official code with `--per_outneuron`: RIA and Wanda, within each output."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from pruneproof.properties.peers import ria_peer


class Adapter(ria_peer.Adapter):
    name = "RIA (official), --per_outneuron"
    conventions = {**ria_peer.Adapter.conventions, "group": "output", "count": "floor"}
    per_output = True

    def _run(self, method: str, weight: Tensor, inputs: Tensor | None, *rest: Any, **n_m: int):
        if inputs is None:
            raise NotImplementedError(f"{method} is compared within the layer all the same")
        return super()._run(method, weight, inputs, *rest, **n_m)
