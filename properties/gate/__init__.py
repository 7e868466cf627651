"""The gate: anybody's implementation, judged by the theory."""
