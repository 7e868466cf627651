"""What the generic shrinking cannot know: values of a family's own, and further classes."""

from __future__ import annotations

from typing import Any

OWN: dict[str, dict[str, Any]] = {}
"""By family, parameters of its configuration."""
ALSO: dict[str, tuple[str, str]] = {
    "gemma3 (with vision)": ("gemma3", "Gemma3ForConditionalGeneration"),
}
"""Further ones that people load: by a name, the type of configuration and the model's class."""
