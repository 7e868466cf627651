"""`python -m pruneproof.integration.experiments.stripes`: what Figure 1 shows, on SmolLM2-135M.

The paper sees stripes in a heat map of |W| and takes them for a reason to normalise. How strong
they are is how much the norms of the weights vary from input to input, or output to output.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from torch import Tensor

from pruneproof import reference
from pruneproof.reporting.files import write_whole

RECORDED = Path(__file__).with_name("smollm2_135m_stripes.json")
SHOWN = "layers.14.self_attn.q_proj"


@dataclass(frozen=True)
class Variation:
    """How much a layer's ℓ1 norms vary, each as standard deviation ÷ mean.

    Attributes:
        layer: its name.
        inputs: of ‖W_j:‖₁ over the inputs j.
        outputs: of ‖W_:k‖₁ over the outputs k.
    """

    layer: str
    inputs: float
    outputs: float

    @classmethod
    def of(cls, layer: str, weight: Tensor) -> Variation:
        """Of a weight, out_features × in_features."""
        W = weight.T
        norms = reference.input_norms(W, 1), reference.output_norms(W, 1)
        return cls(layer, *(round(float(each.std() / each.mean()), 4) for each in norms))


@dataclass(frozen=True)
class Stripes:
    """The variation of all layers."""

    layers: tuple[Variation, ...]

    @classmethod
    def recorded(cls) -> Stripes:
        """As it was measured."""
        return cls(tuple(Variation(**each) for each in json.loads(RECORDED.read_text("utf-8"))))

    def sentence(self) -> str:
        """What they say."""
        inputs, outputs = ([getattr(each, side) for each in self.layers] for side in SIDES)
        more = sum(o > i for i, o in zip(inputs, outputs, strict=True))
        return (
            f"Figure 1 of the paper for `{SHOWN}`: magnitudes of the weights, and the ℓ1 norm of "
            f"each input and output. The norms vary more from output to output than from input to "
            f"input in {more} of {len(inputs)} layers (standard deviation ÷ mean: median "
            f"{median(outputs):.2f} against {median(inputs):.2f}). An output is a column in the "
            "paper's orientation, a row in that of `nn.Linear`."
        )


SIDES = ("inputs", "outputs")


def main() -> None:
    """Measure the stripes of every layer and, in a checkout, draw one of them."""
    # Slow to import, and only this needs them.
    from transformers import AutoModelForCausalLM

    from pruneproof.integration.decoder.blocks import linears
    from pruneproof.integration.experiments import pictures
    from pruneproof.integration.small_checkpoints.small_llama import fetch_small_llama

    model = AutoModelForCausalLM.from_pretrained(fetch_small_llama())
    weights = {name: layer.weight.detach() for name, layer in linears(model.model)}
    found = [asdict(Variation.of(name, weight)) for name, weight in weights.items()]
    write_whole(RECORDED, json.dumps(found, indent=1) + "\n")
    if pictures.FOLDER.parent.is_dir():
        pictures.save("weights", pictures.weights(SHOWN, weights[SHOWN]))


if __name__ == "__main__":
    main()
