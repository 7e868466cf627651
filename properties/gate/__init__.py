"""The gate: anybody's implementation, judged by the theory.

Its rooms, of which each imports only those above it:

- `adapter`: finding the implementation, and asking it in a process of its own;
- `examples`, `snippets`: what it is asked, and a failure as a program that repeats it;
- `comparing`: its answers held against what the theory says;
- `conventions`: what it offers, declares and is seen to do, and what it refuses as a whole;
- `checks`: the properties, one file a subject;
- `report`: what came of them, as files and on a terminal.

`judge` decides on one property, `run` on all of the `catalogue`; `command` is `pruneproof gate`.
"""
