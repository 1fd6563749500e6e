"""The figures of the trigger book, one run, one process: `python -m benchmarks.monitor_figures [--accounts N] [--only PART ...]`.

ticks    calm, crash and after it, beside recomputing everyone; bulk build; updates; a thousand assets too (not at ten million)
exact    health in limbs, and a crash from its price to durable orders, always over a million accounts
growth   from nobody to N without a pause, and the memory that N accounts take
cascade  prices and updates that arrive by their own clock in a falling market; `--seconds` of it
"""

import argparse
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import cascade, exact_path, growth, trigger_book
from benchmarks.table import Row, as_json, print_table

MILLION = 1_000_000
ASSETS, MANY_ASSETS = 20, 1000


def ticks(accounts: int, seconds: float) -> list[Row]:  # noqa: ARG001 - every part is called alike
    """Return what a tick costs."""
    rows = trigger_book.rows_for(accounts, ASSETS)
    return rows if accounts > MILLION else rows + trigger_book.rows_for(accounts, MANY_ASSETS)


def exact(accounts: int, seconds: float) -> list[Row]:  # noqa: ARG001 - every part is called alike
    """Return what the exact path costs."""
    return exact_path.measure()


PARTS: dict[str, Callable[[int, float], list[Row]]] = {
    "ticks": ticks,
    "exact": exact,
    "growth": lambda accounts, _: growth.measure(accounts),
    "cascade": cascade.measure,
}


def main() -> None:
    """Run the parts that are asked for, print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=float, default=1e6, help="accounts in the book (1e6)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the cascade lasts (60)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to run (all)")
    parser.add_argument("--json", type=Path, help="file to write the table to")
    given = parser.parse_args()
    rows: list[Row] = []
    for name in given.only:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += PARTS[name](int(given.accounts), given.seconds)
    print(f"Python {platform.python_version()}, {platform.machine()}")
    print_table(rows)
    if given.json is not None:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(as_json(rows))


if __name__ == "__main__":
    main()
