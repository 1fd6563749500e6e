"""A generated book of contracts: the leverage and the shares that the scenario states, equity in cash and collateral."""

import pytest

from seawall.adapters.market_list import MarketList
from seawall.app.generated_contracts import generated_contracts, symbols_of_mixes
from seawall.app.scenario import ContractMix, GeneratedContracts
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.market import MarginTier, Market, RiskParameters

MARKETS = (
    Market("USDC", 0, 0, RiskParameters(WAD, WAD, 0)),
    Market("ETH", 1, 1, RiskParameters(0, 8 * 10**17, 0)),
    Market("PERP", 2, 2, RiskParameters(0, 0, 0), margin_tiers=(MarginTier(0, 10**16),)),
)
LISTED = MarketList((Asset("USDC", 6), Asset("ETH", 18), Asset("PERP", 8)), MARKETS, {}, {})
PRICES = {"USDC": WAD, "ETH": 200 * WAD, "PERP": 200 * WAD}


def section(*mixes, **changed):
    given = {
        "kind": "contracts", "accounts": 50, "notional_value_median": "1000", "notional_value_sigma": "1",
        "notional_value_min": "100", "notional_value_max": "9000", "leverage_median": "5", "leverage_sigma": "1",
        "leverage_max": "20", "mixes": mixes or (ContractMix(weight="1", long={"PERP": "1"}),),
    }  # fmt: skip
    return GeneratedContracts(**{**given, **changed})


def values_of(book):
    """Signed values by account and symbol."""
    found = {}
    units = {"USDC": 10**6, "ETH": 10**18, "PERP": 10**8}
    for account, symbol, held, owed in zip(
        book.accounts, book.symbols, book.collateral_amounts, book.debt_amounts, strict=True
    ):
        assert min(held, owed) == 0
        found.setdefault(account, {})[symbol] = (held - owed) / units[symbol] * PRICES[symbol] / WAD
    return found


def test_longs_and_shorts_have_the_leverage_that_is_stated():
    mixes = (
        ContractMix(weight="1", long={"PERP": "1"}),
        ContractMix(weight="1", short={"PERP": "1"}, collateral={"ETH": "0.5"}),
    )
    values = values_of(generated_contracts(section(*mixes), LISTED, PRICES, 3))
    assert len(values) == 50
    assert len({each["PERP"] > 0 for each in values.values()}) == 2
    for each in values.values():
        notional, equity = abs(each["PERP"]), sum(each.values())
        assert 99.99 < notional < 9000.01
        assert 0.999 < notional / equity < 20.01
        if each["PERP"] < 0:
            assert each["ETH"] == pytest.approx(equity / 2, rel=1e-3)
        else:
            assert "ETH" not in each


def test_the_same_seed_draws_the_same_book_and_another_one_another():
    first, again, other = (generated_contracts(section(), LISTED, PRICES, seed) for seed in (3, 3, 4))
    assert first == again != other


def test_what_owes_is_rounded_up_and_what_holds_down():
    book = generated_contracts(section(leverage_sigma="0", notional_value_sigma="0"), LISTED, PRICES, 1)
    assert set(zip(book.symbols, book.collateral_amounts, book.debt_amounts, strict=True)) == {
        ("PERP", 5 * 10**8, 0),
        ("USDC", 0, 800_000_001),
    }


def test_a_market_that_is_not_there_and_a_list_without_cash_are_refused():
    named = section(ContractMix(weight="1", long={"PERQ": "1"}))
    with pytest.raises(ConfigError, match="no market PERQ"):
        generated_contracts(named, LISTED, PRICES, 1)
    with pytest.raises(ConfigError, match="no market is cash"):
        generated_contracts(section(), MarketList(LISTED.assets, MARKETS[1:], {}, {}), PRICES, 1)
    assert symbols_of_mixes(section(), LISTED) == {"USDC", "PERP"}
