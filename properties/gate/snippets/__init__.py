"""Failures as programs of their own, which need no pruneproof."""
