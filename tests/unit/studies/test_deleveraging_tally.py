"""What winners paid in a run: each account counts once a market and side, by the greatest profit that it stood with."""

from tests.exchange import BTC, LONG, SHORT, UNITS, USD
from tests.unit.engine.test_deleveraging import OTHER_SHORT, crash, deleveragings, funded

from seawall.fixed import WAD
from seawall.ledger.deleveraging import DeleveragingPolicy
from seawall.studies.deleveraging_tally import DeleveragingTally


def tallied(exchange):
    tally = DeleveragingTally()
    for order in deleveragings(exchange):
        tally.add(order)
    return tally.outcome()


def test_pro_rata_to_profit_is_even_and_a_queue_is_not():
    even = tallied(crash())
    assert even == {
        "count": 1, "accounts_closed": 1, "closed_value": str(550_000 * WAD), "paid_value": str(20_000 * WAD),
        "winners": 2, "winners_cut": 2, "worst_haircut": 0.4, "haircut_gini": 0.0,
        "paid_concentration": round(0.7**2 + 0.3**2, 6),
    }  # fmt: skip
    queued = tallied(crash(funded(15_000, deleveraging=DeleveragingPolicy("bitmex_queue@1", start_ratio=WAD - 1))))
    assert (queued["winners"], queued["winners_cut"], queued["paid_concentration"]) == (2, 1, 1.0)
    assert queued["haircut_gini"] > 0


def test_nothing_deleveraged_is_no_unfairness():
    assert tallied(crash(funded(10**6))) == {
        "count": 0, "accounts_closed": 0, "closed_value": "0", "paid_value": "0", "winners": 0, "winners_cut": 0,
        "worst_haircut": 0.0, "haircut_gini": 0.0, "paid_concentration": 0.0,
    }  # fmt: skip


def test_a_winner_cut_twice_counts_once_with_all_that_it_gained():
    exchange = crash()
    exchange.trade(LONG, BTC, 0, 0)
    third = b"\0" * 19 + b"\7"
    exchange.trade(third, BTC, 3 * UNITS[BTC], 9_000)
    exchange.trade(SHORT, BTC, -3 * UNITS[BTC])
    exchange.price(1, 50_000)
    first, second = deleveragings(exchange)
    assert {cut.account for cut in second.record.cuts} == {SHORT}
    found = tallied(exchange)
    assert (found["count"], found["accounts_closed"], found["winners"], found["winners_cut"]) == (2, 2, 2, 2)
    # 14,000 of 35,000 before, now 6,000 of 15,000 more: its profit is what it has and what it has paid.
    paid = first.paid_amounts[[cut.account for cut in first.record.cuts].index(SHORT)] + second.covered_amount
    assert paid == 20_000 * UNITS[USD]
    assert found["worst_haircut"] == round(20 / 35, 6)
    assert OTHER_SHORT in [cut.account for cut in first.record.cuts]
