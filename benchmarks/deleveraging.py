"""Auto-deleveraging: how long 20,000 winners take. `python -m benchmarks.deleveraging [WINNERS]`."""

import random
import sys
from time import thread_time

from benchmarks.arguments import whole_numbers
from benchmarks.table import Row, print_table

from seawall.fixed import WAD
from seawall.ledger.deleveraging import Deleveraging, MarginLine, UncoveredLoss, Winner
from seawall.ledger.market import COLLATERAL
from seawall.rules.auto_deleveraging import EXACT_BUDGET, deleveraging_by

MILLISECONDS_MAX = 50
REPEATS = 7
UNIT = 10**18
TIERS = (MarginLine(0, 8 * WAD // 10), MarginLine(-1_000 * WAD, 16 * WAD // 10))


def winners(count: int) -> list[Winner]:
    """Return shorts: sizes over five magnitudes, margins in two lines, one in fifty near its own margin."""
    dice = random.Random(1)
    drawn = []
    for account in sorted(dice.randbytes(20) for _ in range(count)):
        balance = int(UNIT * dice.lognormvariate(4, 2))
        entry = int(80 * WAD * (1 + dice.uniform(-0.02, 0.5)))
        share = dice.uniform(0.01, 0.03) if dice.random() < 0.02 else dice.uniform(0.05, 1)
        equity = int(balance * 80 * share)
        # A cut leads to no higher tier, so only the lines up to the one that a position is in can hold it.
        lines = TIERS if balance * 80 > 1_000 * UNIT else TIERS[:1]
        drawn.append(Winner(account, balance, entry, equity, equity, lines))
    return drawn


def deleveraging(count: int = 20_000) -> list[Row]:
    """Return the rows: a small loss, and one that takes a third of all there is, where caps decide."""
    book = winners(count)
    held = sum(winner.balance for winner in book)
    rows = []
    for name, balance in (("a loss of a hundredth", held // 100), ("a loss of a third", held // 3)):
        loss = UncoveredLoss(COLLATERAL, balance, UNIT, 80 * WAD, 84 * WAD, balance * 4)
        seconds = []
        for _ in range(REPEATS):
            began = thread_time()
            record = deleveraging_by(EXACT_BUDGET, loss, book)
            seconds.append(thread_time() - began)
        assert isinstance(record, Deleveraging)
        assert sum(cut.paid_value for cut in record.cuts) + record.remainder_value == loss.loss_value
        spent = 1_000 * min(seconds)
        what = f"exact budget over {count:,} winners, {name}"
        rows.append(Row(what, spent, "ms", MILLISECONDS_MAX, ok=spent < MILLISECONDS_MAX))
    return rows


if __name__ == "__main__":
    rows = deleveraging(*whole_numbers(__doc__, winners=20_000))
    print_table(rows)
    sys.exit(not all(row.ok for row in rows))
