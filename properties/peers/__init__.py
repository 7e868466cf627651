"""Other people's implementations, each judged by the gate in an environment of its own."""
