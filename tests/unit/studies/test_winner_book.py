from statistics import median, quantiles

import pytest

from seawall.fixed import WAD
from seawall.ledger.deleveraging import UncoveredLoss
from seawall.ledger.market import COLLATERAL
from seawall.rules.winner import margin_value, notional_value, profit_value
from seawall.studies.october_waves import Wave
from seawall.studies.winner_book import HEDGED_ONE_IN, MARK_PRICE, UNIT, winner_book

WAVE = Wave(8, 0, 10**6 * WAD, 10**7 * WAD, 593_097_183 * WAD, 1_542_846_360 * WAD, 2_248)
LOSS = UncoveredLoss(COLLATERAL, 1, UNIT, MARK_PRICE, MARK_PRICE + WAD, 1)


@pytest.fixture(scope="module")
def book():
    return winner_book(WAVE, 3_000, 1)


def test_profits_and_equities_are_those_of_the_wave(book):
    profits = [profit_value(winner, LOSS) for winner in book]
    # A size rounds down by less than a unit, and with it a profit by less than its gain a unit.
    assert 0 <= WAVE.profit_value - sum(profits) <= WAD // 100
    assert sum(winner.equity_value for winner in book) <= WAVE.equity_value
    assert sum(winner.equity_value for winner in book) >= WAVE.equity_value - WAD
    assert all(profit > 0 for profit in profits)


def test_accounts_are_in_order_and_the_book_is_always_the_same(book):
    accounts = [winner.account for winner in book]
    assert accounts == sorted(set(accounts))
    assert winner_book(WAVE, 3_000, 1) == book
    assert winner_book(WAVE, 3_000, 2) != book
    assert winner_book(WAVE._replace(number=9), 3_000, 1)[0].equity_value != book[0].equity_value


def test_shapes_are_the_fitted_ones(book):
    profits = sorted((profit_value(winner, LOSS) for winner in book), reverse=True)
    assert 0.6 < sum(profits[: len(book) // 100]) / sum(profits) < 0.95
    leverages = [notional_value(winner, LOSS) / winner.equity_value for winner in book]
    assert 0.17 < median(leverages) < 0.23
    assert 3.5 < quantiles(leverages, n=20)[-1] < 7.0
    assert max(leverages) < 20.01
    ratios = quantiles([winner.equity_value / profit_value(winner, LOSS) for winner in book], n=10)
    # The wave's own equity scales all ratios alike.
    assert 1.7 < ratios[4] / ratios[0] < 2.2
    assert 2.9 < ratios[8] / ratios[4] < 3.9


def test_one_in_five_is_hedged(book):
    hedged = [winner for winner in book if winner.margin_lines[0].slope_price < 0]
    assert len(hedged) == len(book) // HEDGED_ONE_IN
    for winner in hedged[:50]:
        assert margin_value(winner, winner.balance, UNIT) <= 1
        assert margin_value(winner, 0, UNIT) > 0
