"""The methods that an adapter may offer, what they need, and which parameters are tried."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

POWERS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 0.3, 1.7])
TERMS = st.sampled_from(["both", "input", "output"])
ORDERS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, math.inf, 1.3])


@dataclass(frozen=True)
class Method:
    """A score, and how to ask for it.

    Attributes:
        name: as an adapter receives it.
        source: where the paper states it.
        inputs: whether it needs calibration inputs; `optional` where only a parameter does.
        outputs: whether it needs output activations.
        parameters: values to try, by name; what is left out has its default.
        defaults: of the parameters.
    """

    name: str
    source: str
    inputs: bool | str = False
    outputs: bool = False
    parameters: dict[str, st.SearchStrategy[Any]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)


_LIST = (
    Method("magnitude", "Section 2.1"),
    Method("wanda", "Corollary 3.2", True, False, {"alpha": POWERS}, {"alpha": 1.0}),
    Method("owanda", "Corollary 3.3", False, True),
    Method("symwanda", "Lemma 3.1", True, True),
    Method("symwanda_squared", "Appendix B", True, True),
    Method("symmetric", "Corollary 3.4"),
    Method("symmetric_squared", "Table 1, Symmetric"),
    Method("ri", "Theorem 3.5", parameters={"terms": TERMS}, defaults={"terms": "both"}),
    Method(
        "ria",
        "Eq. (2)",
        True,
        parameters={"alpha": POWERS, "terms": TERMS},
        defaults={"alpha": 0.5, "terms": "both"},
    ),
    Method("general_diagonal", "Lemma 3.7", True, True),
    Method(
        "lp",
        "Eq. (3), Appendix C.3",
        "optional",
        parameters={
            "p": ORDERS,
            "strategy": st.sampled_from(["S1", "S2", "S3", "S4"]),
            "alpha": POWERS,
        },
        defaults={"p": 1.0, "strategy": "S1", "alpha": 0.0},
    ),
    Method(
        "stochria",
        "Eq. (4)",
        "optional",
        parameters={
            "ratio": st.sampled_from([0.1, 0.3, 0.5, 0.75, 1.0]),
            "seed": st.integers(0, 9),
            "alpha": POWERS,
        },
        defaults={"ratio": 0.1, "seed": 0, "alpha": 0.0},
    ),
)
METHODS = {method.name: method for method in _LIST}
SCORES = tuple(METHODS)
CLOSED_FORMS = tuple(name for name in SCORES if name != "stochria")
REFINEMENTS = ("dsnot", "r2_dsnot")
