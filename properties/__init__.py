"""The properties that an implementation of a pruning method must have.

They are the files here whose names begin with `test_`, and stand on rooms of which each imports
only those above it:

- `exact`, `certified`: the numbers that they compare, without rounding and with certified bounds;
- `gate`: what judges anybody's implementation, by properties of its own;
- `meta`, `peers`, `vectors`: wrong implementations that the gate must reject, other people's that
  it judges, and exact answers for those in other languages.
"""
