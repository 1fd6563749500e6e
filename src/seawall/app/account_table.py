"""The accounts of a deployment as it stands: health, liquidation price, distance.

The liquidation price is of the contract that needs most margin, or of the asset whose fall matters most: the one that carries
most of the account's margin, net of debt in it. The margin is linear in that price, which says where the line should be; the protocol's own decision says
where it is: the highest price, to the unit, at which it calls the account liquidatable while every other price stands.
    distance = (price - liquidation price) / price, negative for an account that is past its line
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from seawall.fixed import WAD, mul_div_down
from seawall.ledger.account import decode_account
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, market_of, side_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Health, Protocol
from seawall.rules.margin import equity_value, is_insolvent, margin_deficit_value
from seawall.studies.decimal_text import wad_text
from seawall.units import Price, Ratio, Value

UNKNOWN_HEALTH: Final = -1
_SEARCH_STEPS_MAX: Final = 256


class AccountLine(msgspec.Struct, frozen=True):
    """One account. `health_factor_ratio` is UNKNOWN_HEALTH where a price is missing; `status` says which refusal.

    `margin_deficit_value` is the weighted collateral that is missing to the line, a health factor of one.
    """

    account: str
    status: str
    health_factor_ratio: Ratio
    collateral_value: Value
    debt_value: Value
    equity_value: Value = 0
    margin_deficit_value: Value = 0
    asset: str | None = None
    price: Price | None = None
    liquidation_price: Price | None = None
    distance_ratio: Ratio | None = None


def rows_by_health(deployment: Deployment, protocol: Protocol, health_below: Ratio | None = None) -> list[int]:
    """Return the rows of accounts with debt or contracts, worst first: unknown health, then the lowest, then the largest debt, then by bytes.

    With `health_below`, only those whose health factor is below it or unknown.
    """
    keyed = []
    for row in range(deployment.book.account_count):
        health = protocol.health(deployment, row)
        if isinstance(health, Refusal):
            factor, debt_value = UNKNOWN_HEALTH, 0
        elif protocol.is_at_risk(deployment, row):
            factor, debt_value = health.health_factor_ratio, health.debt_value
        else:
            continue
        if health_below is None or factor < health_below:
            keyed.append((factor, -debt_value, deployment.book.account_at(row), row))
    return [row for *_, row in sorted(keyed)]


def account_line(deployment: Deployment, protocol: Protocol, row: int) -> AccountLine:
    """Return everything that the table says of one account."""
    account = decode_account(deployment.book.account_at(row))
    health = protocol.health(deployment, row)
    if isinstance(health, Refusal):
        return AccountLine(account, health.value, UNKNOWN_HEALTH, 0, 0)
    line = AccountLine(
        account=account,
        status=status_of(health),
        health_factor_ratio=health.health_factor_ratio,
        collateral_value=health.collateral_value,
        debt_value=health.debt_value,
        equity_value=equity_value(health.collateral_value, health.debt_value),
        margin_deficit_value=margin_deficit_value(health.weighted_collateral_value, health.debt_value, WAD),
    )
    contract = protocol.contract_liquidation_price(deployment, row)
    if contract is not None:
        return _with_contract(line, deployment, *contract)
    asset = heaviest_asset(deployment, protocol, row)
    price = None if asset is None else deployment.prices[asset]
    if asset is None or price is None:
        return line
    at_line = liquidation_price(deployment, protocol, row, asset)
    return msgspec.structs.replace(
        line,
        asset=deployment.assets[asset].symbol,
        price=price,
        liquidation_price=at_line,
        distance_ratio=None if at_line is None else mul_div_down(price - at_line, WAD, price),
    )


def _with_contract(line: AccountLine, deployment: Deployment, number: int, at_line: Price | None) -> AccountLine:
    """Return the line with the contract that needs most margin: a long falls to its liquidation price, a short rises to it."""
    market = deployment.markets[number]
    price = deployment.prices[market.debt_asset]
    assert price is not None, market.symbol
    distance = None
    if at_line is not None:
        is_past = line.status != "healthy"
        distance = mul_div_down(abs(price - at_line), -WAD if is_past else WAD, price)
    return msgspec.structs.replace(
        line, asset=market.symbol, price=price, liquidation_price=at_line, distance_ratio=distance
    )


def account_numbers(line: AccountLine) -> dict[str, str | None]:
    """Return the line as exact decimal text, for a program; what is not known or does not exist is None."""

    def text(wad: int | None) -> str | None:
        return None if wad is None else wad_text(wad)

    is_known = line.health_factor_ratio != UNKNOWN_HEALTH
    return {
        "account": line.account,
        "status": line.status,
        "health_factor": text(line.health_factor_ratio) if is_known and line.debt_value else None,
        "collateral_value": text(line.collateral_value) if is_known else None,
        "debt_value": text(line.debt_value) if is_known else None,
        "equity_value": text(line.equity_value) if is_known else None,
        "margin_deficit_value": text(line.margin_deficit_value) if is_known else None,
        "asset": line.asset,
        "price": text(line.price),
        "liquidation_price": text(line.liquidation_price),
        "distance": text(line.distance_ratio),
    }


def status_of(health: Health) -> str:
    """Return what an account is, in a word or two."""
    if health.debt_value == 0:
        return "without debt"
    if is_insolvent(health.collateral_value, health.debt_value):
        return "insolvent"
    return "liquidatable" if health.is_liquidatable else "healthy"


def _contributions(deployment: Deployment, protocol: Protocol, row: int) -> Iterator[tuple[int, Value]]:
    """Yield (asset, value that a position adds to the margin, rounded down) of the account's positions."""
    book, category = deployment.book, deployment.book.category_of(row)
    for slot, balance in book.positions(row):
        weight = protocol.margin_weight(deployment, slot, category)
        market = deployment.markets[market_of(slot)]
        if weight is None:
            continue
        value = mul_div_down(balance, *weight)
        if side_of(slot) == DEBT:
            yield market.debt_asset, -value
        else:
            yield market.collateral_asset, value


def heaviest_asset(deployment: Deployment, protocol: Protocol, row: int) -> int | None:
    """Return the asset that adds most to the account's margin, or None where no asset adds to it."""
    sums: dict[int, Value] = {}
    for asset, value in _contributions(deployment, protocol, row):
        sums[asset] = sums.get(asset, 0) + value
    best = max(sums.items(), key=lambda item: (item[1], -item[0]), default=(0, 0))
    return best[0] if best[1] > 0 else None


def liquidation_price(deployment: Deployment, protocol: Protocol, row: int, asset: int) -> Price | None:
    """Return the highest price of `asset` at which the account is liquidatable, all else as it stands.

    None where no positive price makes it so. The deployment is as it was when this returns.
    """
    price = deployment.prices[asset]
    assert price is not None, asset
    margin = of_asset = 0
    for each, value in _contributions(deployment, protocol, row):
        margin += value
        of_asset += value if each == asset else 0
    if of_asset <= 0:
        return None
    expected = price - mul_div_down(price, margin, of_asset)

    def is_liquidatable_at(tried: Price) -> bool:
        deployment.prices[asset] = tried
        return protocol.is_liquidatable(deployment, row)

    try:
        return _highest(is_liquidatable_at, max(1, expected))
    finally:
        deployment.prices[asset] = price


def _highest(is_liquidatable_at: Callable[[Price], bool], guess: Price) -> Price | None:
    """Return the highest price at which the test holds, found outwards from a guess; None where it fails at one."""
    low, high, step = guess, guess + 1, 1
    for _ in range(_SEARCH_STEPS_MAX):
        if not is_liquidatable_at(high):
            break
        low, high, step = high, high + step, step * 2
    step = 1
    while not is_liquidatable_at(low):
        if low == 1:
            return None
        low, high, step = max(1, low - step), low, step * 2
    while high - low > 1:
        middle = mul_div_down(low + high, 1, 2)
        if is_liquidatable_at(middle):
            low = middle
        else:
            high = middle
    return low
