#!/bin/sh
# safetensors.numpy stores a transposed array's memory under the transposed shape.
#
# Versions: safetensors 0.7.0, then 0.8.0; NumPy 2.4.2.
#
# Seen: safetensors.numpy.save_file of 0.8.0 writes a NumPy array's memory as it lies, and its shape
# beside it. A transposed mask, one in Fortran's order and every second column come back with the
# right shape and other numbers. Nothing is raised. 0.7.0 stores the same arrays as they are.
#
# Expected: the documentation of safetensors.numpy.save_file says that it saves a dictionary of
# tensors, and names no condition. A public report (safetensors issue 825) calls it a regression.
#
# For whoever prunes: masks are most often made in × out and stored out × in, a transposition away.
# Their sparsity is right when they are read again, so that counting zeros finds nothing. Store
# numpy.ascontiguousarray(mask), and compare what was read with what was written.
#
# Usage: sh safetensors_numpy_scrambles_views.sh
# Exit status: 0 as described, 1 changed, 2 the packages could not be installed.
# Output seen:
#   safetensors 0.7.0
#       contiguous:            100.0% the same, 50.0% kept of 50.0%
#       transposed:            100.0% the same, 50.0% kept of 50.0%
#       in Fortran's order:    100.0% the same, 50.0% kept of 50.0%
#       every second column:   100.0% the same, 50.0% kept of 50.0%
#       a contiguous copy:     100.0% the same, 50.0% kept of 50.0%
#       as described
#   safetensors 0.8.0
#       contiguous:            100.0% the same, 50.0% kept of 50.0%
#       transposed:             50.1% the same, 50.0% kept of 50.0%
#       in Fortran's order:     50.1% the same, 50.0% kept of 50.0%
#       every second column:    50.0% the same, 50.0% kept of 50.0%
#       a contiguous copy:     100.0% the same, 50.0% kept of 50.0%
#       as described
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
cat >"$folder/program.py" <<'PROGRAM'
import sys

import numpy as np
import safetensors
from safetensors.numpy import load_file, save_file

path = f"{sys.argv[1]}/masks.safetensors"
numbers = np.random.default_rng(0).standard_normal((512, 512))
# Half of the weights into each output, compared as scores lie: in × out.
mask = numbers > np.median(numbers, axis=0)
cases = {
    "contiguous": mask,
    "transposed": mask.T,
    "in Fortran's order": np.asfortranarray(mask),
    "every second column": mask[:, ::2],
    "a contiguous copy": np.ascontiguousarray(mask.T),
}
old, seen = safetensors.__version__ == "0.7.0", True
print(f"safetensors {safetensors.__version__}")
for title, each in cases.items():
    save_file({"mask": each}, path)
    again = load_file(path)["mask"]
    same = float((again == each).mean())
    print(f"    {title + ':':22}{same:7.1%} the same, {again.mean():.1%} kept of {each.mean():.1%}")
    wrong = not each.flags.c_contiguous and not old
    seen = seen and again.shape == each.shape and (same < 0.9 if wrong else same == 1)
print("    as described" if seen else "    CHANGED: arrays are no longer stored as described")
sys.exit(not seen)
PROGRAM
status=0
for version in 0.7.0 0.8.0; do
    install safetensors==$version numpy==2.4.2
    "$python" "$folder/program.py" "$folder" || status=1
done
exit $status
