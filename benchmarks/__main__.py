"""Every measurement in one run and one table: `python -m benchmarks [--json FILE]`."""

import argparse
import platform
import sys
from pathlib import Path

from benchmarks import engine, exact_health, journal, monitor, whole_process
from benchmarks.table import as_json, print_table

BENCHMARKS = (exact_health, monitor, journal, engine, whole_process)


def main() -> None:
    """Run all benchmarks, print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write the table to")
    file = parser.parse_args().json
    rows = []
    for benchmark in BENCHMARKS:
        print(f"{benchmark.__name__} ...", file=sys.stderr, flush=True)
        rows += benchmark.measure()
    print(f"Python {platform.python_version()}, {platform.machine()}")
    print_table(rows)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(as_json(rows))


if __name__ == "__main__":
    main()
