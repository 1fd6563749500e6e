"""Re-hosting: a book that one protocol held, as another can hold it, by a stated rule; what is lost on the way is counted.

    pooled      positions stay as they are
    pairs       an account's debt of value D over collateral of value C becomes one position for each collateral i and
                debt j: the part D_j / D of collateral i, the part C_i / C of debt j; each keeps the loan to value D / C
    own coin    a debt is owed in the protocol's coin instead, the same value at the first prices
    own         thresholds are those of the markets, or the nearest that the protocol has
    equal       thresholds are scaled so that the book starts as healthy as it was: by one factor where markets share
                their accounts, else market by market

Parts are exact to the unit: they add up to what was split. Values are WAD at the first prices.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import msgspec

from seawall.adapters.book_file import BookFile
from seawall.adapters.market_list import DepthTable, MarketList
from seawall.errors import ConfigError
from seawall.fixed import WAD, div_down, mul_div_down, mul_div_up
from seawall.ledger.asset import Asset
from seawall.ledger.market import COLLATERAL, DEBT, Market
from seawall.protocols.protocol import Protocol
from seawall.rules.pro_rata import pro_rata_shares
from seawall.studies.restated_markets import Thresholds, held_threshold, restated_market
from seawall.units import Amount, Price, Ratio, Value

COIN_DECIMALS: Final = 18
NO_COLLATERAL: Final = "debt that nothing secures"
SECURES_NOTHING: Final = "collateral that secures nothing"
SAME_ASSET: Final = "debt secured by the same asset"
MARKET_REFUSED: Final = "a market that the protocol refuses"
TOO_SMALL: Final = "parts that owe less than a cent"
PART_VALUE_MIN: Final = div_down(WAD, 100)
"""A part that owes less, in the unit of account, is left out: its own roundings are what decides about it."""


class Holdings(msgspec.Struct, frozen=True):
    """Accounts with debt, and what they hold and owe."""

    account_count: int
    collateral_value: Value
    debt_value: Value


@dataclass(frozen=True, slots=True)
class Hosting:
    """A book as a protocol holds it.

    `given` is what there was, `held` what is there now, `left_out` the rest by reason; an account that lost a part
    counts in both. `health_given_ratio` is the health factor at which the debt that is held stood before, all of it
    together, `health_held_ratio` the one at which it stands now. `still_prices` are of assets that were added.
    """

    thresholds: Thresholds
    listed: MarketList
    book: BookFile
    given: Holdings
    held: Holdings
    left_out: Mapping[str, Holdings]
    health_given_ratio: Ratio
    health_held_ratio: Ratio
    still_prices: Mapping[str, Price]
    rules: tuple[str, ...]


class _Part(NamedTuple):
    """An amount of an asset, its value, and what that weighs at the line where it is collateral."""

    market: int
    asset: int
    amount: Amount
    value: Value
    weighted_value: Value


class _Debtor(NamedTuple):
    account: bytes
    collaterals: list[_Part]
    debts: list[_Part]


class _LeftOut:
    """What has no place, by reason."""

    def __init__(self) -> None:
        self._accounts: dict[str, set[bytes]] = {}
        self._values: dict[str, tuple[Value, Value]] = {}

    def add(self, reason: str, account: bytes, collateral_value: Value, debt_value: Value) -> None:
        """Add a part of an account."""
        self._accounts.setdefault(reason, set()).add(account)
        before = self._values.get(reason, (0, 0))
        self._values[reason] = (before[0] + collateral_value, before[1] + debt_value)

    def holdings(self) -> dict[str, Holdings]:
        """Return the sums."""
        return {reason: Holdings(len(self._accounts[reason]), *values) for reason, values in self._values.items()}


class _Position(NamedTuple):
    """One account's collateral and debt in one market; `weighted_before` is the debt times its account's old health factor."""

    account: bytes
    pair: tuple[int, int]
    collateral_amount: Amount
    debt_amount: Amount
    collateral_value: Value
    debt_value: Value
    weighted_before: Value


def rehosted(
    listed: MarketList,
    book: BookFile,
    prices: Mapping[str, Price],
    source: Protocol,
    protocol: Protocol,
    thresholds: Thresholds,
) -> Hosting:
    """Return the book that `source` held as `protocol` can hold it; raises ConfigError where it can hold no part of it."""
    if protocol.positions_are_signed:
        raise ConfigError(f"{protocol.label} margins contracts, not loans: it cannot hold this book")
    debtors = _debtors(listed, book, prices)
    if protocol.accounts_are_per_market == source.accounts_are_per_market and not protocol.debt_symbol:
        return _as_it_stands(listed, book, debtors, source, protocol, thresholds)
    if source.accounts_are_per_market:
        raise ConfigError(f"the book is in pairs of {source.label}, which {protocol.label} cannot hold")
    return _in_pairs(listed, book, debtors, prices, source, protocol, thresholds)


def _debtors(listed: MarketList, book: BookFile, prices: Mapping[str, Price]) -> list[_Debtor]:
    """Return the accounts with debt, by their bytes, each with what it holds and owes."""
    number_of = {market.symbol: number for number, market in enumerate(listed.markets)}
    debtors: dict[bytes, _Debtor] = {}
    rows = zip(book.accounts, book.symbols, book.collateral_amounts, book.debt_amounts, strict=True)
    for account, symbol, *amounts in rows:
        debtor = debtors.setdefault(account, _Debtor(account, [], []))
        number = number_of[symbol]
        market = listed.markets[number]
        for side, asset in ((COLLATERAL, market.collateral_asset), (DEBT, market.debt_asset)):
            if amounts[side]:
                unit, price = listed.assets[asset].unit, prices.get(listed.assets[asset].symbol, 0)
                value = mul_div_down(amounts[side], price, unit)
                weighted = mul_div_down(value, market.parameters.liquidation_threshold_ratio, WAD)
                (debtor.collaterals, debtor.debts)[side].append(_Part(number, asset, amounts[side], value, weighted))
    return [debtor for _, debtor in sorted(debtors.items()) if debtor.debts]


# -- positions stay as they are ---------------------------------------------------------------------------


def _as_it_stands(
    listed: MarketList, book: BookFile, debtors: Sequence[_Debtor], source: Protocol, protocol: Protocol,
    thresholds: Thresholds,
) -> Hosting:  # fmt: skip
    own = [restated_market(market, source, protocol, held_threshold(market, protocol)) for market in listed.markets]
    refused = {number for number, market in enumerate(own) if _is_refused(protocol, market)}
    kept = [
        debtor for debtor in debtors if refused.isdisjoint(part.market for part in (*debtor.collaterals, *debtor.debts))
    ]
    weighted_before = sum(part.weighted_value for debtor in kept for part in debtor.collaterals)
    markets = own
    if thresholds is Thresholds.EQUAL:
        weighted_own = sum(_weighted(part, own) for debtor in kept for part in debtor.collaterals)
        markets = [
            restated_market(
                market, source, protocol,
                mul_div_down(restated.parameters.liquidation_threshold_ratio, weighted_before, weighted_own or 1),
            )
            for market, restated in zip(listed.markets, own, strict=True)
        ]  # fmt: skip
    held, lost = _holdings(kept), {}
    if refused:
        hosted = {debtor.account for debtor in kept}
        lost[MARKET_REFUSED] = _holdings([debtor for debtor in debtors if debtor.account not in hosted])
    refused_symbols = {listed.markets[number].symbol for number in refused}
    indebted = {debtor.account for debtor in debtors} - {debtor.account for debtor in kept}
    return Hosting(
        thresholds,
        replace(listed, markets=tuple(m for number, m in enumerate(markets) if number not in refused)),
        _without(book, lambda account, symbol: account in indebted or symbol in refused_symbols) if refused else book,
        _holdings(debtors),
        held,
        lost,
        _health(weighted_before, held.debt_value),
        _health(sum(_weighted(part, markets) for debtor in kept for part in debtor.collaterals), held.debt_value),
        {},
        tuple(_threshold_rules(listed.markets, markets, thresholds)),
    )


def _weighted(part: _Part, markets: Sequence[Market]) -> Value:
    return mul_div_down(part.value, markets[part.market].parameters.liquidation_threshold_ratio, WAD)


def _holdings(debtors: Sequence[_Debtor]) -> Holdings:
    return Holdings(
        len(debtors),
        sum(part.value for debtor in debtors for part in debtor.collaterals),
        sum(part.value for debtor in debtors for part in debtor.debts),
    )


def _without(book: BookFile, is_out: Callable[[bytes, str], bool]) -> BookFile:
    """Return the book without the rows of which `is_out` says so."""
    kept = [nth for nth in range(len(book.accounts)) if not is_out(book.accounts[nth], book.symbols[nth])]
    accounts = [book.accounts[nth] for nth in kept]
    return replace(
        book,
        account_count=len(set(accounts)),
        accounts=accounts,
        symbols=[book.symbols[nth] for nth in kept],
        collateral_amounts=[book.collateral_amounts[nth] for nth in kept],
        debt_amounts=[book.debt_amounts[nth] for nth in kept],
    )


# -- pairs, and debt in the protocol's own coin -----------------------------------------------------------


def _in_pairs(
    listed: MarketList, book: BookFile, debtors: Sequence[_Debtor], prices: Mapping[str, Price], source: Protocol,
    protocol: Protocol, thresholds: Thresholds,
) -> Hosting:  # fmt: skip
    if not protocol.accounts_are_per_market:
        raise ConfigError(f"{protocol.label} lends its own coin on all collateral together: no rule puts a book there")
    coin = _coin(listed, prices, protocol.debt_symbol)
    assets = listed.assets if coin is None or coin.number < len(listed.assets) else (*listed.assets, coin.asset)
    left_out = _LeftOut()
    positions = [position for debtor in debtors for position in _positions(debtor, coin, left_out)]
    of_pair: dict[tuple[int, int], list[_Position]] = {}
    for position in positions:
        of_pair.setdefault(position.pair, []).append(position)
    markets: list[Market] = []
    kept: list[_Position] = []
    secured_by = {market.collateral_asset: market for market in listed.markets}
    for pair, held in sorted(of_pair.items()):
        market = _pair_market(pair, secured_by, assets)
        own = held_threshold(market, protocol)
        if thresholds is Thresholds.EQUAL:
            own = mul_div_down(
                sum(each.weighted_before for each in held), WAD, sum(each.collateral_value for each in held) or 1
            )
        restated = restated_market(market, source, protocol, own)
        if _is_refused(protocol, restated):
            for each in held:
                left_out.add(MARKET_REFUSED, each.account, each.collateral_value, each.debt_value)
            continue
        markets.append(restated)
        kept += held
    if not kept:
        raise ConfigError(f"{protocol.label} can hold no part of the book")
    rows = [(each.account, f"{_pair_symbol(each.pair, assets)}", each) for each in kept]
    debt_value = sum(each.debt_value for each in kept)
    threshold_of = {market.symbol: market.parameters.liquidation_threshold_ratio for market in markets}
    weighted = sum(mul_div_down(each.collateral_value, threshold_of[symbol], WAD) for _, symbol, each in rows)
    accounts = [account for account, *_ in rows]
    return Hosting(
        thresholds,
        MarketList(assets, tuple(markets), listed.proxies, _depths(listed, coin)),
        BookFile(
            book.account_width, len(set(accounts)), accounts, [symbol for _, symbol, _ in rows],
            [each.collateral_amount for *_, each in rows], [each.debt_amount for *_, each in rows], book.rounded_count,
        ),
        _holdings(debtors),
        Holdings(len(set(accounts)), sum(each.collateral_value for each in kept), debt_value),
        left_out.holdings(),
        _health(sum(each.weighted_before for each in kept), debt_value),
        _health(weighted, debt_value),
        {} if coin is None or coin.is_priced else {coin.asset.symbol: coin.price},
        (
            f"Each account is split into pairs of one collateral and one debt, pro rata to value: {len(kept):,} positions in {len(markets):,} market{'' if len(markets) == 1 else 's'}. Accounts without debt are left out.",
            *((f"All debt is owed in {coin.asset.symbol}, at the first prices.",) if coin is not None else ()),
            *_threshold_rules([_pair_market(pair, secured_by, assets) for pair in of_pair], markets, thresholds),
        ),
    )  # fmt: skip


class _Coin(NamedTuple):
    """The protocol's own coin: its place among the assets, and whether it has a price of its own."""

    number: int
    asset: Asset
    price: Price
    is_priced: bool


def _coin(listed: MarketList, prices: Mapping[str, Price], symbol: str) -> _Coin | None:
    if not symbol:
        return None
    for number, asset in enumerate(listed.assets):
        if asset.symbol == symbol:
            return _Coin(number, asset, prices.get(symbol, WAD), symbol in prices)
    return _Coin(len(listed.assets), Asset(symbol, COIN_DECIMALS), WAD, is_priced=False)


def _depths(listed: MarketList, coin: _Coin | None) -> Mapping[str, DepthTable]:
    """Return the depths; nobody sells the coin, which secures nothing, so any table does for it."""
    if coin is None or coin.asset.symbol in listed.depths:
        return listed.depths
    return {**listed.depths, coin.asset.symbol: DepthTable(((mul_div_down(WAD, 1, 100), 10**6 * WAD),), "assumed")}


def _positions(debtor: _Debtor, coin: _Coin | None, left_out: _LeftOut) -> list[_Position]:
    """Return the account's positions in pairs, and note what of it has no place."""
    account, collaterals, debts = debtor
    securing = [part for part in collaterals if part.weighted_value]
    if idle_value := sum(part.value for part in collaterals if not part.weighted_value):
        left_out.add(SECURES_NOTHING, account, idle_value, 0)
    held_values, owed_values = [part.value for part in securing], [part.value for part in debts]
    debt_value = sum(owed_values)
    if not securing or not debt_value:
        left_out.add(NO_COLLATERAL if debt_value else TOO_SMALL, account, sum(held_values), debt_value)
        return []
    weighted = sum(part.weighted_value for part in securing)
    held = [(pro_rata_shares(part.amount, owed_values), pro_rata_shares(part.value, owed_values)) for part in securing]
    owed = [(pro_rata_shares(part.amount, held_values), pro_rata_shares(part.value, held_values)) for part in debts]
    merged: dict[tuple[int, int], _Position] = {}
    for nth, mth in itertools.product(range(len(securing)), range(len(debts))):
        held_amount, held_value = (parts[mth] for parts in held[nth])
        owed_amount, owed_value = (parts[nth] for parts in owed[mth])
        asset = debts[mth].asset
        if coin is not None:
            asset, owed_amount = coin.number, mul_div_up(owed_value, coin.asset.unit, coin.price)
        pair = (securing[nth].asset, asset)
        if pair[0] == pair[1]:
            left_out.add(SAME_ASSET, account, held_value, owed_value)
        elif not held_amount or owed_value < PART_VALUE_MIN:
            left_out.add(TOO_SMALL, account, held_value, owed_value)
        else:
            part = (held_amount, owed_amount, held_value, owed_value, mul_div_down(owed_value, weighted, debt_value))
            before = merged[pair][2:] if pair in merged else (0,) * len(part)
            merged[pair] = _Position(account, pair, *(old + new for old, new in zip(before, part, strict=True)))
    return list(merged.values())


def _pair_symbol(pair: tuple[int, int], assets: Sequence[Asset]) -> str:
    return "/".join(assets[number].symbol for number in pair)


def _pair_market(pair: tuple[int, int], secured_by: Mapping[int, Market], assets: Sequence[Asset]) -> Market:
    """Return the market of a pair: the collateral's risk parameters, the debt's rate."""
    lent = secured_by.get(pair[1])
    return Market(
        symbol=_pair_symbol(pair, assets),
        collateral_asset=pair[0],
        debt_asset=pair[1],
        parameters=secured_by[pair[0]].parameters,
        debt_rate_ray=lent.debt_rate_ray if lent is not None else 0,
    )


# -- for both ---------------------------------------------------------------------------------------------


def _is_refused(protocol: Protocol, market: Market) -> bool:
    try:
        protocol.check_markets([market])
    except ConfigError:
        return True
    return False


def _health(weighted_value: Value, debt_value: Value) -> Ratio:
    return mul_div_down(weighted_value, WAD, debt_value) if debt_value else 0


def _threshold_rules(before: Sequence[Market], after: Sequence[Market], thresholds: Thresholds) -> list[str]:
    """Return a sentence on thresholds that are not what they were."""
    threshold_before = {market.symbol: market.parameters.liquidation_threshold_ratio for market in before}
    moved = [
        market.symbol
        for market in after
        if market.parameters.liquidation_threshold_ratio != threshold_before[market.symbol]
    ]
    if not moved:
        return []
    how = "scaled to equal starting health" if thresholds is Thresholds.EQUAL else "the nearest that the protocol has"
    return [f"Thresholds of {len(moved):,} of {len(after):,} markets are {how}."]
