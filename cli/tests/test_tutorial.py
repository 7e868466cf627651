"""The tutorial, followed to the letter."""

import os
import re
import subprocess
import sysconfig
from pathlib import Path

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TUTORIAL, re.DOTALL)
LAST_LINES = re.findall(r"^(?:does not conform|conforms): .*$", TUTORIAL, re.MULTILINE)
MENDED = "import numpy as np\n\n\n" + BLOCKS[2]
IN_FLOAT32 = "np.linalg.norm(X.astype(np.float32), axis=0)"


def gate(folder: Path, adapter: str) -> str:
    """What the gate prints."""
    command = [Path(sysconfig.get_path("scripts")) / "pruneproof", "gate", adapter]
    # Bars and formulas, whatever the locale.
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, cwd=folder, capture_output=True, encoding="utf-8", env=environment, check=False
    ).stdout


def test_each_step_ends_as_it_says(tmp_path: Path) -> None:
    assert f"`{IN_FLOAT32}`" in TUTORIAL
    (tmp_path / "adapter.py").write_text(BLOCKS[1])
    (tmp_path / "torch_adapter.py").write_text(BLOCKS[3])
    (tmp_path / "my_pruning.py").write_text(BLOCKS[0])
    assert LAST_LINES[0] in gate(tmp_path, "adapter.py")
    (tmp_path / "my_pruning.py").write_text(MENDED)
    assert "MUST fails: score.half_precision:wanda" in gate(tmp_path, "adapter.py")
    last = MENDED.replace("np.linalg.norm(X, axis=0)", IN_FLOAT32)
    (tmp_path / "my_pruning.py").write_text(last)
    assert LAST_LINES[1] in gate(tmp_path, "adapter.py")
    assert LAST_LINES[2] in gate(tmp_path, "torch_adapter.py")
