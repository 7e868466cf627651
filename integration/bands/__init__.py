"""How far a measured number may lie from a printed one, and why: a band for every cell."""
