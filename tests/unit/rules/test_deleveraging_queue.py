import pytest
from msgspec.structs import replace
from tests.unit.rules.short_winners import LOSS, MARK, SHORTS, WINNERS, closed, names, short

from seawall.fixed import WAD
from seawall.ledger.deleveraging import MarginLine, UncoveredLoss, Winner
from seawall.ledger.market import DEBT
from seawall.rules.deleveraging_queue import (
    gain_by_leverage,
    profit_by_leverage,
    profit_by_margin,
    queue_cuts,
    queue_order,
)
from seawall.rules.winner import profit_value

ALL = pytest.mark.parametrize(
    ("ranking", "ranks", "order"),
    [
        (profit_by_leverage, (".2424", ".3200", ".4482", ".2297", ".1383", "-.0042"), [3, 2, 1, 4, 5, 6]),
        (profit_by_margin, (".00444", ".01067", ".08366", ".00545", ".00104", None), [3, 2, 4, 1, 5]),
        (gain_by_leverage, ("1.2222", "2.000", "9.8824", "1.7273", ".5556", "6.000"), [3, 6, 2, 4, 1, 5]),
    ],
    ids=["bitmex", "binance", "hyperliquid"],
)


@ALL
def test_ranks_are_those_of_the_documents(ranking, ranks, order):
    for winner, said in zip(SHORTS, ranks, strict=True):
        rank = ranking(winner, LOSS)
        if said is None:
            assert rank is None
        else:
            digits = len(said.partition(".")[2])
            assert round(rank.numerator / rank.divisor, digits) == float(said)


@ALL
def test_the_queue_begins_with_the_greatest_rank(ranking, ranks, order):
    assert names(winner.account for winner in queue_order(LOSS, SHORTS, ranking)) == order


@ALL
def test_the_queue_does_not_depend_on_the_order_of_equals(ranking, ranks, order):
    twins = [replace(SHORTS[1], account=name) for name in (b"a", b"b", b"c")]
    assert [winner.account for winner in queue_order(LOSS, twins, ranking)] == [b"a", b"b", b"c"]


@ALL
def test_an_account_without_equity_is_not_asked(ranking, ranks, order):
    below, at, above = (replace(SHORTS[0], account=bytes([nth]), equity_value=nth - 1) for nth in range(3))
    assert queue_order(LOSS, (below, at, above), ranking) == [above]


@ALL
def test_a_long_winner_ranks_as_a_short_one_that_gained_as_much(ranking, ranks, order):
    """Twenty of a hundred gained, with the same notional value, equity, wallet and margin."""
    loss = UncoveredLoss(DEBT, 10, 1, 100 * WAD, 90 * WAD, 100 * WAD)
    lines = (MarginLine(0, WAD),)
    longs = [
        Winner(b"much", 10, 50 * WAD, 500 * WAD, 1_000 * WAD, lines),
        Winner(b"some", 10, 80 * WAD, 800 * WAD, 1_000 * WAD, lines),
        Winner(b"lost", 10, 120 * WAD, 1_200 * WAD, 1_000 * WAD, lines),
    ]
    order = [winner.account for winner in queue_order(loss, longs, ranking)]
    assert order[:2] == [b"much", b"some"]
    assert order[2:] == ([] if ranking is profit_by_margin else [b"lost"])


def test_the_move_of_a_long_is_the_mark_over_its_entry():
    loss = UncoveredLoss(DEBT, 10, 1, 100 * WAD, 90 * WAD, 100 * WAD)
    rank = gain_by_leverage(Winner(b"long", 10, 80 * WAD, 0, 500 * WAD, ()), loss)
    assert rank.numerator * 10 == rank.divisor * 25


def test_a_wallet_below_one_counts_as_one():
    for wallet, divisor in ((WAD + 1, WAD + 1), (WAD, WAD), (WAD - 1, WAD), (-5 * WAD, WAD)):
        winner = replace(SHORTS[0], wallet_value=wallet)
        assert profit_by_margin(winner, LOSS).divisor == divisor * winner.equity_value


def test_a_loss_ranks_lower_the_less_leverage_it_has():
    lost = [short(f"W{number}", 100, 78, wallet) for number, wallet in ((1, 8_000), (2, 2_000), (3, 4_000))]
    assert names(winner.account for winner in queue_order(LOSS, lost, profit_by_leverage)) == [2, 3, 1]


def test_nobody_without_profit_stands_in_the_queue_of_binance():
    at_entry = replace(SHORTS[0], entry_price=MARK)
    assert profit_by_margin(at_entry, LOSS) is None
    assert profit_by_margin(replace(at_entry, entry_price=MARK + WAD), LOSS) is not None


def test_nobody_without_margin_stands_in_the_queue_of_binance():
    lines = [(MarginLine(0, number),) for number in (0, 1)]
    assert [profit_by_margin(replace(SHORTS[0], margin_lines=line), LOSS) is None for line in lines] == [True, False]


@pytest.mark.parametrize(
    ("ranking", "winners", "cut"),
    [
        (profit_by_leverage, WINNERS, (100, 300, 200, 0, 0)),
        (profit_by_margin, WINNERS, (0, 300, 200, 100, 0)),
        (gain_by_leverage, WINNERS, (0, 300, 200, 100, 0)),
    ],
    ids=["bitmex", "binance", "hyperliquid among who gained"],
)
def test_the_queue_closes_whole_positions_until_the_losing_one_is_closed(ranking, winners, cut):
    cuts = queue_cuts(LOSS, queue_order(LOSS, winners, ranking))
    assert closed(cuts) == cut
    assert sum(cut.paid_value for cut in cuts) == LOSS.loss_value


def test_the_queue_of_hyperliquid_closes_who_has_lost_before_who_has_won():
    assert closed(queue_cuts(LOSS, queue_order(LOSS, SHORTS, gain_by_leverage)), 6) == (0, 300, 200, 0, 0, 100)


def test_a_queue_by_profit_alone_takes_all_from_the_largest_unless_it_splits():
    by_profit = sorted(WINNERS, key=lambda winner: -profit_value(winner, LOSS))
    assert closed(queue_cuts(LOSS, by_profit)) == (600, 0, 0, 0, 0)
    parts = [replace(WINNERS[0], account=b"W1" + bytes([nth]), balance=50) for nth in range(20)]
    split = sorted((*parts, *WINNERS[1:]), key=lambda winner: -profit_value(winner, LOSS))
    assert closed(queue_cuts(LOSS, split)) == (0, 100, 0, 500, 0)


def test_a_payment_rounds_up_and_the_queue_may_end_before_the_position():
    loss = replace(LOSS, unit=10**18, mark_price=3, deleveraging_price=4, balance=2 * 10**18, loss_value=1)
    queue = [replace(SHORTS[0], balance=1), replace(SHORTS[1], balance=10**18)]
    assert [(cut.closed_amount, cut.paid_value) for cut in queue_cuts(loss, queue)] == [(1, 1), (10**18, 1)]
