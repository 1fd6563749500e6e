"""What ways of selling and of paying cost: `python -m benchmarks.sales [--json FILE]`, one part of `PARTS` a mechanism.

Each part returns rows of the table: what was measured, what is asked, and the ratio to a peer of the same run, which the
row names. Figures are the least of some rounds, in processor time of one thread, whatever else the machine does.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import batch_clearing, comparison, perpetuals, sizing, stability_pool
from benchmarks.deleveraging import deleveraging
from benchmarks.processor_time import least_seconds
from benchmarks.table import Row, as_json, print_table

from seawall.fixed import RAY
from seawall.rules.dutch_auction import LinearCurve, PriceCurve, PriceTable, StairstepCurve

PRICES = 200_000
TAIL_SECONDS = 8_400
PRICES_PER_SECOND_MIN = 1e6


def dutch_auction() -> list[Row]:
    """Return how many exact prices a second a table gives, for each curve."""
    curves: dict[str, PriceCurve] = {
        "linear": LinearCurve(3_600),
        "stairs of 90 s": StairstepCurve(90, 99 * RAY // 100),
        "exponential": StairstepCurve(1, 999 * RAY // 1000),
    }
    starts = [(1_000 + nth % 997) * RAY + nth for nth in range(PRICES)]
    elapsed = [(nth * 7_919) % TAIL_SECONDS for nth in range(PRICES)]

    def bare() -> None:
        for start_price_ray, seconds in zip(starts, elapsed, strict=True):
            start_price_ray * seconds // TAIL_SECONDS

    bare_seconds = least_seconds(bare)
    rows = []
    for name, curve in curves.items():
        price_ray = PriceTable(curve, TAIL_SECONDS).price_ray

        def work(price_ray: Callable[[int, int], int] = price_ray) -> None:
            for start_price_ray, seconds in zip(starts, elapsed, strict=True):
                price_ray(start_price_ray, seconds)

        seconds = least_seconds(work)
        figure = PRICES / seconds
        rows.append(
            Row(f"Dutch auction, exact price, {name}; of one product and division", figure, "prices/s",
                PRICES_PER_SECOND_MIN, seconds / bare_seconds, ok=figure >= PRICES_PER_SECOND_MIN)
        )  # fmt: skip
    return rows


PARTS: Sequence[Callable[[], list[Row]]] = (
    dutch_auction,
    batch_clearing.measure,
    stability_pool.measure,
    deleveraging,
    sizing.measure,
    perpetuals.measure,
    comparison.measure,
)


def main() -> None:
    """Measure every part, print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="file to write the table to")
    file = parser.parse_args().json
    rows: list[Row] = []
    for part in PARTS:
        print(f"{part.__module__.rpartition('.')[2]}.{part.__name__} ...", file=sys.stderr, flush=True)
        rows += part()
    print_table(rows)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(as_json(rows))


if __name__ == "__main__":
    main()
