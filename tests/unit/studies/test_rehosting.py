"""Re-hosting: positions that stay, positions that are split, debt in an own coin, and what is left out."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.adapters.book_file import BookFile
from seawall.adapters.market_list import MarketList
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.account import NAME_WIDTH, encode_account
from seawall.ledger.asset import Asset
from seawall.ledger.market import Market, RiskParameters
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.morpho_blue import MorphoBlue
from seawall.protocols.perpetual import PERPETUAL
from seawall.studies import rehosting
from seawall.studies.rehosting import Hosting, rehosted
from seawall.studies.restated_markets import Thresholds

AAVE, MORPHO, SEAWALL, COMPOUND = map(protocol_named, ("aave_v3@3.6", "morpho_blue@1", "seawall@1", "compound_v2@2"))
OWN, EQUAL = Thresholds.OWN, Thresholds.EQUAL
PERCENT = WAD // 100
ASSETS = (Asset("ETH", 18), Asset("BTC", 8), Asset("DAI", 18), Asset("USDC", 6), Asset("FEI", 18))
THRESHOLDS = (80, 70, 80, 85, 0)
MARKETS = tuple(
    Market(asset.symbol, nth, nth, RiskParameters(threshold * PERCENT, threshold * PERCENT, 5 * PERCENT))
    for nth, (asset, threshold) in enumerate(zip(ASSETS, THRESHOLDS, strict=True))
)
LISTED = MarketList(ASSETS, MARKETS, {}, {})
PRICES = {"ETH": 2_000 * WAD, "BTC": 30_000 * WAD, "DAI": WAD, "USDC": WAD, "FEI": WAD}


class OwnCoin(MorphoBlue):
    """Pairs whose debt is the protocol's own coin."""

    name = "own_coin"
    debt_symbol = "GEM"
    threshold_ratios = ()


class DaiOnly(OwnCoin):
    debt_symbol = "DAI"


def book(*rows: tuple[str, str, float, float]) -> BookFile:
    """Rows of account, asset, collateral and debt in whole assets."""
    unit_of = {asset.symbol: asset.unit for asset in ASSETS}
    return BookFile(
        NAME_WIDTH,
        len({row[0] for row in rows}),
        [encode_account(account, NAME_WIDTH) for account, *_ in rows],
        [symbol for _, symbol, *_ in rows],
        [int(held * unit_of[symbol]) for _, symbol, held, _ in rows],
        [int(owed * unit_of[symbol]) for _, symbol, _, owed in rows],
        0,
    )


ONE = book(("one", "ETH", 10, 0), ("one", "DAI", 0, 10_000), ("lender", "DAI", 50, 0))


def positions(hosting: Hosting) -> dict[tuple[str, str], tuple[int, int]]:
    held = hosting.book
    rows = zip(held.accounts, held.symbols, held.collateral_amounts, held.debt_amounts, strict=True)
    return {(account.rstrip(b"\0").decode(), symbol): (seized, owed) for account, symbol, seized, owed in rows}


@pytest.mark.parametrize("protocol", [AAVE, SEAWALL], ids=lambda protocol: protocol.label)
@pytest.mark.parametrize("thresholds", list(Thresholds))
def test_a_protocol_of_shared_markets_holds_the_book_as_it_stands(protocol, thresholds: Thresholds) -> None:
    hosting = rehosted(LISTED, ONE, PRICES, COMPOUND, protocol, thresholds)
    assert hosting.book is ONE
    assert [market.parameters for market in hosting.listed.markets] == [market.parameters for market in MARKETS]
    assert hosting.held == hosting.given
    assert hosting.left_out == {}
    assert hosting.rules == ()
    assert hosting.health_given_ratio == hosting.health_held_ratio == 16 * WAD // 10


def test_one_collateral_and_one_debt_become_one_position_and_lenders_are_left_out() -> None:
    hosting = rehosted(LISTED, ONE, PRICES, AAVE, MORPHO, EQUAL)
    assert positions(hosting) == {("one", "ETH/DAI"): (10 * WAD, 10_000 * WAD)}
    assert [market.symbol for market in hosting.listed.markets] == ["ETH/DAI"]
    assert hosting.listed.markets[0].parameters.liquidation_threshold_ratio == 80 * PERCENT
    assert hosting.held == hosting.given
    assert hosting.health_held_ratio == hosting.health_given_ratio


def test_own_thresholds_are_the_nearest_and_move_the_starting_health() -> None:
    hosting = rehosted(LISTED, ONE, PRICES, AAVE, MORPHO, OWN)
    assert hosting.listed.markets[0].parameters.liquidation_threshold_ratio == 77 * PERCENT
    assert hosting.health_held_ratio == 154 * WAD // 100
    assert hosting.health_given_ratio == 160 * WAD // 100


def test_an_account_is_split_pro_rata_to_value() -> None:
    # 30,000 of ETH and 90,000 of BTC against 10,000 of DAI and 30,000 of USDC.
    held = book(("one", "ETH", 15, 0), ("one", "BTC", 3, 0), ("one", "DAI", 0, 10_000), ("one", "USDC", 0, 30_000))
    hosting = rehosted(LISTED, held, PRICES, AAVE, MORPHO, EQUAL)
    assert positions(hosting) == {
        ("one", "ETH/DAI"): (375 * WAD // 100, 2_500 * WAD),
        ("one", "ETH/USDC"): (1_125 * WAD // 100, 7_500 * 10**6),
        ("one", "BTC/DAI"): (75 * 10**6, 7_500 * WAD),
        ("one", "BTC/USDC"): (225 * 10**6, 22_500 * 10**6),
    }
    # All of it together weighed 0.8 * 30,000 + 0.7 * 90,000, and so does every pair at 0.725.
    assert {m.parameters.liquidation_threshold_ratio for m in hosting.listed.markets} == {725 * WAD // 1000}
    assert hosting.health_held_ratio == hosting.health_given_ratio == 87 * WAD // 40


def test_what_has_no_place_is_counted_by_reason() -> None:
    held = book(
        ("same", "DAI", 100, 50), ("same", "ETH", 0.05, 0),
        ("bare", "DAI", 0, 7),
        ("idle", "FEI", 40, 0), ("idle", "ETH", 1, 0), ("idle", "USDC", 0, 500),
        ("dusty", "ETH", 1, 0), ("dusty", "DAI", 0, 0.0078125),
    )  # fmt: skip
    hosting = rehosted(LISTED, held, PRICES, AAVE, MORPHO, EQUAL)
    lost = {reason: msgspec.structs.astuple(left) for reason, left in hosting.left_out.items()}
    assert lost == {
        rehosting.SAME_ASSET: (1, 100 * WAD, 25 * WAD),
        rehosting.NO_COLLATERAL: (1, 0, 7 * WAD),
        rehosting.SECURES_NOTHING: (1, 40 * WAD, 0),
        rehosting.TOO_SMALL: (1, 2_000 * WAD, WAD // 128),
    }
    assert set(positions(hosting)) == {("same", "ETH/DAI"), ("idle", "ETH/USDC")}
    assert hosting.held.account_count == 2
    assert hosting.given.account_count == 4


def test_a_part_that_owes_a_cent_is_held() -> None:
    held = book(("one", "ETH", 1, 0), ("one", "DAI", 0, 0.01))
    assert rehosted(LISTED, held, PRICES, AAVE, MORPHO, OWN).left_out == {}


@pytest.mark.parametrize("coin", [OwnCoin(), DaiOnly()], ids=["added", "listed"])
def test_debt_is_owed_in_the_protocols_own_coin(coin: MorphoBlue) -> None:
    held = book(("one", "ETH", 10, 0), ("one", "BTC", 0, 0.1), ("one", "USDC", 0, 3_000))
    hosting = rehosted(LISTED, held, PRICES, AAVE, coin, OWN)
    symbol = f"ETH/{coin.debt_symbol}"
    assert positions(hosting) == {("one", symbol): (10 * WAD, 6_000 * WAD)}
    assert f"All debt is owed in {coin.debt_symbol}, at the first prices." in hosting.rules
    is_added = coin.debt_symbol == "GEM"
    assert hosting.still_prices == ({"GEM": WAD} if is_added else {})
    assert [asset.symbol for asset in hosting.listed.assets][5:] == (["GEM"] if is_added else [])


def test_the_coin_is_worth_what_it_costs_at_the_start() -> None:
    hosting = rehosted(LISTED, ONE, PRICES | {"DAI": 2 * WAD}, AAVE, DaiOnly(), OWN)
    assert positions(hosting) == {("one", "ETH/DAI"): (10 * WAD, 10_000 * WAD)}
    usdc = book(("one", "ETH", 10, 0), ("one", "USDC", 0, 3))
    hosting = rehosted(LISTED, usdc, PRICES | {"DAI": 2 * WAD}, AAVE, DaiOnly(), OWN)
    assert positions(hosting) == {("one", "ETH/DAI"): (10 * WAD, 15 * WAD // 10)}


def test_accounts_of_a_market_that_is_refused_are_left_out_whole() -> None:
    class Picky(type(SEAWALL)):
        def check_markets(self, markets) -> None:
            if any(market.symbol == "BTC" for market in markets):
                raise ConfigError("no BTC")

    picky = Picky("1", SEAWALL.rule)
    held = book(
        ("one", "ETH", 10, 0), ("one", "DAI", 0, 5), ("two", "BTC", 1, 0), ("two", "DAI", 0, 5), ("l", "BTC", 1, 0)
    )
    hosting = rehosted(LISTED, held, PRICES, AAVE, picky, OWN)
    assert {account for account, _ in positions(hosting)} == {"one"}
    assert msgspec.structs.astuple(hosting.left_out[rehosting.MARKET_REFUSED]) == (1, 30_000 * WAD, 5 * WAD)
    assert "BTC" not in [market.symbol for market in hosting.listed.markets]


@pytest.mark.parametrize(
    ("source", "protocol", "said"),
    [
        (AAVE, PERPETUAL[-1], "margins contracts, not loans"),
        (MORPHO, AAVE, "is in pairs of morpho_blue@1, which aave_v3@3.6 cannot hold"),
    ],
)
def test_a_book_that_no_rule_puts_there_is_refused(source, protocol, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        rehosted(LISTED, ONE, PRICES, source, protocol, OWN)


def test_a_book_of_which_nothing_can_be_held_is_refused() -> None:
    with pytest.raises(ConfigError, match="morpho_blue@1 can hold no part of the book"):
        rehosted(LISTED, book(("bare", "DAI", 0, 7)), PRICES, AAVE, MORPHO, OWN)


HOLDINGS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([asset.symbol for asset in ASSETS]),
              st.floats(0, 1_000), st.floats(0, 1_000)),
    min_size=1, max_size=12, unique_by=lambda row: row[:2],
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(HOLDINGS, st.sampled_from([MORPHO, OwnCoin(), DaiOnly(), AAVE]), st.sampled_from(list(Thresholds)))
def test_what_is_held_and_what_is_left_out_are_what_was_given(rows, protocol, thresholds: Thresholds) -> None:
    try:
        hosting = rehosted(LISTED, book(*rows), PRICES, SEAWALL, protocol, thresholds)
    except ConfigError:
        return
    parts = [hosting.held, *hosting.left_out.values()]
    assert sum(part.collateral_value for part in parts) == hosting.given.collateral_value
    assert sum(part.debt_value for part in parts) == hosting.given.debt_value
    protocol.check_markets(hosting.listed.markets)


@settings(max_examples=60, deadline=None)
@given(HOLDINGS)
def test_parts_add_up_to_the_unit_and_keep_the_loan_to_value(rows) -> None:
    given_book = book(*rows)
    try:
        hosting = rehosted(LISTED, given_book, PRICES, SEAWALL, MORPHO, EQUAL)
    except ConfigError:
        return
    for (_, symbol), (seized, owed) in positions(hosting).items():
        assert seized > 0
        assert owed > 0
        assert symbol.split("/")[0] != symbol.split("/")[1]
    if not hosting.left_out:
        for asset in ASSETS:
            split = [
                amounts for (_, symbol), amounts in positions(hosting).items() if symbol.endswith(f"/{asset.symbol}")
            ]
            owed = [o for s, o in zip(given_book.symbols, given_book.debt_amounts, strict=True) if s == asset.symbol]
            assert sum(amounts[1] for amounts in split) == sum(owed)
