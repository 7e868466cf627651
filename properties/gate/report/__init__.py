"""A run of the gate as files and on a terminal."""
