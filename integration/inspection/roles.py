"""What a tensor is in a decoder, by its name and shape: what is pruned, and what is not."""

from __future__ import annotations

import re
from dataclasses import dataclass

MATRIX, EXPERTS = "matrix", "experts"
EMBEDDING, HEAD, ROUTER, NORM, OTHER = "embedding", "head", "router", "vector", "other"
BLOCK = re.compile(r"(?:^|\.)(?:layers|layer|h|blocks|block|blk|decoder_layers)\.(\d+)\.(.+)$")
OUTSIDE = re.compile(r"(?:^|[._])(?:vision|visual|image|audio|speech|vit|multi_modal\w*|mm\w*)[._]")
"""Parts of a multimodal model that are no decoder of text."""
EMBEDS = re.compile(
    r"(?:^|\.)(?:embed\w*|wte|wpe|word_embeddings\w*|token_embd|position_embd|tok_embeddings)\b"
    r"|rotary|relative_attention_bias|attn_rel_b|(?:^|[._])pos(?:ition)?_emb"
)
HEADS = re.compile(r"(?:^|\.)(?:lm_head|embed_out|output|score|classifier|cls)(?:\.weight)?$")
ROUTES = re.compile(
    r"(?:^|\.)(?:router(?:\.\w+)*|ffn_gate_inp\w*|shared_expert_gate"
    r"|(?:mlp|block_sparse_moe|moe|feed_forward|ffn|mixer)\.(?:gate|wg)(?:\.wg)?)(?:\.weight)?$"
)
NORMS = re.compile(r"norm|(?:^|\.)ln_|layernorm")
SCALES = re.compile(r"(?:^|[._])(?:scales?|zero_points?|q?zeros|absmax|g_idx|SCB)(?:_\w+)?$")
"""What lies beside quantised numbers."""
ADAPTS = re.compile(r"(?:^|\.)lora_(?:A|B|embedding_A|embedding_B|magnitude_vector)(?:\.|$)")
NAMED_AS_WEIGHTS = re.compile(r"(?:weight|proj|projs)$")
"""Ends of the names of weights; those of other parameters, as Mamba's A_log, say what they are."""
STACKED = re.compile(r"(?:^|\.)experts\.(?!\d)")
"""All experts in one tensor."""
KERNEL = 16
"""A last dimension that is shorter, of three, is that of a convolution."""
ELSEWHERE = "in a part of the model that is no decoder of text"
PARAMETER = "a parameter by itself, whose name is not that of a layer's weight"
KERNELS = "of a shape that a convolution has and no layer that is pruned"
ADAPTER = "an adapter"
BELOW = "its experts lie one below the other, and how is not known"


@dataclass(frozen=True)
class Role:
    """What a tensor is.

    Attributes:
        kind: one of the words above; `matrix` and `experts` are what is judged.
        block: the number of its decoder block, or None.
        name: in its block, without `.weight`; outside of blocks its whole name.
        inputs_first: whether it lies as inputs × outputs.
        why: of what is judged, why its numbers say nothing of its layer, or ""; of another matrix
            of a block, why it is set aside, or "" where that needs no reason.
    """

    kind: str
    block: int | None
    name: str
    inputs_first: bool = False
    why: str = ""

    @property
    def judged(self) -> bool:
        """Whether it is something that is pruned."""
        return self.kind in (MATRIX, EXPERTS)

    @property
    def layer(self) -> str:
        """What patterns such as `0.*` and `*.down_proj` are matched with."""
        return self.name if self.block is None else f"{self.block}.{self.name}"


def role_of(name: str, shape: tuple[int, ...]) -> Role:
    """What a tensor is, as far as its own name and shape say; `layouts.roles_of` says the rest.

    Args:
        name: in the file.
        shape: outputs × inputs, with experts before; as it is stored.

    Example:
        >>> role_of("model.layers.3.mlp.down_proj.weight", (16, 24)).layer
        '3.mlp.down_proj'
    """
    found = BLOCK.search(name)
    outside = OUTSIDE.search(name) is not None
    block = None if found is None or outside else int(found[1])
    own = (name if found is None or outside else found[2]).removesuffix(".weight")
    if len(shape) < 2 or NORMS.search(own) or name.endswith((".bias", "_bias")):
        return Role(NORM, block, own)
    if SCALES.search(name):
        return Role(NORM, block, own)
    if EMBEDS.search(name):
        return Role(EMBEDDING, block, own)
    if block is None:
        if HEADS.search(name):
            return Role(HEAD, block, own)
        return Role(OTHER, block, own, why=ELSEWHERE if found is not None else "")
    if ROUTES.search(name):
        return Role(ROUTER, block, own)
    return _of_block(name, shape, block, own.removesuffix(".base_layer"))


def _of_block(name: str, shape: tuple[int, ...], block: int, own: str) -> Role:
    """What a matrix of a block is."""
    if ADAPTS.search(own):
        return Role(OTHER, block, own, why=ADAPTER)
    if min(shape[-2:]) < 2 or "conv" in own.rpartition(".")[2]:
        return Role(OTHER, block, own)
    stacked = STACKED.search(own) is not None or "exps" in own
    if len(shape) > 3 or (len(shape) == 3 and shape[-1] < KERNEL and not stacked):
        return Role(OTHER, block, own, why=KERNELS)
    if not stacked and not NAMED_AS_WEIGHTS.search(name):
        return Role(OTHER, block, own, why=PARAMETER)
    if len(shape) == 3:
        return Role(EXPERTS, block, own)
    return Role(MATRIX, block, own, why=BELOW if stacked else "")
