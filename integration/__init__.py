"""Real checkpoints and real text."""
