"""The doorway: the `pruneproof` command."""
