"""The paper's printed numbers checked against each other and against what its text says of them."""
