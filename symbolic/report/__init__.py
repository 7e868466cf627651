"""The ledger as people read it: in a terminal, as JSON, as one HTML page, as the errata."""
