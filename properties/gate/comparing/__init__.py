"""Answers held against what they must be, exactly and with the bounds that they may miss it by."""
