"""`python -m pruneproof.symbolic.rocq`: have Rocq check every theorem, and record it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pruneproof.symbolic.rocq.build import BuildError, build, check_texts
from pruneproof.symbolic.rocq.manifest import table, theorems, theorems_of_claims
from pruneproof.symbolic.rocq.record import default_record, write_record
from pruneproof.symbolic.rocq.tools import ADVICE, ToolsMissingError, check_tools

EPILOG = f"""\
Compiles symbolic/rocq/theories/ in a scratch folder, makes sure that every theorem of
theorems.toml, and every theorem that a claim names, is there and holds without axioms, has coqchk
check the compiled files again, and writes a record. `pruneproof theory` names rocq as an engine for
as long as the record is of the present sources.

exit status: 0 all is proved; 1 something is not; 2 Rocq or a library of it is missing.

{ADVICE}
"""


def claimed() -> set[str]:
    """The theorems that claims of the ledger refer to."""
    return {name for names in theorems_of_claims().values() for name in names}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m pruneproof.symbolic.rocq",
        description="Have Rocq check every theorem about the paper, and record the outcome.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--record",
        type=Path,
        default=default_record(),
        help="where the record is written (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs", type=int, default=2, help="files to compile at a time (default: %(default)s)"
    )
    parser.add_argument(
        "--table", action="store_true", help="print the table of theorems for docs/formal.md"
    )
    options = parser.parse_args(arguments)
    if options.table:
        print(table(theorems()))
        return 0
    try:
        check_texts(claimed())
        check_tools()
        with TemporaryDirectory(prefix="pruneproof-rocq-") as scratch:
            record = build(
                Path(scratch), jobs=options.jobs, say=lambda message: print(message, flush=True)
            )
    except ToolsMissingError as missing:
        print(missing, file=sys.stderr)
        return 2
    except BuildError as failure:
        options.record.unlink(missing_ok=True)
        print(failure, file=sys.stderr)
        return 1
    write_record(record, options.record)
    print(f"{record.seconds['everything']} s; recorded in {options.record}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
