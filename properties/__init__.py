"""The properties that an implementation of a pruning method must have."""
