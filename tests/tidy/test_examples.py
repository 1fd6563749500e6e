"""Every example runs and prints what is committed beside it (`make examples` writes it again)."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda script: script.stem)
def test_an_example_prints_what_is_committed(script):
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout == script.with_suffix(".out").read_text()
