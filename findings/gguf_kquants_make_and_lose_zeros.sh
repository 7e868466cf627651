#!/bin/sh
# Zeros counted from a GGUF file: 20 % of a dense weight in Q3_K, none of a half-pruned one in Q4_K.
#
# Versions: ggml inside xllamacpp 2026.10.11549 (its Linux wheel exports ggml's functions), gguf
# 0.19.0, NumPy 2.4.2.
#
# Seen: a Gaussian weight, 256 × 256, is quantised by ggml and expanded by gguf, dense and with half
# of each row removed by magnitude. Q3_K makes 0 of a fifth of the dense one, and Q6_K of 3 %. Q2_K,
# Q4_K, Q5_K, IQ4_NL and IQ4_XS keep at most 1 % of the half-pruned one's zeros. Those that they
# move become the level of their block that is nearest to 0: small beside the kept weights, but in
# Q2_K a quarter of them.
#
# Expected: no type promises to keep a 0. But Q3_K lies between Q2_K and Q4_K in bits and does the
# opposite of both, so the name does not tell which.
#
# For whoever prunes: a sparsity counted from a GGUF file is wrong in both directions. Count zeros
# before the conversion. Q8_0 and Q6_K keep zeros and make few; Q3_K keeps them and makes many.
# Files called Q4_K_M and the like mix types.
#
# Usage: sh gguf_kquants_make_and_lose_zeros.sh
# Exit status: 0 as described, 1 changed, 2 the packages could not be installed.
# Output seen:
#           zeros of the dense weight   of the half-pruned   moved to, by mean kept weight
#   Q8_0          0.7%                      50.0%                    0.0%
#   Q6_K          2.5%                      50.0%                    0.0%
#   Q3_K         20.4%                      50.0%                    0.0%
#   Q2_K          0.0%                       0.4%                   22.7%
#   Q4_K          0.0%                       0.0%                    2.1%
#   Q5_K          0.0%                       0.1%                    1.5%
#   IQ4_NL        0.0%                       0.0%                    1.5%
#   IQ4_XS        0.0%                       0.0%                    1.5%
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
install xllamacpp==2026.10.11549 gguf==0.19.0 numpy==2.4.2
"$python" - <<'PROGRAM'
import ctypes
import sys
from importlib.metadata import files

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

library = next(each for each in files("xllamacpp") if each.name.endswith(".so"))
ggml = ctypes.CDLL(str(library.locate()))
ggml.ggml_quantize_init.argtypes = [ctypes.c_int]
ggml.ggml_quantize_init.restype = None
ggml.ggml_quantize_chunk.argtypes = [
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,
    *[ctypes.c_int64] * 3,
    ctypes.c_void_p,
]
ggml.ggml_quantize_chunk.restype = ctypes.c_size_t


def stored(weight, kind):
    """What is read from a file of this type."""
    block, size = GGML_QUANT_SIZES[kind]
    rows, columns = weight.shape
    packed = np.zeros((rows, columns // block * size), np.uint8)
    ggml.ggml_quantize_init(kind.value)
    written = ggml.ggml_quantize_chunk(
        kind.value, weight.ctypes.data, packed.ctypes.data, 0, rows, columns, None
    )
    assert written == packed.nbytes
    return dequantize(packed, kind).reshape(weight.shape)


dense = np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32)
order = np.abs(dense).argsort(1).argsort(1)
pruned = np.where(order < 128, np.float32(0), dense)
kept = np.abs(pruned[pruned != 0]).mean()
# Shares of zeros: of the dense weight at least, and of what the half-pruned one had.
expected = {
    "Q8_0": (0.00, True),
    "Q6_K": (0.02, True),
    "Q3_K": (0.18, True),
    "Q2_K": (0.00, False),
    "Q4_K": (0.00, False),
    "Q5_K": (0.00, False),
    "IQ4_NL": (0.00, False),
    "IQ4_XS": (0.00, False),
}
seen = True
print("        zeros of the dense weight   of the half-pruned   moved to, by mean kept weight")
for name, (least, keeps) in expected.items():
    kind = GGMLQuantizationType[name]
    zeros = float((stored(dense, kind) == 0).mean())
    again = stored(pruned, kind)
    left = float((again == 0).mean())
    size = float(np.abs(again[pruned == 0]).mean() / kept)
    print(f"{name:6}{zeros:12.1%}{left:27.1%}{size:24.1%}")
    seen = seen and zeros >= least and zeros < least + 0.05
    seen = seen and (left >= 0.5 if keeps else left < 0.01)
print("as described" if seen else "CHANGED: other types make or lose zeros")
sys.exit(not seen)
PROGRAM
