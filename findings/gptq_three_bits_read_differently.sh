#!/bin/sh
# GPTQ in three bits: two libraries read other weights from the same file, and zeros go with them.
#
# Versions: GPTQModel 2.2.0 and auto-gptq 0.7.1, transformers 4.51.3, torch 2.13.0 (CPU).
#
# Seen: a half-pruned weight on the grid, packed symmetrically in the format `gptq`, which stores
# each zero point less 1. What either library writes, it reads exactly. In four bits so does the
# other. In three bits a third of the weights come back as they were and the rest is shifted by one
# level or more: GPTQModel subtracts and adds the 1 at places that are those of the third word of
# each three in the first, and the other way round. Of 50.1 % zeros 23.7 % are left. Nothing is
# raised.
#
# Expected: both call the format `gptq`, and GPTQModel offers to read auto-gptq's files. Public
# reports are GPTQModel issue 1278 and its pull request 2763, which changes the places.
#
# For whoever prunes: a sparsity counted from a three-bit file depends on who counts. Keep the name
# and version of the writer beside it, count the zeros again where the model will run, or write the
# format gptq_v2, whose zero points are stored as they are.
#
# Usage: sh gptq_three_bits_read_differently.sh
# Exit status: 0 as described, 1 changed, 2 the packages could not be installed.
# Output seen:
#   4 bits, written by auto gptq, read by auto gptq:     100.0% the same, 50.0% zeros of 50.0%
#   4 bits, written by auto gptq, read by gptqmodel:     100.0% the same, 50.0% zeros of 50.0%
#   4 bits, written by gptqmodel, read by auto gptq:     100.0% the same, 50.0% zeros of 50.0%
#   4 bits, written by gptqmodel, read by gptqmodel:     100.0% the same, 50.0% zeros of 50.0%
#   3 bits, written by auto gptq, read by auto gptq:     100.0% the same, 50.1% zeros of 50.1%
#   3 bits, written by auto gptq, read by gptqmodel:      34.4% the same, 23.7% zeros of 50.1%
#   3 bits, written by gptqmodel, read by auto gptq:      34.4% the same, 23.7% zeros of 50.1%
#   3 bits, written by gptqmodel, read by gptqmodel:     100.0% the same, 50.1% zeros of 50.1%
#   as described
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' HUP INT TERM
python=$folder/venv/bin/python
install() {
    "$python" -m pip install -qq --no-compile "$@" ||
        { echo "could not install the packages"; exit 2; }
}
"${PYTHON:-python3}" -m venv "$folder/venv" || exit 2
install torch==2.13.0
install numpy==2.4.2 transformers==4.51.3 accelerate==1.15.0 datasets==3.6.0 setuptools==80.9.0 \
    device-smi==0.4.1 hf_transfer==0.1.9 logbar==0.0.4 pillow==13.0.0 protobuf==7.36.2 \
    random_word==1.0.13 threadpoolctl==3.6.0 tokenicer==0.0.4 wheel
# Its kernels, compilers and the rest of what auto-gptq depends on are not needed.
export BUILD_CUDA_EXT=0 HF_HUB_OFFLINE=1 TORCH_COMPILE_DISABLE=1
install --no-deps --no-build-isolation gptqmodel==2.2.0 auto-gptq==0.7.1
cat >"$folder/program.py" <<'PROGRAM'
import importlib.util
import logging
import sys
import sysconfig
from pathlib import Path

import torch
from gptqmodel import QuantizeConfig
from gptqmodel.nn_modules.qlinear.torch import TorchQuantLinear
from gptqmodel.utils.model import (
    convert_gptq_v1_to_v2_format_module,
    convert_gptq_v2_to_v1_format_module,
)

SIZE, GROUP = 512, 128
logging.disable()
path = Path(sysconfig.get_path("purelib"), "auto_gptq/nn_modules/qlinear/qlinear_cuda_old.py")
spec = importlib.util.spec_from_file_location(path.stem, path)
auto_gptq = importlib.util.module_from_spec(spec)
spec.loader.exec_module(auto_gptq)


def linear(weight):
    layer = torch.nn.Linear(SIZE, SIZE, bias=False)
    layer.weight.data = weight.clone()
    return layer


def of_gptqmodel(bits):
    return TorchQuantLinear(bits, GROUP, True, False, SIZE, SIZE)


def written_by_gptqmodel(bits, weight, scales, zeros):
    """The tensors of a file in the format `gptq`."""
    layer = of_gptqmodel(bits)
    layer.pack(linear(weight), scales.clone(), zeros.clone(), layer.g_idx)
    config = QuantizeConfig(bits=bits, group_size=GROUP)
    convert_gptq_v2_to_v1_format_module(layer, config)
    return layer.state_dict()


def written_by_auto_gptq(bits, weight, scales, zeros):
    options = {"bias": False, "weight_dtype": torch.float32}
    layer = auto_gptq.QuantLinear(bits, GROUP, SIZE, SIZE, **options)
    layer.pack(linear(weight), scales.clone(), zeros.clone(), None)
    return layer.state_dict()


def read_by_gptqmodel(bits, tensors):
    layer = of_gptqmodel(bits)
    layer.load_state_dict({name: each.clone() for name, each in tensors.items()})
    convert_gptq_v1_to_v2_format_module(layer, bits, torch.int32)
    layer.post_init()
    return layer.dequantize_weight().T.float()


def read_by_auto_gptq(bits, tensors):
    options = {"bias": False, "weight_dtype": torch.float32}
    layer = auto_gptq.QuantLinear(bits, GROUP, SIZE, SIZE, **options)
    layer.load_state_dict(tensors)
    return layer(torch.eye(SIZE)).T


torch.manual_seed(0)
dense = torch.randn(SIZE, SIZE)
dense *= dense.abs() > dense.abs().median()
# gptqmodel writes its log to where output goes.
seen, found = True, Path(sys.argv[1]).open("w")
for bits in (4, 3):
    middle = 2 ** (bits - 1)
    parts = dense.reshape(SIZE, -1, GROUP)
    # Powers of two, which float16 stores exactly.
    scales = 2.0 ** (parts.abs().amax(2) / middle).log2().ceil()
    steps = (parts / scales[..., None]).round().clamp(-middle, middle - 1)
    weight = (steps * scales[..., None]).reshape(SIZE, SIZE)
    zeros = torch.full_like(scales, middle)
    pruned = (weight == 0).float().mean().item()
    for write in (written_by_auto_gptq, written_by_gptqmodel):
        tensors = write(bits, weight, scales, zeros)
        for read in (read_by_auto_gptq, read_by_gptqmodel):
            again = read(bits, tensors)
            same = (again == weight).float().mean().item()
            zero = (again == 0).float().mean().item()
            names = write.__name__.replace("_", " "), read.__name__.replace("_", " ")
            print(f"{bits} bits, {', '.join(names)}:".ljust(53), end="", file=found)
            print(f"{same:6.1%} the same, {zero:.1%} zeros of {pruned:.1%}", file=found)
            apart = bits == 3 and names[0][11:] != names[1][8:]
            seen = seen and (same < 0.5 if apart else same == 1)
print(
    "as described" if seen else "CHANGED: the libraries no longer differ as described",
    file=found,
)
sys.exit(not seen)
PROGRAM
status=0
"$python" "$folder/program.py" "$folder/found" >"$folder/log" 2>&1 ||
    { status=1; tail -3 "$folder/log"; }
cat "$folder/found"
exit $status
