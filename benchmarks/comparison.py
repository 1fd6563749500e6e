"""How long it takes to hold six protocols side by side on the real book, by the hour of May 2021, two runs at a time.

The book and its prices are a folder of public data that SEAWALL_DATA names; without one there is no row. Seconds are by
the wall, from the call to the table, reading and the start of processes among them.
"""

import os
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.table import Row
from benchmarks.whole_process import BOOK, HOURS

from seawall.app.comparison import ComparisonArguments, compare

PROTOCOLS = ("compound_v2@2", "compound_v2@1", "aave_v3@3.3", "aave_v3@3.6", "morpho_blue@1", "seawall@1")
SECONDS_MAX = 40.0


def measure() -> list[Row]:
    """Return the row, or none without the data."""
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
    start = perf_counter()
    compare(arguments, lambda *_: None)
    seconds = perf_counter() - start
    return [
        Row("compare, 6 protocols, 12,132 accounts, 240 ticks", seconds, "s", SECONDS_MAX, ok=seconds < SECONDS_MAX)
    ]
