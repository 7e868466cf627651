"""What proves that the gate works: wrong implementations that it rejects, right ones that pass."""
