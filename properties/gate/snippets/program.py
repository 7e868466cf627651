"""How a snippet speaks to an adapter that is a program: the protocol in a few lines."""

from __future__ import annotations

PREFIX = "command: "
"""Begins what stands for the target of an adapter that is a program."""

_PROGRAM = """\
import json
import math
import shlex
import subprocess

import torch

command = shlex.split({command!r})
program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def encoded(value):
    if isinstance(value, list):
        return [encoded(each) for each in value]
    if not isinstance(value, torch.Tensor):
        return value if value != math.inf else "inf"
    values = value.flatten().tolist()
    if value.is_floating_point():
        values = [each.hex() for each in values]
    return {{"dtype": str(value.dtype)[6:], "shape": list(value.shape), "values": values}}


def decoded(value):
    if not isinstance(value, dict):
        return value
    if "dtype" not in value:
        return {{key: decoded(each) for key, each in value.items()}}
    values = [float.fromhex(x) if isinstance(x, str) else x for x in value["values"]]
    return torch.tensor(values, dtype=getattr(torch, value["dtype"])).reshape(value["shape"])


class Adapter:
    fields = {{
        "score": ("method", "weight", "inputs", "outputs"),
        "keep_mask": ("method", "weight", "inputs", "outputs"),
        "refine": ("method", "weight", "keep", "inputs"),
        "activation_statistics": ("batches",),
        "describe": (),
    }}

    def __getattr__(self, call):
        def ask(*given, **parameters):
            found = dict(zip(self.fields[call], given), parameters=parameters)
            found["parameters"] = {{key: encoded(each) for key, each in parameters.items()}}
            found = {{key: encoded(each) for key, each in found.items() if each is not None}}
            print(json.dumps({{"id": 1, "call": call, **found}}), file=program.stdin, flush=True)
            return decoded(json.loads(program.stdout.readline())["answer"])

        return ask


adapter = Adapter()
adapter.describe()"""


def prelude(command: str) -> list[str]:
    """Lines after which `adapter` is the program.

    Args:
        command: the program and its arguments, quoted as for a shell.
    """
    return _PROGRAM.format(command=command).splitlines()
