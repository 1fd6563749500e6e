"""Maker at its edges: the line, mat, interest, decimals, and markets that it cannot hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.auctions import ART, ETHER, INK, MARKETS, RATE, House, dutch, offers_in, vault

from seawall.errors import ConfigError
from seawall.fixed import RAY, WAD
from seawall.ledger.market import COLLATERAL, DEBT, Market, RiskParameters, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.maker import MAKER, mat_ray

MAKER_2 = protocol_named("maker@2.0")
SPOT = 1379310344827586206896551724137


def house_with(ink=INK, art=ART, price=2_000, debt_index=RATE):
    house = House(debt_index=debt_index)
    house.price(ETH=price, BTC=40_000, DAI=1)
    house.give(vault("owner"), ink, art)
    deployment = house.state.deployment
    return house, deployment, deployment.book.row_of(vault("owner"))


@given(percent_bps=st.integers(10_001, 60_000))
def test_mat_is_the_one_whose_inverse_the_threshold_is(percent_bps):
    assert mat_ray(WAD * 10_000 // percent_bps) == percent_bps * 10**23


def test_spot_is_the_contracts():
    _, deployment, _ = house_with()
    weight = MAKER_2.margin_weight(deployment, slot_of(ETHER, COLLATERAL), 0)
    assert weight == (SPOT * WAD, RAY * WAD)


@pytest.mark.parametrize(
    ("art", "is_unsafe"), [(13_793_103_448_275_862_068_965, False), (13_793_103_448_275_862_068_966, True)]
)
def test_a_vault_may_owe_all_that_its_collateral_allows(art, is_unsafe):
    # 10 * spot = 13,793.10344827586206896551724137 exactly.
    _, deployment, row = house_with(art=art, debt_index=RAY)
    assert MAKER_2.is_liquidatable(deployment, row) is is_unsafe
    health = MAKER_2.health(deployment, row)
    assert health.is_liquidatable is is_unsafe
    assert (health.health_factor_ratio < WAD) is is_unsafe
    assert health.collateral_value == 20_000 * WAD
    assert health.weighted_collateral_value == 13_793_103_448_275_862_068_965
    assert health.debt_value == art
    assert (MAKER_2.auction_lot(deployment, row) is Refusal.HEALTHY) is not is_unsafe


def test_at_the_line_itself_a_vault_is_safe():
    # An ink of one ray of spots makes both products equal.
    _, deployment, row = house_with(ink=RAY, art=SPOT, debt_index=RAY)
    assert not MAKER_2.is_liquidatable(deployment, row)
    deployment.book.set_balance(row, slot_of(ETHER, DEBT), SPOT + 1)
    assert MAKER_2.is_liquidatable(deployment, row)


def test_a_vault_without_collateral_brings_nothing():
    _, deployment, row = house_with()
    deployment.book.set_balance(row, slot_of(ETHER, COLLATERAL), 0)
    assert MAKER_2.auction_lot(deployment, row) is Refusal.NO_COLLATERAL
    assert MAKER_2.liquidation_limit(deployment, row) is Refusal.NO_COLLATERAL


@pytest.mark.parametrize("symbol", ["ETH", "DAI"])
def test_an_unknown_price_is_a_state_of_its_own(symbol):
    house, deployment, row = house_with()
    house.price(**{symbol: 0})
    assert MAKER_2.health(deployment, row) is Refusal.PRICE_MISSING
    assert not MAKER_2.is_liquidatable(deployment, row)
    assert MAKER_2.margin_weight(deployment, slot_of(ETHER, DEBT), 0) is None
    assert MAKER_2.lot_price_ray(deployment, ETHER, ETHER) is None


def test_par_is_the_debt_assets_price():
    _, deployment, _ = house_with()
    deployment.prices[2] = 2 * WAD
    assert MAKER_2.lot_price_ray(deployment, ETHER, ETHER) == 1_000 * RAY


def test_interest_is_a_power_that_rounds_half_up_and_then_down():
    house, deployment, _ = house_with()
    rate = 50 * RAY // 1000
    deployment.markets[ETHER] = replace(MARKETS[ETHER], debt_rate_ray=rate)
    duty = RAY + rate // 31_536_000
    assert MAKER_2.accrue(deployment, house.at + 3_000)
    square = (duty * duty + RAY // 2) // RAY
    cube = (duty * square + RAY // 2) // RAY
    assert deployment.market_states[ETHER].debt_index == cube * RATE // RAY
    assert not MAKER_2.accrue(deployment, house.at + 3_999)


def test_amounts_have_the_decimals_of_their_asset():
    _, deployment, _ = house_with()
    bitcoin = slot_of(1, COLLATERAL)
    assert MAKER_2.balance_of(deployment, bitcoin, 10**8) == WAD
    assert MAKER_2.amount_of(deployment, bitcoin, WAD - 1) == 10**8 - 1
    debt = slot_of(ETHER, DEBT)
    assert MAKER_2.amount_of(deployment, debt, 1) == 2
    assert MAKER_2.balance_of(deployment, debt, 105) == 100
    assert MAKER_2.balance_of(deployment, debt, 106) == 101


PARAMETERS = MARKETS[ETHER].parameters


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (replace(MARKETS[0], categories={1: PARAMETERS}), "has categories"),
        (replace(MARKETS[0], parameters=replace(PARAMETERS, liquidation_threshold_ratio=WAD)), "not within"),
        (replace(MARKETS[0], parameters=replace(PARAMETERS, liquidation_threshold_ratio=0)), "not within"),
        (replace(MARKETS[0], parameters=replace(PARAMETERS, liquidation_bonus_ratio=1)), "is not 0"),
        (Market("ETH", 0, 0, PARAMETERS), "is a pair"),
    ],
)
def test_markets_that_it_cannot_hold_are_refused(market, said):
    with pytest.raises(ConfigError, match=said):
        MAKER_2.check_markets([MARKETS[1], market])


def test_what_borrowers_lose_elsewhere_is_the_penalty_here():
    given = RiskParameters(WAD // 2, WAD // 2, WAD // 10, WAD // 5)
    assert MAKER_2.nearest_parameters(given) == replace(
        given, liquidation_bonus_ratio=0, liquidation_fee_ratio=WAD // 10
    )
    plain = replace(given, liquidation_bonus_ratio=0)
    assert MAKER_2.nearest_parameters(plain) == plain


def test_the_contract_bounds_no_reward():
    MAKER_2.check_markets([replace(MARKETS[0], parameters=replace(PARAMETERS, liquidation_fee_ratio=0))])


def test_no_fixed_price_is_quoted_and_nothing_written_off():
    _, deployment, row = house_with()
    assert MAKER_2.quote(deployment, row, ETHER, ETHER, 1) is Refusal.AUCTION_ONLY
    assert MAKER_2.write_off(deployment, row, None) == ()


def test_versions_are_told_apart_by_how_they_sell():
    assert [protocol.label for protocol in MAKER] == ["maker@1.2", "maker@2.0"]
    house = House(dutch())
    house.price(ETH=2_000, BTC=40_000, DAI=1)
    assert offers_in(house.give(vault("owner"), INK, ART))[0].is_auctioned
