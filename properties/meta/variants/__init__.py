"""Right implementations that are written otherwise than the reference."""
