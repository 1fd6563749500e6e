"""Whole processes, as a person waits for them: the real book on the real crash, the bundled crash, and the help.

Wall time is the median of some runs after one that is not counted; *cold* is one run with an empty cache of compiled
kernels. Memory is the process's own peak beyond that of one that only imports what a replay needs. The real files are
those of the folder that SEAWALL_DATA names; without it their rows are left out, and said so.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.table import Row, print_table

BARS = "prices/2021-05_crash_binance_spot_5m.csv.gz"
HOURS = "prices/coingecko_hourly_aave_v2_assets_2021-01_2023-02.csv.gz"
BOOK = (
    "--prices", "prices/compound_v2_2023-05_snapshot_usd.csv",
    "--positions", "positions/compound_v2_2023-05_long.csv.gz",
    "--markets", "positions/compound_v2_2023-05_markets.csv",
)  # fmt: skip
MEGABYTE = 1024.0
# A small process of its own watches: to the system, a child's peak begins with that of the process that started it.
WATCHER = """
import os, sys, time
begin = time.perf_counter()
silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (1, 2)]
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, usage = os.wait4(process, 0)
print(time.perf_counter() - begin, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
BARE = "import seawall.app.commands.replay_result, seawall.app.replay_run"


def run(arguments: Sequence[str], **environment: str) -> tuple[float, float]:
    """Run a Python process and return its wall seconds and peak memory in MB; it must succeed."""
    found = subprocess.run(
        [sys.executable, "-c", WATCHER, sys.executable, *arguments],
        env=os.environ | environment,
        check=True,
        capture_output=True,
    )
    seconds, peak = found.stdout.split()
    return float(seconds), float(peak) / MEGABYTE


def seawall(*arguments: str) -> list[str]:
    """Return the arguments of a Python process that is the command line."""
    return ["-m", "seawall.app", *arguments]


def replay(name: str, prices: str, data: Path, out: Path) -> list[str]:
    """Return the replay of a bundled frame with the real files."""
    given = [part if part.startswith("--") else str(data / part) for part in ("--prices", prices, *BOOK)]
    return seawall("replay", name, *given, "--out", str(out), "--force")


def real_rows(data: Path, folder: Path) -> list[Row]:
    """Measure the two replays of the real book."""
    bare = median(run(["-c", BARE])[1] for _ in range(3))
    rows = []
    for name, prices, limit in (("may_2021", BARS, 10.0), ("may_2021_hourly", HOURS, 8.0)):
        arguments = replay(name, prices, data, folder / name)
        run(arguments)
        runs = [run(arguments) for _ in range(3)]
        seconds, peak = median(wall for wall, _ in runs), max(memory for _, memory in runs)
        rows.append(Row(f"real book, {name}: whole process, warm kernels", seconds, "s", limit, ok=seconds <= limit))
        extra = peak - bare
        rows.append(Row(f"real book, {name}: peak beyond the bare process", extra, "MB", 500, ok=extra <= 500))
    cold = run(replay("may_2021", BARS, data, folder / "cold"), NUMBA_CACHE_DIR=str(folder / "kernels"))[0]
    rows.append(Row("real book, may_2021: whole process, cold kernels", cold, "s"))
    return rows


def measure() -> list[Row]:
    """Return the table's rows for whole processes."""
    rows = []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        data, folder = os.environ.get("SEAWALL_DATA"), Path(name)
        if data:
            rows += real_rows(Path(data), folder)
        else:
            print("the real book is left out: SEAWALL_DATA names no folder", file=sys.stderr)
        bundled = seawall("replay", "black_thursday", "--out", str(folder / "bundled"), "--force")
        seconds = median(run(bundled)[0] for _ in range(3))
        rows.append(Row("bundled crash: whole process", seconds, "s"))
    help_seconds = median(run(seawall("--help"))[0] for _ in range(9))
    rows.append(Row("seawall --help: whole process", help_seconds, "s", 0.25, ok=help_seconds <= 0.25))
    return rows


if __name__ == "__main__":
    print_table(measure())
