"""Is this pruned checkpoint what it says it is? Facts of its zeros, and what speaks against it."""
