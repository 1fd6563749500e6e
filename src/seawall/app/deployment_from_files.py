"""A deployment as it stands at one moment: a book, its markets, and for each asset the last price at or before then.

An asset is priced under its own name only: a path that stands for another asset moves like it and is not its price.
Nothing accrues and no oracle rule holds; this is what a person asks of files, not what an engine would believe.
"""

from collections.abc import Sequence
from pathlib import Path

from seawall.adapters.book_file import read_book
from seawall.adapters.markets_file import read_markets
from seawall.adapters.price_file import SECONDS_MAX, read_prices
from seawall.adapters.price_series import PriceSeries
from seawall.app.number_text import time_text
from seawall.app.opening import decimals_of_rows, opening_events
from seawall.engine.intake import change_positions
from seawall.engine.state import State
from seawall.errors import DataError
from seawall.fixed import MILLISECONDS_PER_SECOND
from seawall.ledger.deployment import Deployment, OracleRule, Policy
from seawall.ledger.event import DeploymentOpened, PositionsChanged
from seawall.ledger.market import DEBT, market_of, side_of
from seawall.protocols.protocol import Protocol
from seawall.units import Milliseconds, Price

LATEST: Milliseconds = SECONDS_MAX * MILLISECONDS_PER_SECOND - 1


def deployment_from_files(
    positions: Path, prices: Sequence[Path], markets: Path, protocol: Protocol, at: Milliseconds = LATEST
) -> Deployment:
    """Return the deployment; raises ConfigError or DataError, the latter also where a held asset has no price."""
    listed = read_markets(markets)
    book = read_book(positions, decimals_of_rows(listed, protocol))
    opened, *batches = opening_events(
        protocol, listed, book, [OracleRule() for _ in listed.assets], Policy(), at, positions.name
    )
    assert isinstance(opened, DeploymentOpened)
    state = State(opened)
    for batch in batches:
        assert isinstance(batch, PositionsChanged)
        changed = change_positions(state, protocol, batch)
        assert isinstance(changed, set), changed
    deployment = state.deployment
    held = sorted(_held_symbols(deployment))
    found = read_prices(prices, held, until_ms=at + 1)
    for nth, asset in enumerate(deployment.assets):
        if asset.symbol in found:
            deployment.prices[nth] = _last_price(found[asset.symbol], at)
    return deployment


def _held_symbols(deployment: Deployment) -> set[str]:
    symbols = set()
    for slot, total in enumerate(deployment.book.balance_totals):
        if total:
            market = deployment.markets[market_of(slot)]
            asset = market.debt_asset if side_of(slot) == DEBT else market.collateral_asset
            symbols.add(deployment.assets[asset].symbol)
    return symbols


def _last_price(series: PriceSeries, at: Milliseconds) -> Price:
    prices = [price for observed_at, price in series.points if observed_at <= at]
    if not prices:
        raise DataError(
            f"no price of {series.symbol} at or before {time_text(at)}, the first is at "
            f"{time_text(series.points[0][0])}, in {series.path}"
        )
    return prices[-1]
