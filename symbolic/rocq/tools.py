"""The programs and libraries that a build needs: whether they are there, and which they are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

PROGRAMS = ("coqc", "coqchk", "coqdep", "coqtop")
PACKAGES = ("coq", "libcoq-mathcomp-algebra", "libcoq-mathcomp-algebra-tactics")

ADVICE = f"""\
On Debian 12 or Ubuntu 23.04 and later:
    apt-get install {" ".join(PACKAGES)}
Elsewhere, with opam:
    opam install coq.8.16.1 coq-mathcomp-algebra.1.15.0 coq-mathcomp-algebra-tactics.1.0.0"""

PROBE = """\
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
"""


class ToolsMissingError(Exception):
    """Rocq or one of its libraries is not installed; the message says what to install."""


def check_tools() -> None:
    """Make sure that Rocq and mathcomp can be used.

    Raises:
        ToolsMissingError: naming what is missing and the packages that hold it.
    """
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        raise ToolsMissingError(f"not found: {', '.join(missing)}.\n{ADVICE}")
    with TemporaryDirectory() as scratch:
        probe = Path(scratch) / "probe.v"
        probe.write_text(PROBE, encoding="utf-8")
        done = subprocess.run(["coqc", "-q", "-w", "none", probe], capture_output=True, text=True)
    if done.returncode:
        raise ToolsMissingError(f"coqc cannot load mathcomp: {done.stderr.strip()}\n{ADVICE}")


def coq_version() -> str:
    """Rocq's version, such as 8.16.1."""
    return subprocess.check_output(["coqc", "-print-version"], text=True).split()[0]


def mathcomp_version() -> str:
    """The versions of Debian's mathcomp packages, or "unknown" where they come from elsewhere."""
    if shutil.which("dpkg-query") is None:
        return "unknown"
    query = ["dpkg-query", "--show", "--showformat=${Package} ${Version}, ", *PACKAGES[1:]]
    done = subprocess.run(query, capture_output=True, text=True)
    return done.stdout.rstrip(", ") if done.returncode == 0 else "unknown"
