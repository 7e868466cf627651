"""One module a topic; each defines CLAIMS, the statements in the order of the paper."""
