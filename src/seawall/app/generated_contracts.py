"""A generated book of contracts: a model of who was long or short, drawn from the distributions that a scenario states.

An account's notional value is lognormal around its median, cut at a least and a largest; so is its leverage around its own,
cut at one and a largest. Both are drawn on their own dice, keyed by the account's number, and so is its mix: which contracts it
is long and short, in which shares of the notional value, and which assets its equity is in besides cash.

    equity = notional value / leverage        cash = equity in cash - longs' notional value + shorts'

Amounts are cut to eight digits after the point, what is held down and what is owed up.
"""

from collections.abc import Mapping

from seawall.adapters.book_file import BookFile
from seawall.adapters.market_list import MarketList
from seawall.adapters.nearest_name import nearest_names
from seawall.app.generated_book import cut_amount, drawn_mix
from seawall.app.scenario import ContractMix, GeneratedContracts
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.account import NAME_WIDTH, encode_account
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.protocols.margin_account import is_cash
from seawall.units import Amount, Price
from seawall.world.dice import Dice
from seawall.world.exponential import exponential_f64


def symbols_of_mixes(section: GeneratedContracts, listed: MarketList) -> set[str]:
    """Return the symbols of all markets in which the accounts will have positions, the cash among them."""
    named = {symbol for mix in section.mixes for shares in (mix.long, mix.short, mix.collateral) for symbol in shares}
    return named | {market.symbol for market in listed.markets if is_cash(market)}


def generated_contracts(
    section: GeneratedContracts, listed: MarketList, prices: Mapping[str, Price], seed: int
) -> BookFile:
    """Draw the book at the prices of its moment; raises ConfigError for a market that is not listed, or where none is cash."""
    markets = {market.symbol: market for market in listed.markets}
    cash = next((market.symbol for market in listed.markets if is_cash(market)), None)
    if cash is None:
        raise ConfigError("no market is cash, of liquidation threshold 1, for contracts in [book]")
    for symbol in sorted(symbols_of_mixes(section, listed) - markets.keys()):
        raise ConfigError(f"no market {symbol} ({nearest_names(symbol, markets)}), in [book.mixes]")
    kinds, notionals, leverages = (Dice(seed, f"book.{stream}") for stream in ("mix", "notional", "leverage"))
    accounts: list[bytes] = []
    symbols: list[str] = []
    sides: tuple[list[Amount], list[Amount]] = ([], [])
    for number in range(section.accounts):
        mix = drawn_mix(section.mixes, kinds.uniform_f64(number))
        notional_f64 = _drawn_f64(
            section.notional_value_median, section.notional_value_sigma, section.notional_value_min,
            section.notional_value_max, notionals.normal_f64(number),
        )  # fmt: skip
        leverage_f64 = _drawn_f64(
            section.leverage_median, section.leverage_sigma, "1", section.leverage_max, leverages.normal_f64(number)
        )
        for symbol, value_f64 in _values(mix, cash, notional_f64, notional_f64 / leverage_f64).items():
            asset = listed.assets[markets[symbol].debt_asset]
            side = DEBT if value_f64 < 0 else COLLATERAL
            amount = cut_amount(abs(value_f64) / (prices[asset.symbol] / WAD), asset.decimals, side)
            accounts.append(encode_account(f"account-{number:05d}", NAME_WIDTH))
            symbols.append(symbol)
            sides[side].append(amount)
            sides[1 - side].append(0)
    return BookFile(NAME_WIDTH, section.accounts, accounts, symbols, *sides, rounded_count=0)


def _drawn_f64(median: str, sigma: str, least: str, most: str, normal_f64: float) -> float:
    """Return a lognormal draw, cut at a least and a largest."""
    drawn_f64 = float(median) * exponential_f64(float(sigma) * normal_f64)
    return min(max(drawn_f64, float(least)), float(most))


def _values(mix: ContractMix, cash: str, notional_f64: float, equity_f64: float) -> dict[str, float]:
    """Return the signed value of each position, by market in order of symbols."""
    values_f64 = {symbol: notional_f64 * float(share) for symbol, share in mix.long.items()}
    for symbol, share in mix.short.items():
        values_f64[symbol] = values_f64.get(symbol, 0.0) - notional_f64 * float(share)
    in_cash_f64 = equity_f64 - sum(values_f64.values())
    for symbol, share in mix.collateral.items():
        values_f64[symbol] = equity_f64 * float(share)
        in_cash_f64 -= equity_f64 * float(share)
    values_f64[cash] = values_f64.get(cash, 0.0) + in_cash_f64
    return {symbol: values_f64[symbol] for symbol in sorted(values_f64) if values_f64[symbol] != 0.0}
