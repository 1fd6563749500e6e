"""Amounts of assets as text, and which assets a pair of markets is about, as sentences about orders need both."""

from seawall.app.number_text import decimal_text
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import Deployment
from seawall.units import Amount


def amount_with_symbol(amount: Amount, asset: Asset) -> str:
    """Return an amount in whole units, exactly, with the asset's symbol."""
    return f"{decimal_text(amount, asset.decimals)} {asset.symbol}"


def assets_of(debt_market: int, collateral_market: int, deployment: Deployment) -> tuple[Asset, Asset]:
    """Return the asset that is owed in one market and the one that is held in another."""
    markets, assets = deployment.markets, deployment.assets
    return assets[markets[debt_market].debt_asset], assets[markets[collateral_market].collateral_asset]
