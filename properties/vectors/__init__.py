"""Frozen vectors: inputs with exact answers, for implementations in any language."""
