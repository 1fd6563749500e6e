"""Deployments for the tests of protocols: markets from a few numbers, accounts from a few amounts."""

from seawall.fixed import BPS, RAY, WAD
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, MarketState, RiskParameters, slot_of

ACCOUNT = b"borrower".ljust(20, b"\0")


def risk(threshold_bps: int, bonus_bps: int, fee_bps: int = 0, close_bps: int = 5000) -> RiskParameters:
    bps = WAD // BPS
    return RiskParameters(
        max_loan_to_value_ratio=threshold_bps * bps,
        liquidation_threshold_ratio=threshold_bps * bps,
        liquidation_bonus_ratio=bonus_bps * bps,
        liquidation_fee_ratio=fee_bps * bps,
        close_factor_ratio=close_bps * bps,
    )


def pooled(*markets: tuple, indices: tuple[tuple[int, int], ...] = ()) -> Deployment:
    """One market an asset: (symbol, decimals, price WAD, parameters[, parameters by category])."""
    assets = tuple(Asset(symbol, decimals) for symbol, decimals, *_ in markets)
    made = tuple(
        Market(symbol, at, at, parameters, *rest) for at, (symbol, _, _, parameters, *rest) in enumerate(markets)
    )
    states = indices or ((RAY, RAY),) * len(markets)
    deployment = Deployment(assets, made, tuple(MarketState(c, d) for c, d in states), 20)
    deployment.prices = [price for _, _, price, *_ in markets]
    return deployment


def open_account(
    deployment: Deployment,
    collateral: dict[int, int],
    debt: dict[int, int],
    account: bytes = ACCOUNT,
    category: int = 0,
) -> int:
    """Add an account with these stored balances by market and return its row."""
    row = deployment.book.add_account(account)
    deployment.book.set_category(row, category)
    for market, balance in collateral.items():
        deployment.book.set_balance(row, slot_of(market, COLLATERAL), balance)
    for market, balance in debt.items():
        deployment.book.set_balance(row, slot_of(market, DEBT), balance)
    return row


def pair(
    collateral: tuple[int, int], loan: tuple[int, int], lltv: int, account_width: int = 22, **totals: int
) -> Deployment:
    """One isolated market: collateral and loan asset as (decimals, price WAD), lltv WAD, totals of its state."""
    parameters = RiskParameters(lltv, lltv, 0)
    assets = (Asset("COLL", collateral[0]), Asset("LOAN", loan[0]))
    deployment = Deployment(assets, (Market("COLL/LOAN", 0, 1, parameters),), (MarketState(**totals),), account_width)
    deployment.prices = [collateral[1], loan[1]]
    return deployment
