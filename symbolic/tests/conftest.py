"""Every claim decided once, for all tests of the ledger."""

import pytest

from pruneproof.symbolic import ledger


@pytest.fixture(scope="session")
def entries():
    decided = sorted(ledger.decide_all(workers=2), key=lambda each: each[0])
    return [entry for _, _, entry in decided]
