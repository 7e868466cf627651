"""Every score, objective, construction, mask rule and mask refinement, in plain torch."""
