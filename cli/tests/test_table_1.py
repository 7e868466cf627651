"""The rows of Table 1, which `integration` keeps, are those that `symbolic` decides."""

import json
from collections import defaultdict

from pruneproof.integration.paper_tables import formulas
from pruneproof.symbolic import claims
from pruneproof.symbolic.ledger import RECORDED


def test_every_row_is_the_locus_of_decided_claims_and_names_the_refuted_ones() -> None:
    verdicts = json.loads(RECORDED.read_text(encoding="utf-8"))
    decided: dict[str, set[str]] = defaultdict(set)
    refuted: dict[str, set[str]] = defaultdict(set)
    for _, claim in claims.load():
        if claim.locus.startswith("Table 1, "):
            verdict = verdicts[claim.id]["verdict"]
            assert verdict != "open"
            decided[claim.locus].add(claim.id)
            refuted[claim.locus] |= {claim.id} if verdict == "refuted" else set()
    assert [row.locus for row in formulas() if not decided[row.locus]] == []
    assert decided.keys() == {row.locus for row in formulas()}
    for row in formulas():
        assert set(row.refuted_by) == refuted[row.locus], row.locus
