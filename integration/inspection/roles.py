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
    r"|rotary|relative_attention_bias|(?:^|[._])pos(?:ition)?_emb"
)
HEADS = re.compile(r"(?:^|\.)(?:lm_head|embed_out|output|score|classifier|cls)(?:\.weight)?$")
ROUTES = re.compile(
    r"(?:^|\.)(?:router(?:\.\w+)*|ffn_gate_inp\w*|shared_expert_gate"
    r"|(?:mlp|block_sparse_moe|moe|feed_forward|ffn|mixer)\.(?:gate|wg)(?:\.wg)?)(?:\.weight)?$"
)
NORMS = re.compile(r"norm|(?:^|\.)ln_|layernorm")
TRANSPOSED = re.compile(r"(?:^|\.)(?:c_attn|c_proj|c_fc|q_attn)\.weight$")
"""GPT-2's Conv1D layers, which lie in their files as inputs × outputs."""
TRANSPOSED_KINDS = frozenset({"gpt2", "openai-gpt", "imagegpt", "decision_transformer"})
EXPERTS_TRANSPOSED_KINDS = frozenset({"gpt_oss", "llama4", "llama4_text", "aria", "aria_text"})
"""Families whose experts lie in one tensor as experts × inputs × outputs."""


@dataclass(frozen=True)
class Role:
    """What a tensor is.

    Attributes:
        kind: one of the words above; `matrix` and `experts` are what is judged.
        block: the number of its decoder block, or None.
        name: in its block, without `.weight`; outside of blocks its whole name.
        inputs_first: whether it lies as inputs × outputs.
    """

    kind: str
    block: int | None
    name: str
    inputs_first: bool = False

    @property
    def judged(self) -> bool:
        """Whether it is something that is pruned."""
        return self.kind in (MATRIX, EXPERTS)

    @property
    def layer(self) -> str:
        """What patterns such as `0.*` and `*.down_proj` are matched with."""
        return self.name if self.block is None else f"{self.block}.{self.name}"


def role_of(name: str, shape: tuple[int, ...], model_type: str = "") -> Role:
    """What a tensor is.

    Args:
        name: in the file.
        shape: outputs × inputs, with experts before; as it is stored.
        model_type: of the configuration, by which some families' layouts are known.

    Example:
        >>> role_of("model.layers.3.mlp.down_proj.weight", (16, 24)).layer
        '3.mlp.down_proj'
    """
    found = None if OUTSIDE.search(name) else BLOCK.search(name)
    block = None if found is None else int(found[1])
    own = (name if found is None else found[2]).removesuffix(".weight")
    if len(shape) < 2 or NORMS.search(own) or name.endswith((".bias", "_bias", ".scales")):
        return Role(NORM, block, own)
    if EMBEDS.search(name):
        return Role(EMBEDDING, block, own)
    if block is None:
        return Role(HEAD if HEADS.search(name) else OTHER, block, own)
    if ROUTES.search(name):
        return Role(ROUTER, block, own)
    if min(shape[-2:]) < 2 or len(shape) > 3 or "conv" in own:
        return Role(OTHER, block, own)
    if len(shape) == 3:
        stacked = "exp" in own
        first = model_type in EXPERTS_TRANSPOSED_KINDS
        return Role(EXPERTS if stacked else OTHER, block, own, stacked and first)
    first = model_type in TRANSPOSED_KINDS and TRANSPOSED.search(name) is not None
    return Role(MATRIX, block, own, first)
