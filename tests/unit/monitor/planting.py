"""Accounts planted on the line: within a few units of where the exact rule changes its mind."""

import random
from collections.abc import Iterator

from tests.unit.monitor.books import account, held, owed

from seawall.fixed import WAD
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT
from seawall.protocols.protocol import Protocol

OFFSETS = (-3, -2, -1, 0, 1, 2, 3)
TILTS = (-(10**-4), -(10**-6), -(10**-9), 10**-12, 10**-7, 10**-4)


def plant(
    deployment: Deployment, protocol: Protocol, draw: random.Random, lines: int, width: int, positions_max: int,
    line_ratio: int = WAD,
) -> int:  # fmt: skip
    """Add groups of equal accounts and set one collateral of each close to the balance where the rule flips.

    Debts all stand before the first search, as totals may move the rule. Returns how many accounts found their line.
    """
    groups = []
    for line in range(lines):
        debts, collaterals, category = _drawn_positions(deployment, protocol, draw, positions_max)
        market = min(collaterals) >> 1
        rows = []
        for member in range(len(OFFSETS) + len(TILTS)):
            number = (line << 8) + member
            suffix = market.to_bytes(2, "big") if width > 20 else b""
            row = deployment.book.add_account(account(number, width - len(suffix)) + suffix)
            deployment.book.set_category(row, category)
            for slot, balance in debts.items():
                deployment.book.set_balance(row, slot, balance)
            rows.append(row)
        groups.append((rows, collaterals))

    if protocol.balances_move_indices:
        for market, state in enumerate(deployment.market_states):
            shares = deployment.book.balance_totals[owed(market)]
            state.debt_amount = shares // draw.choice([10**6, 10**6, 999_983, 7, 10**9]) + 1

    planted = 0
    for rows, collaterals in groups:
        for row in rows:
            for slot, balance in collaterals.items():
                deployment.book.set_balance(row, slot, balance)
        lines_of = (
            (slot, _line(deployment, protocol, rows[0], slot, line_ratio)) for slot in _shuffled(draw, collaterals)
        )
        slot, line = next(((slot, line) for slot, line in lines_of if line is not None), (0, None))
        if line is None:
            continue
        targets = [line + offset for offset in OFFSETS] + [line + int(line * tilt) for tilt in TILTS]
        for row, target in zip(rows, targets, strict=True):
            deployment.book.set_balance(row, slot, max(target, 1))
        planted += len(rows)
    return planted


def _shuffled(draw: random.Random, slots: dict[int, int]) -> list[int]:
    return draw.sample(sorted(slots), len(slots))


def _drawn_positions(
    deployment: Deployment, protocol: Protocol, draw: random.Random, positions_max: int
) -> tuple[dict[int, int], dict[int, int], int]:
    markets = range(len(deployment.markets))
    category = draw.choice([0, 0, 1]) if any(market.categories for market in deployment.markets) else 0
    if protocol.accounts_are_per_market:
        market = draw.choice(markets)
        shares = _drawn_balance(deployment, draw, market) * draw.choice([1, 10**6])
        return {owed(market): shares}, {held(market): 1}, category
    total = draw.randint(2, positions_max)
    debt_count = max(1, min(len(markets), total // 2 if draw.random() < 0.5 else 1))
    collateral_count = max(1, min(len(markets), total - debt_count))
    debts = {owed(m): _drawn_balance(deployment, draw, m) for m in draw.sample(markets, debt_count)}
    collaterals = {held(m): _drawn_balance(deployment, draw, m) for m in draw.sample(markets, collateral_count)}
    return debts, collaterals, category


def _drawn_balance(deployment: Deployment, draw: random.Random, market: int) -> int:
    if draw.random() < 0.25:
        return draw.randint(1, 5)
    asset = deployment.markets[market].debt_asset
    price, unit = deployment.prices[asset], deployment.units[asset]
    assert price is not None
    return max(1, int(10 ** draw.uniform(-1, 7) * 10**18 / price * unit))


def _line(deployment: Deployment, protocol: Protocol, row: int, slot: int, line_ratio: int) -> int | None:
    """Return the smallest balance in `slot` at which the account is not below the line, if more of it than a unit decides."""
    book = deployment.book
    start = book.balance(row, slot)

    def is_below_with(balance: int) -> bool:
        book.set_balance(row, slot, balance)
        return protocol.is_below(deployment, row, line_ratio)

    margin = 0.0
    category = book.category_of(row)
    for held_slot, balance in book.positions(row):
        if held_slot != slot:
            numerator, denominator = protocol.line_weight(deployment, held_slot, category, line_ratio)
            margin += (-balance if held_slot & 1 == DEBT else balance) * (numerator / denominator)
    numerator, denominator = protocol.line_weight(deployment, slot, category, line_ratio)
    guess = int(-margin / (numerator / denominator)) if numerator else 0
    if guess < 1:
        book.set_balance(row, slot, start)
        return None
    low, high = _bracket(guess, is_below_with)
    while high - low > 1:
        middle = (low + high) >> 1
        low, high = (middle, high) if is_below_with(middle) else (low, middle)
    return high


def _bracket(guess: int, is_below_with) -> tuple[int, int]:
    for reach in _reaches(guess):
        low, high = max(guess - reach, 0), guess + reach
        if is_below_with(high) is False and (low == 0 or is_below_with(low)):
            return low, high
    raise AssertionError(f"no line near {guess}")


def _reaches(guess: int) -> Iterator[int]:
    for exponent in range(-12, 25):
        yield int(guess * 10.0**exponent) + 4
