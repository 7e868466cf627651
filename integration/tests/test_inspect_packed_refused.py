"""Packed layouts that are damaged end in one line; those that may mean more than one thing are
not decided."""

import json

import numpy as np
import pytest
from packed_layers import (
    AWQ,
    BITSANDBYTES,
    GPTQ,
    MARLIN,
    NAMES,
    PACK_QUANTIZED,
    as_awq,
    as_gptq,
    as_nf4,
    as_pack_quantized,
    gaussian,
    layers,
    named,
    write,
)

from inspect_bench.packed import marlin_24
from pruneproof.integration.inspection.opening import open_checkpoint


def without(end):
    return lambda it: it.pop(f"{NAMES[3]}.{end}")


def change(end, how):
    def do(it):
        it[f"{NAMES[3]}.{end}"] = how(it[f"{NAMES[3]}.{end}"])

    return do


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (without("meta"), "lacks its numbers, its scale or its meta"),
        (without("scale_packed"), "lacks its numbers, its scale or its meta"),
        (change("meta", lambda it: it[:1]), "do not fit each other as marlin-24"),
        (change("meta", lambda it: it[:, :64]), "do not fit each other as marlin-24"),
        (change("meta", lambda it: it.reshape(-1)), "not of the dtypes of marlin-24"),
        (change("meta", lambda it: it.astype(np.int32)), "not of the dtypes of marlin-24"),
        (change("meta", lambda it: it * 0), "names places that no group has"),
        (change("weight_packed", lambda it: it[:, 1:]), "do not fit each other as marlin-24"),
        (change("scale_packed", lambda it: it[:, 1:]), "do not fit each other as marlin-24"),
    ],
)
def test_damaged_marlin_24_is_named(tmp_path, inspect, harm, message):
    numbers = layers(np.random.default_rng(0), two_of_four=True)
    stored = named({name: marlin_24(each, 4) for name, each in numbers.items()})
    harm(stored)
    found = inspect(write(tmp_path / "it", stored, **MARLIN))
    assert found.code == 2
    assert f"{NAMES[3]}: " in found.line
    assert message in found.line


def zero_point_of_zero(tensors):
    """As libraries that subtract from whole words write it: the next one up is one less, too."""
    tensors[f"{NAMES[3]}.qzeros"][0, 0] = 0x88888880 - 0x11111111


UNREAD = {
    "no method": (as_gptq, {}, None, "does not say whether it is GPTQ's or AWQ's"),
    "GPTQ, planar": (as_gptq, GPTQ | {"checkpoint_format": "gptq_p"}, None, "GPTQ gptq_p: "),
    "GPTQ, three bits": (lambda W: as_gptq(W, 3), GPTQ, None, "libraries disagree"),
    "GPTQ, a zero point of 0": (as_gptq, GPTQ, zero_point_of_zero, "has all bits set"),
    "GPTQ, not as symmetric as it says": (as_gptq, GPTQ | {"sym": True}, None, "symmetric numbers"),
    "GPTQ, five bits": (lambda W: as_gptq(W, 5), GPTQ, None, "GPTQ int5: "),
    "AWQ, other groups": (as_awq, AWQ | {"group_size": 64}, None, "AWQ int4: "),
    "zero points of other groups": (
        as_pack_quantized,
        PACK_QUANTIZED,
        change("weight_scale", lambda it: it[:, :1]),
        "its zero points say which number is 0",
    ),
    "zero points in an order": (
        as_pack_quantized,
        PACK_QUANTIZED,
        lambda it: it.update({f"{NAMES[3]}.weight_g_idx": np.arange(64, dtype=np.int32)}),
        "its zero points say which number is 0",
    ),
    "GPTQ, an order that is denied": (
        as_gptq,
        GPTQ | {"desc_act": False},
        change("g_idx", lambda it: it[::-1]),
        "GPTQ int4: ",
    ),
    "AWQ for vectors": (as_awq, AWQ | {"version": "gemv"}, None, "AWQ gemv: "),
}


@pytest.mark.parametrize("case", UNREAD)
def test_what_may_mean_more_than_one_thing_is_not_decided(tmp_path, inspect, case):
    write_as, said, harm, why = UNREAD[case]
    tensors = named({name: write_as(W)[0] for name, W in gaussian("half").items()})
    if harm is not None:
        harm(tensors)
    found = inspect(write(tmp_path / "it", tensors, **said), "--sparsity", "0.5")
    assert (found.code, [*found.claims.values()]) == (0, ["not_decided"])
    assert why in found.record["claims"][0]["why"]
    unread = [each for each in found.tensors.values() if not each["decided"]]
    assert len(unread) == (1 if harm is not None else len(NAMES))


@pytest.mark.parametrize(("bits", "read"), [(4, True), (8, False), (None, False)])
def test_of_a_few_outputs_config_json_says_the_bits(tmp_path, bits, read):
    W = gaussian("half")[NAMES[0]][:8]
    packed, right = as_gptq(W)
    del packed["g_idx"]
    folder = write(tmp_path / "it", named({NAMES[0]: packed}), **GPTQ | {"bits": bits})
    source = open_checkpoint(str(folder))
    (entry,) = source.entries
    assert (entry.unread == "") == read
    if read:
        assert np.array_equal(source.read(entry).bits(slice(0, 8)), right)


def state(**changed):
    """Another state of NF4's."""

    def do(it):
        said = json.loads(it.tobytes()) | changed
        return np.frombuffer(json.dumps(said).encode(), np.uint8)

    return change("weight.quant_state.bitsandbytes__nf4", do)


ASYMMETRIC = PACK_QUANTIZED | {"config_groups": {"group_0": {"weights": {"symmetric": False}}}}
DAMAGED = [
    (as_gptq, GPTQ, without("qzeros"), "lacks its qzeros"),
    (as_gptq, GPTQ, without("scales"), "lacks its scales"),
    (as_gptq, GPTQ, change("qweight", lambda it: it[1:]), "do not fit each other as GPTQ's"),
    (as_gptq, GPTQ, change("qzeros", lambda it: it[:, 1:]), "do not fit each other as GPTQ's"),
    (as_gptq, GPTQ, change("qzeros", lambda it: it[1:]), "do not fit each other as GPTQ's"),
    (as_gptq, GPTQ, change("scales", lambda it: it[:, 1:]), "do not fit each other as GPTQ's"),
    (as_gptq, GPTQ, change("qzeros", np.ravel), "its qzeros is no matrix"),
    (as_gptq, GPTQ, change("g_idx", lambda it: it + 1), "g_idx names groups that do not exist"),
    (as_gptq, GPTQ, change("g_idx", lambda it: it - 1), "g_idx names groups that do not exist"),
    (as_gptq, GPTQ, change("g_idx", lambda it: it[1:]), "shorter than its numbers"),
    (as_gptq, GPTQ, change("g_idx", lambda it: it * 1.5), "its g_idx is no row of int32"),
    (as_gptq, GPTQ, change("g_idx", lambda it: it[8:]), "do not fit each other as GPTQ's"),
    (as_gptq, GPTQ | {"desc_act": True}, without("g_idx"), "lacks the g_idx that desc_act"),
    (as_awq, AWQ, without("qzeros"), "lacks its qzeros"),
    (as_awq, AWQ, change("qzeros", lambda it: it[:, 1:]), "do not fit each other as AWQ's"),
    (as_awq, AWQ, change("qweight", lambda it: it[1:]), "do not fit each other as AWQ's"),
    (as_awq, AWQ, change("scales", lambda it: it[1:]), "do not fit each other as AWQ's"),
    (as_pack_quantized, ASYMMETRIC, without("weight_zero_point"), "lacks the zero points that"),
    (as_nf4, BITSANDBYTES, without("weight"), "lacks its codes, levels or their state"),
    (as_nf4, BITSANDBYTES, without("weight.quant_map"), "lacks its codes, levels or their state"),
    (as_nf4, BITSANDBYTES, change("weight", lambda it: it[1:]), "do not fit each other as NF4"),
    (as_nf4, BITSANDBYTES, change("weight.absmax", lambda it: it[1:]), "not fit each other as NF4"),
    (as_nf4, BITSANDBYTES, change("weight.quant_map", lambda it: it[1:]), "each other as NF4"),
    (as_nf4, BITSANDBYTES, change("weight.absmax", lambda it: it.astype(np.uint8)), "its absmax"),
    (as_nf4, BITSANDBYTES, state(shape=[]), "lacks a valid shape and blocksize"),
    (as_nf4, BITSANDBYTES, state(shape=[64.0, 64]), "lacks a valid shape and blocksize"),
    (as_nf4, BITSANDBYTES, state(blocksize=0), "lacks a valid shape and blocksize"),
    (as_nf4, BITSANDBYTES, state(blocksize=32), "do not fit each other as NF4"),
    (as_nf4, BITSANDBYTES, state(shape=[64, 65]), "do not fit each other as NF4"),
    (
        as_nf4,
        BITSANDBYTES,
        change("weight.quant_state.bitsandbytes__nf4", lambda it: it[1:]),
        "is no JSON",
    ),
]


@pytest.mark.parametrize(("write_as", "said", "harm", "message"), DAMAGED)
def test_damaged_packed_layouts_are_named(tmp_path, inspect, write_as, said, harm, message):
    stored = named({name: write_as(W)[0] for name, W in gaussian("half").items()})
    harm(stored)
    found = inspect(write(tmp_path / "it", stored, **said))
    assert found.code == 2
    assert f"{NAMES[3]}" in found.line
    assert message in found.line
