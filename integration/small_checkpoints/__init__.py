"""Real checkpoints that are small enough for any machine."""
