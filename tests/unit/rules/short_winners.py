"""The book of one ranking, by five rules: six shorts at a mark of 80, against a long that is closed at 84; W6 has lost."""

from seawall.fixed import WAD
from seawall.ledger.deleveraging import MarginLine, UncoveredLoss, Winner
from seawall.ledger.market import COLLATERAL

MARK = 80 * WAD
ONE_PERCENT = (MarginLine(0, MARK // 100),)


def short(name: str, balance: int, entry: int, wallet: int) -> Winner:
    """A short of whole contracts with nothing beside it; its margin is a hundredth of its value at the mark."""
    equity = wallet + balance * (entry - 80)
    return Winner(name.encode(), balance, entry * WAD, wallet * WAD, equity * WAD, ONE_PERCENT)


SHORTS = (
    short("W1", 1_000, 110, 60_000),
    short("W2", 300, 100, 9_000),
    short("W3", 200, 84, 900),
    short("W4", 500, 95, 20_000),
    short("W5", 10, 150, 2_000),
    short("W6", 100, 78, 1_500),
)
WINNERS = SHORTS[:5]
LOSS = UncoveredLoss(COLLATERAL, 600, 1, MARK, 84 * WAD, 2_400 * WAD)


def names(accounts) -> list[int]:
    """The numbers of these winners."""
    return [int(account.decode()[1:]) for account in accounts]


def closed(cuts, count: int = 5) -> tuple[int, ...]:
    """What was closed of each winner, in their order."""
    amounts = {cut.account: cut.closed_amount for cut in cuts}
    return tuple(amounts.get(f"W{number}".encode(), 0) for number in range(1, count + 1))
