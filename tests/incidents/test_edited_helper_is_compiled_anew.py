"""A kernel's cache knew the kernel's own file only: an edited helper in another file went on running as it was."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import seawall

PRINT_STAMPS = """
from seawall.monitor import kernels, trigger_kernels, exact_health, exact_close_factor
for module in (kernels, trigger_kernels, exact_health, exact_close_factor):
    for name, kernel in sorted(vars(module).items()):
        if name.endswith("_nb"):
            print(module.__name__, name, kernel._cache._cache_file._source_stamp)
"""


def stamps_of(folder: Path) -> dict[str, str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_DISABLE_JIT": "0"}
    done = subprocess.run(
        [sys.executable, "-c", PRINT_STAMPS], env=environment, cwd=folder, capture_output=True, text=True, check=True
    )
    stamps = {}
    for line in done.stdout.splitlines():
        module, name, stamp = line.split(" ", 2)
        stamps[f"{module.rpartition('.')[2]}.{name}"] = stamp
    return stamps


def test_a_kernel_is_compiled_anew_when_a_file_that_it_needs_changes(tmp_path: Path) -> None:
    shutil.copytree(Path(seawall.__file__).parent, tmp_path / "seawall", ignore=shutil.ignore_patterns("__pycache__"))
    before = stamps_of(tmp_path)
    needed_by = {
        "monitor/trigger_lines.py": {"trigger_kernels"},
        "monitor/limbs.py": {"exact_health", "exact_close_factor"},
        "fixed.py": {"trigger_kernels", "exact_health", "exact_close_factor"},
    }
    for file, modules in needed_by.items():
        path = tmp_path / "seawall" / file
        path.write_text(path.read_text() + "\n# edited\n")
        after = stamps_of(tmp_path)
        changed = {name.partition(".")[0] for name in before if before[name] != after[name]}
        assert changed == modules, file
        before = after
