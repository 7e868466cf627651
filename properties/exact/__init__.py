"""Exact arithmetic: formulas, long vectors, and layers of rationals."""
