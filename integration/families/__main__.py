"""`python -m pruneproof.integration.families`: judge families, or write docs/families.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pruneproof.integration.families.page import PAGE, RESULTS, page
from pruneproof.reporting.files import write_whole


def main() -> int:
    """Exit 0 where nothing is defective, 1 where something is."""
    parser = argparse.ArgumentParser(prog="python -m pruneproof.integration.families")
    commands = parser.add_subparsers(dest="command", required=True)
    judging = commands.add_parser("judge", help="judge families and keep what came of them")
    judging.add_argument(
        "--only", action="append", metavar="NAME", help="a family; may be repeated"
    )
    judging.add_argument("--results", type=Path, metavar="FILE", help="goes on where it stopped")
    judging.add_argument("--again", action="store_true", help="judge those that FILE holds, too")
    commands.add_parser("page", help="write docs/families.md from the results of all versions")
    given = parser.parse_args()
    if given.command == "page":
        write_whole(PAGE, page())
        return 0
    return _judge(given)


def _judge(given: argparse.Namespace) -> int:
    import transformers

    from pruneproof.integration.families.judge import DEFECT
    from pruneproof.integration.families.small_model import families
    from pruneproof.integration.families.survey import survey

    everything = sorted(families())
    if unknown := sorted(set(given.only or ()) - set(everything)):
        print(f"only: {unknown[0]} is no family of transformers {transformers.__version__}")
        return 2
    wanted = given.only or everything
    path = given.results or RESULTS / f"transformers-{transformers.__version__}.json"
    held = survey(path, wanted, again=given.again)["families"]
    verdicts = [held[name]["verdict"] for name in wanted]
    print(", ".join(f"{verdicts.count(each)} {each}" for each in sorted(set(verdicts))))
    return 1 if DEFECT in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
