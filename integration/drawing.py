"""How pictures in the pages look; matplotlib is imported where they are drawn."""

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
"""Okabe and Ito's colours, which colour-blind readers tell apart."""
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "grid.alpha": 0.25,
    # The same file from the same numbers.
    "svg.hashsalt": "pruneproof",
}
