"""The paper's cells measured again: experiments, tiers, verdicts, and a report beside the print."""
