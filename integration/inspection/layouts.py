"""What the tensors of a checkpoint are together: which blocks are the decoder's, and how they lie.

A weight that lies as inputs × outputs looks like any other. What shows how it lies is its shape
beside others': the one of its dimensions that is the model's width is that of the inputs of
a projection up, and of the outputs of one down. Where shapes show nothing, families are known that
keep all of them so; else how a tensor lies is not decided.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pruneproof.integration.inspection.roles import (
    ADAPTS,
    BLOCK,
    ELSEWHERE,
    EXPERTS,
    OTHER,
    ROUTER,
    Role,
    role_of,
)

Shape = tuple[int, ...]
CONV1D = re.compile(r"(?:^|\.)(?:c_attn|c_proj|c_fc\d?|q_attn)$")
"""Names of GPT-2's Conv1D layers, which lie as inputs × outputs; other families have Linear layers
of the same names."""
WIDER = re.compile(r"(?:^|\.)(?:c_attn|c_fc\d?)$")
NARROWER = re.compile(r"(?:^|\.)mlp\.c_proj$")
DOWN = re.compile(r"(?:^|[._])(?:down|w2|wo|fc2|output|out)(?:[._]|$)")
UP = re.compile(r"(?:^|[._])(?:gate|up|w1|w3|v1|wi|fc1|input|in)(?:[._]|$)")
CONV1D_KINDS = frozenset({"gpt2", "openai-gpt", "imagegpt", "decision_transformer", "jais"})
EXPERTS_TRANSPOSED_KINDS = frozenset(
    {
        "gpt_oss", "llama4", "llama4_text", "aria", "aria_text", "qwen3_vl_moe",
        "qwen3_vl_moe_text", "openai_privacy_filter",
    }
)  # fmt: skip
"""Families whose experts lie in one tensor as experts × inputs × outputs."""
STACKS = re.compile(
    r"(?:(?:_orig_mod|base_model|module|model|language_model|language|text_model|text_decoder|text"
    r"|llm|lm|thinker|transformer|gpt_neox|backbone|bert|roberta|rwkv|encoder|decoder|enc|dec)"
    r"(?:\.|$))*"
)
"""What stands before the blocks of a decoder of text, and of a text's encoder."""
NOT_OF_TEXT = frozenset({"vision-encoder-decoder", "speech-encoder-decoder"})
"""Families whose encoder reads no text."""
TEXTS = ("text_config", "llm_config", "language_config", "thinker_config", "decoder")
WIDTHS = ("hidden_size", "n_embd", "d_model")
LIES = "whether it lies as outputs × inputs is not known: neither shapes nor config.json show it"
ADAPTED = "an adapter that is not merged is added to it, which fills its zeros"


def text_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a configuration the part that is about the decoder of text."""
    for key in TEXTS:
        if isinstance(inner := config.get(key), dict):
            return text_config(inner)
    return config


def model_type(config: Mapping[str, Any]) -> str:
    """The decoder's kind, or ""."""
    return str(text_config(config).get("model_type") or config.get("model_type") or "")


def roles_of(
    shapes: Mapping[str, Shape], config: Mapping[str, Any], outputs_first: Collection[str] = ()
) -> dict[str, Role]:
    """What all tensors of a checkpoint are.

    Args:
        shapes: by name, as they are stored.
        config: what its config.json says.
        outputs_first: names of those whose format lays them out as outputs × inputs.
    """
    roles = {name: role_of(name, shape) for name, shape in shapes.items()}
    stacks = {name: _stack(name) for name, role in roles.items() if role.block is not None}
    decoders = {stacks[name] for name, role in roles.items() if role.judged}
    of_text = {each for each in decoders if _is_text(each, config)}
    adapted = {name[: found.start()] for name in shapes if (found := ADAPTS.search(name))}
    for name, role in roles.items():
        if role.block is None:
            continue
        # Where no stack has a name that is known, all may be the decoder.
        if of_text and stacks[name] not in of_text:
            why = ELSEWHERE if role.judged or role.why else ""
            roles[name] = Role(OTHER if role.judged else role.kind, None, _whole(name), why=why)
        elif role.judged and name.removesuffix(".weight").removesuffix(".base_layer") in adapted:
            roles[name] = replace(role, why=ADAPTED)
    for stack in of_text or decoders:
        _lay_out(
            roles,
            {name: shapes[name] for name in stacks if stacks[name] == stack},
            config,
            outputs_first,
        )
    return roles


def _stack(name: str) -> str:
    found = BLOCK.search(name)
    assert found is not None
    return name[: found.start()]


def _whole(name: str) -> str:
    return name.removesuffix(".weight")


def _is_text(stack: str, config: Mapping[str, Any]) -> bool:
    if config.get("model_type") in NOT_OF_TEXT and stack.partition(".")[0] == "encoder":
        return False
    return STACKS.fullmatch(stack) is not None


def _lay_out(
    roles: dict[str, Role],
    shapes: Mapping[str, Shape],
    config: Mapping[str, Any],
    outputs_first: Collection[str],
) -> None:
    """Say of a stack's weights how they lie; `roles` is changed."""
    kind = model_type(config)
    conv1d = [name for name in shapes if roles[name].judged and CONV1D.search(roles[name].name)]
    experts = [name for name in shapes if roles[name].kind == EXPERTS]
    width = _width(config, roles, shapes, {shapes[name][0] for name in experts})
    shown = _shown(_conv1d_lies(roles[name].name, shapes[name]) for name in conv1d)
    ways = dict.fromkeys(conv1d, shown if shown is not None else _known(kind, CONV1D_KINDS))
    shown = _shown(_experts_lie(roles[name].name, shapes[name], width) for name in experts)
    known = _known(kind, EXPERTS_TRANSPOSED_KINDS)
    ways |= dict.fromkeys(experts, shown if shown is not None else known)
    for name, way in ways.items():
        if name in outputs_first:
            continue
        why = roles[name].why or (LIES if way is None else "")
        roles[name] = replace(roles[name], inputs_first=way is True, why=why)


def _known(kind: str, kinds: frozenset[str]) -> bool | None:
    return True if kind in kinds else None


def _shown(ways: Iterable[bool | None]) -> bool | None:
    """What all that show anything agree on."""
    found = {each for each in ways if each is not None}
    return found.pop() if len(found) == 1 else None


def _conv1d_lies(name: str, shape: Shape) -> bool | None:
    """Whether its inputs are first: queries, keys and values are more than their inputs."""
    if len(shape) != 2 or shape[0] == shape[1]:
        return None
    if WIDER.search(name):
        return shape[0] < shape[1]
    return shape[0] > shape[1] if NARROWER.search(name) else None


def _experts_lie(name: str, shape: Shape, width: int | None) -> bool | None:
    """Whether its inputs are first: those of a projection up, alone, are as many as the width."""
    rows, columns = shape[-2:]
    down, up = DOWN.search(name) is not None, UP.search(name) is not None
    if down == up or (rows == width) == (columns == width):
        return None
    return (columns == width) == down


def _width(
    config: Mapping[str, Any],
    roles: Mapping[str, Role],
    shapes: Mapping[str, Shape],
    experts: Collection[int],
) -> int | None:
    """The width of the model: what config.json says, or how much its routers look at."""
    said = text_config(config)
    for key in WIDTHS:
        if isinstance(width := said.get(key), int):
            return width
    widths = {
        shape[1]
        for name, shape in shapes.items()
        if roles[name].kind == ROUTER and len(shape) == 2 and shape[0] in experts
    }
    return widths.pop() if len(widths) == 1 else None
