"""A generated book: a model of who owed what, drawn from the distributions that a scenario states.

An account's debt value is lognormal around its median, cut at a least and a largest; its health factor is a least one
plus a lognormal excess. Both are drawn on their own dice, keyed by the account's number, and so is its mix: which
markets secure it and which it owes, in which shares of value. The collateral is what the health factor asks for:

    collateral value = health factor · debt value / Σ share · threshold

Amounts are cut to eight digits after the point, collateral down and debt up.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from seawall.adapters.book_file import BookFile
from seawall.adapters.market_list import MarketList
from seawall.adapters.nearest_name import nearest_names
from seawall.app.scenario import ContractMix, GeneratedBook, Mix
from seawall.errors import ConfigError
from seawall.fixed import WAD, div_down, div_up
from seawall.ledger.account import NAME_WIDTH, encode_account
from seawall.units import Amount, Price
from seawall.world.dice import Dice
from seawall.world.exponential import exponential_f64

AnyMix = TypeVar("AnyMix", Mix, ContractMix)
_DIGITS: Final = 8


def markets_of_mixes(section: GeneratedBook) -> set[str]:
    """Return the symbols of all markets in which the accounts will have positions."""
    return {symbol for mix in section.mixes for shares in (mix.collateral, mix.debt) for symbol in shares}


def generated_book(
    section: GeneratedBook, listed: MarketList, prices: Mapping[str, Price], seed: int
) -> BookFile:  # fmt: skip
    """Draw the book at the asset prices of its moment; raises ConfigError for a market that is not listed."""
    markets = {market.symbol: market for market in listed.markets}
    for symbol in sorted(markets_of_mixes(section) - markets.keys()):
        raise ConfigError(f"no market {symbol} ({nearest_names(symbol, markets)}), in [book.mixes]")
    kinds, debts, excesses = (Dice(seed, f"book.{stream}") for stream in ("mix", "debt", "health"))
    prices_f64 = {symbol: price / WAD for symbol, price in prices.items()}
    thresholds_f64 = {symbol: market.parameters.liquidation_threshold_ratio / WAD for symbol, market in markets.items()}
    accounts: list[bytes] = []
    symbols: list[str] = []
    sides: tuple[list[Amount], list[Amount]] = ([], [])
    for number in range(section.accounts):
        mix = drawn_mix(section.mixes, kinds.uniform_f64(number))
        debt_value_f64 = float(section.debt_value_median) * exponential_f64(
            float(section.debt_value_sigma) * debts.normal_f64(number)
        )
        debt_value_f64 = min(max(debt_value_f64, float(section.debt_value_min)), float(section.debt_value_max))
        health_f64 = float(section.health_factor_min) + float(section.health_factor_excess_median) * (
            exponential_f64(float(section.health_factor_excess_sigma) * excesses.normal_f64(number))
        )
        weight_f64 = sum(float(share) * thresholds_f64[symbol] for symbol, share in mix.collateral.items())
        if weight_f64 <= 0:
            raise ConfigError(f"a mix of {', '.join(mix.collateral)} secures nothing, in [book.mixes]")
        values_f64 = (health_f64 * debt_value_f64 / weight_f64, debt_value_f64)
        for symbol in sorted(mix.collateral.keys() | mix.debt.keys()):
            accounts.append(encode_account(f"account-{number:05d}", NAME_WIDTH))
            symbols.append(symbol)
            market = markets[symbol]
            for side, asset in enumerate((market.collateral_asset, market.debt_asset)):
                value_f64 = values_f64[side] * float((mix.collateral, mix.debt)[side].get(symbol, "0"))
                price_f64 = prices_f64[listed.assets[asset].symbol]
                sides[side].append(cut_amount(value_f64 / price_f64, listed.assets[asset].decimals, side))
    return BookFile(NAME_WIDTH, section.accounts, accounts, symbols, *sides, rounded_count=0)


def drawn_mix(mixes: Sequence[AnyMix], draw_f64: float) -> AnyMix:
    """Return the mix that a uniform draw picks, by weight."""
    left_f64 = draw_f64 * sum(float(mix.weight) for mix in mixes)
    for mix in mixes:
        left_f64 -= float(mix.weight)
        if left_f64 < 0:
            return mix
    return mixes[-1]


def cut_amount(whole_f64: float, decimals: int, side: int) -> Amount:
    """Return whole assets in base units, cut to a few digits against the account."""
    cut = int(whole_f64 * 10**_DIGITS) + (side if whole_f64 > 0 else 0)
    if decimals >= _DIGITS:
        return cut * int(10 ** (decimals - _DIGITS))
    divisor = int(10 ** (_DIGITS - decimals))
    return div_up(cut, divisor) if side else div_down(cut, divisor)
