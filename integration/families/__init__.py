"""Pruning judged on a small random model of every family of decoders, by an oracle of its own."""
