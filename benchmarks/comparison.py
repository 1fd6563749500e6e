"""How long it takes to hold six protocols side by side on the real book, by the hour of May 2021, two runs at a time.

The book and its prices are a folder of public data that SEAWALL_DATA names; without one there is no row. Seconds are by
the wall, from the call to the table, reading and the start of processes among them. Where others use the machine too they
say little: the second row is the processor time of all processes, and its ratio how many cores they had of it.
"""

import multiprocessing
import os
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import perf_counter

from benchmarks.table import Row
from benchmarks.whole_process import BOOK, HOURS

from seawall.app.comparison import ComparisonArguments, compare

PROTOCOLS = ("compound_v2@2", "compound_v2@1", "aave_v3@3.3", "aave_v3@3.6", "morpho_blue@1", "seawall@1")
SECONDS_MAX = 40.0


def measure() -> list[Row]:
    """Return the rows, or none without the data."""
    folder = os.environ.get("SEAWALL_DATA")
    if not folder:
        print("the comparison is left out: SEAWALL_DATA names no folder", file=sys.stderr)
        return []
    files = [str(Path(folder) / name) for name in (HOURS, *BOOK[1::2])]
    arguments = ComparisonArguments(
        scenario="may_2021_hourly",
        protocols=PROTOCOLS,
        prices=tuple(files[:2]),
        positions=files[2],
        markets=files[3],
    )
    used, start = _processor_seconds(), perf_counter()
    compare(arguments, lambda *_: None)
    seconds = perf_counter() - start
    for process in multiprocessing.active_children():
        process.join()
    used = _processor_seconds() - used
    what = "compare, 6 protocols, 12,132 accounts, 240 ticks"
    return [
        Row(what, seconds, "s", SECONDS_MAX, ok=seconds < SECONDS_MAX),
        Row(f"{what}: processor time; cores had", used, "s", 2 * SECONDS_MAX, used / seconds),
    ]


def _processor_seconds() -> float:
    """Return what this process and all that it has waited for have used."""
    return sum(sum(getrusage(who)[:2]) for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
