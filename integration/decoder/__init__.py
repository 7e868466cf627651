"""A decoder in memory: its blocks, their matrices, and forward passes through them."""
