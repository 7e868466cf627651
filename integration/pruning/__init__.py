"""Pruning a decoder block by block, as the known repositories do it."""
