"""The properties ship: anyone who has pruneproof installed can run them from anywhere."""

import subprocess
import sys
from pathlib import Path


def test_pytest_finds_the_properties_by_their_import_name(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "--pyargs", "pruneproof.properties"]
    listing = subprocess.check_output([*command, "--collect-only", "-q"], cwd=tmp_path, text=True)
    assert "test_wanda.py::" in listing
