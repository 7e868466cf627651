"""The adapter that is judged: found, run in a process of its own, and asked in bounded time."""
