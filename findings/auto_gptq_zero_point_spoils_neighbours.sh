#!/bin/sh
# A pruned weight, quantised without symmetry: auto-gptq overwrites the zero points beside a zero.
#
# Versions: auto-gptq 0.7.1 (the newest), torch 2.13.0 (CPU), NumPy 2.4.2, transformers 5.23.0; on
# x86-64.
#
# Seen: QuantLinear.pack stores each zero point less 1. A zero point of 0 becomes -1, in 32 bits all
# ones, which covers every zero point above it in the same word: up to seven others become 0, and
# the weights of their groups are shifted by as many levels. Nothing is raised. A zero point is 0
# where a group has no negative weight: never with `sym`, and hardly ever in a dense weight, but a
# pruned group has few weights left. With 75 % zeros and groups of 32, 1 % of the zero points are
# 0, 3 % of the weights change, and the error of the weight rises from 5 % to 45 %.
#
# Expected: the configuration offers `sym` as a free choice. Where no zero point is 0 the packed
# layer is exact, and its own reading of a stored 15 is the zero point 0 again.
#
# For whoever prunes: quantise symmetrically, or in larger groups, and compare the outputs of the
# packed layer. The quantiser's own weights are right, so an error measured while quantising is too.
#
# Usage: sh auto_gptq_zero_point_spoils_neighbours.sh
# Exit status: 0 as described, 1 changed, 2 the packages could not be installed.
# Output seen:
#   zero points 0, 7, 7, 7, 7, 7, 7, 7 are read as 0, 0, 0, 0, 0, 0, 0, 0
#   pruned  0%, symmetric:        0.0% zero points are 0,  0.0% changed, error 9.5%, packed 9.5%
#   pruned  0%, not symmetric:    0.0% zero points are 0,  0.0% changed, error 8.1%, packed 8.1%
#   pruned 50%, symmetric:        0.0% zero points are 0,  0.0% changed, error 7.2%, packed 7.2%
#   pruned 50%, not symmetric:    0.0% zero points are 0,  0.0% changed, error 6.0%, packed 6.0%
#   pruned 75%, symmetric:        0.0% zero points are 0,  0.0% changed, error 7.0%, packed 7.0%
#   pruned 75%, not symmetric:    1.1% zero points are 0,  3.3% changed, error 4.8%, packed 45.5%
#   pruned 90%, symmetric:        0.0% zero points are 0,  0.0% changed, error 16.2%, packed 16.2%
#   pruned 90%, not symmetric:   15.0% zero points are 0, 32.8% changed, error 3.8%, packed 192.7%
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
install numpy==2.4.2 transformers==5.23.0 setuptools==80.9.0 wheel
# Its CUDA kernels are not built, and packing needs none of what it depends on.
export BUILD_CUDA_EXT=0
install --no-deps --no-build-isolation auto-gptq==0.7.1
"$python" - <<'PROGRAM'
import importlib.util
import logging
import sys
import sysconfig
from pathlib import Path

import torch

BITS, GROUP, SIZE = 4, 32, 512
logging.disable()


def load(path):
    path = Path(sysconfig.get_path("purelib"), "auto_gptq", path)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


QuantLinear = load("nn_modules/qlinear/qlinear_cuda_old.py").QuantLinear
Quantizer = load("quantization/quantizer.py").Quantizer


def pack(weight, scales, zeros):
    """What the packed layer multiplies with; weight is on the grid of scales and zeros."""
    linear = torch.nn.Linear(*weight.shape[::-1], bias=False)
    linear.weight.data = weight.clone()
    options = {"bias": False, "weight_dtype": torch.float32}
    packed = QuantLinear(BITS, GROUP, *weight.shape[::-1], **options)
    packed.pack(linear, scales, zeros.clone(), None)
    return packed(torch.eye(weight.shape[1])).T


def quantise(weight, symmetric):
    found = []
    for part in weight.split(GROUP, 1):
        quantizer = Quantizer()
        quantizer.configure(BITS, perchannel=True, sym=symmetric)
        quantizer.find_params(part, weight=True)
        found.append((quantizer.quantize(part), quantizer.scale, quantizer.zero))
    return [torch.cat(each, 1) for each in zip(*found)]


# All numbers are 7: with a scale of 1 an output is 7 less its zero point.
zeros = torch.full((32, 1), 7.0)
zeros[0] = 0
read = 7 - pack(7 - zeros.expand(32, 32), torch.ones(32, 1), zeros)[:, 0]
first, rest = read[:8].int().tolist(), read[8:]
print("zero points 0, 7, 7, 7, 7, 7, 7, 7 are read as", ", ".join(map(str, first)))
seen = bool((rest == 7).all()) and first[0] == 0 and first[1:] != [7] * 7
torch.manual_seed(0)
dense = torch.randn(SIZE, SIZE)
for sparsity in (0.0, 0.5, 0.75, 0.9):
    order = dense.abs().argsort(1).argsort(1)
    weight = dense * (order >= round(sparsity * SIZE))
    for symmetric in (True, False):
        right, scales, zeros = quantise(weight, symmetric)
        wrong = pack(right, scales, zeros)
        changed = ((wrong - right).abs() > 1e-4).float().mean().item()
        errors = [((each - weight).norm() / weight.norm()).item() for each in (right, wrong)]
        none = (zeros == 0).float().mean().item()
        print(f"pruned {sparsity:3.0%}, {'' if symmetric else 'not '}symmetric:".ljust(29), end="")
        print(f"{none:5.1%} zero points are 0, {changed:5.1%} changed, ", end="")
        print("error {:.1%}, packed {:.1%}".format(*errors))
        if symmetric or none == 0:
            seen = seen and changed == 0
        elif sparsity >= 0.75:
            seen = seen and changed > 0.02 and errors[1] > 5 * errors[0]
print("as described" if seen else "CHANGED: zero points beside a 0 are no longer lost as described")
sys.exit(not seen)
PROGRAM
