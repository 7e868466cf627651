"""A checkpoint's files: what they hold, and a model made of them or written to them."""
