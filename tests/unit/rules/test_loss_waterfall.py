"""The waterfall with its published numbers, steps that pay together, budgets, and every policy that it refuses."""

import pytest

from seawall.fixed import WAD
from seawall.ledger.deployment import Absorber, Buffer, Policy
from seawall.ledger.order import Payment
from seawall.rules.loss_waterfall import (
    SOCIALIZED_LOSS,
    UNCOVERED_LOSS,
    Payer,
    Step,
    absorbers_of,
    budget_amount,
    drawn_value,
    loss_payments,
    waterfall_mistake,
)

NO_LIMIT = 10**40
ABSORBERS = [("fee_reserve", 300_000), ("insurance_fund", 250_000), ("backstop", 400_000)]


def alone(name, held_amount, amount_max=NO_LIMIT):
    return Step((Payer(name, held_amount, held_amount),), amount_max)


def together(*payers, amount_max=NO_LIMIT):
    return Step(tuple(Payer(*payer) for payer in payers), amount_max)


def paid(loss, *steps):
    return [(payment.absorber, payment.amount) for payment in loss_payments(loss, steps, UNCOVERED_LOSS)]


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (0, []),
        (299_999, [("fee_reserve", 299_999)]),
        (300_000, [("fee_reserve", 300_000)]),
        (300_001, [("fee_reserve", 300_000), ("insurance_fund", 1)]),
        (950_000, ABSORBERS),
        (1_000_003, [*ABSORBERS, (SOCIALIZED_LOSS, 50_003)]),
    ],
)
def test_each_absorber_pays_before_the_next(loss, expected):
    steps = [alone(*absorber) for absorber in ABSORBERS]
    assert loss_payments(loss, steps, SOCIALIZED_LOSS) == tuple(Payment(*entry) for entry in expected)


def test_an_empty_absorber_is_passed_over():
    assert paid(5, alone("fee_reserve", 0), alone("insurance_fund", 9)) == [("insurance_fund", 5)]
    assert paid(5) == [(UNCOVERED_LOSS, 5)]


def test_the_published_pro_rata_split():
    weights = (1_000_000, 333_333, 77_777, 5)
    step = together(*((f"depositor {nth}", weight, weight) for nth, weight in enumerate(weights)))
    assert paid(50_003, step) == [("depositor 0", 35_435), ("depositor 1", 11_812), ("depositor 2", 2_756)]


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (1, [("pool", 1)]),
        (10, [("pool", 7), ("junior", 3)]),
        (11, [("pool", 8), ("junior", 3)]),
        (100, [("pool", 70), ("junior", 30)]),
        (133, [("pool", 93), ("junior", 40)]),
        (140, [("pool", 100), ("junior", 40)]),
        (141, [("pool", 100), ("junior", 40), (UNCOVERED_LOSS, 1)]),
    ],
)
def test_shares_hold_until_one_has_nothing_left_and_the_other_pays_the_rest(loss, expected):
    assert paid(loss, together(("pool", 100, 7), ("junior", 40, 3))) == expected


@pytest.mark.parametrize(
    ("amount_max", "expected"),
    [
        (0, [("backstop", 6)]),
        (5, [("insurance_fund", 5), ("backstop", 1)]),
        (6, [("insurance_fund", 6)]),
        (7, [("insurance_fund", 6)]),
    ],
)
def test_what_a_budget_keeps_back_the_next_step_pays(amount_max, expected):
    assert paid(6, alone("insurance_fund", 100, amount_max), alone("backstop", 100)) == expected


@pytest.mark.parametrize(("price", "unit"), [(3, 10), (7 * WAD // 3, 10**6), (WAD, 10**18), (1999 * WAD, 10**18)])
def test_what_a_budget_buys_fits_it_and_one_unit_more_does_not(price, unit):
    for left_value in (0, 1, 2, 10**18 + 1, 12_345_678_901_234_567_890):
        amount = budget_amount(left_value, price, unit)
        assert drawn_value(amount, price, unit) <= left_value < drawn_value(amount + 1, price, unit)


def test_without_absorbers_buffers_pay_in_their_order_and_lenders_last():
    policy = Policy(buffers=(Buffer("b", ()), Buffer("a", ())))
    assert [absorber.names for absorber in absorbers_of(policy)] == [("b",), ("a",), (SOCIALIZED_LOSS,)]
    configured = (Absorber(("a",)),)
    assert absorbers_of(Policy(buffers=policy.buffers, absorbers=configured)) == configured


BUFFERS = (Buffer("fund", ()), Buffer("pool", ()), Buffer("junior", ()))


@pytest.mark.parametrize(
    ("absorbers", "mistake"),
    [
        ([Absorber(())], "an absorber names nobody"),
        (
            [Absorber(("treasury",))],
            "no absorber 'treasury', known: fund, pool, junior, auto_deleveraging, socialized_loss",
        ),
        ([Absorber(("uncovered_loss",))],
         "no absorber 'uncovered_loss', known: fund, pool, junior, auto_deleveraging, socialized_loss"),
        ([Absorber(("fund",)), Absorber(("fund",))], "absorber 'fund' is named twice"),
        ([Absorber(("fund", "fund"))], "absorber 'fund' is named twice"),
        ([Absorber(("fund", "auto_deleveraging"))], "absorber 'auto_deleveraging' must stand alone, not among 2"),
        (
            [Absorber(("socialized_loss",)), Absorber(("fund", "pool"))],
            "absorber fund, pool comes after socialized_loss, which leaves nothing to pay",
        ),
        (
            [Absorber(("socialized_loss",), markets=(0,))],
            "absorber 'socialized_loss' pays whatever is left, it has neither markets nor a budget",
        ),
        (
            [Absorber(("socialized_loss",), budget_value=1, window_ms=1)],
            "absorber 'socialized_loss' pays whatever is left, it has neither markets nor a budget",
        ),
        ([Absorber(("pool", "junior"), (WAD,))], "1 shares for 2 absorbers, pool, junior"),
        (
            [Absorber(("pool", "junior"), (WAD // 2, WAD // 2 - 1))],
            "shares 500000000000000000, 499999999999999999 (WAD) of pool, junior must be positive and add up to "
            "1000000000000000000",
        ),
        (
            [Absorber(("pool", "junior"), (WAD // 2, WAD // 2 + 1))],
            "shares 500000000000000000, 500000000000000001 (WAD) of pool, junior must be positive and add up to "
            "1000000000000000000",
        ),
        (
            [Absorber(("pool", "junior"), (WAD, 0))],
            "shares 1000000000000000000, 0 (WAD) of pool, junior must be positive and add up to 1000000000000000000",
        ),
        ([Absorber(("fund",), markets=(0, 3))], "market 3 of absorber fund is none of 3"),
        ([Absorber(("fund",), markets=(-1,))], "market -1 of absorber fund is none of 3"),
        (
            [Absorber(("fund",), budget_value=5)],
            "budget 5 (WAD) of fund in 0 ms: both must be positive, or none",
        ),
        (
            [Absorber(("fund",), window_ms=5)],
            "budget 0 (WAD) of fund in 5 ms: both must be positive, or none",
        ),
        (
            [Absorber(("fund",), budget_value=-1)],
            "budget -1 (WAD) of fund in 0 ms: both must be positive, or none",
        ),
    ],
)  # fmt: skip
def test_a_waterfall_that_cannot_be_is_refused_in_one_line(absorbers, mistake):
    assert waterfall_mistake(Policy(buffers=BUFFERS, absorbers=tuple(absorbers)), 3, has_winners=True) == mistake


@pytest.mark.parametrize(
    ("buffers", "mistake"),
    [
        ([Buffer("fund", ()), Buffer("fund", ())], "buffer 'fund' is named twice"),
        ([Buffer("socialized_loss", ())], "buffer 'socialized_loss' has the name of an absorber that holds nothing"),
        ([Buffer("uncovered_loss", ())], "buffer 'uncovered_loss' has the name of an absorber that holds nothing"),
        ([Buffer("auto_deleveraging", ())],
         "buffer 'auto_deleveraging' has the name of an absorber that holds nothing"),
        ([Buffer("fund", (), -1)], "share of the fees -1 of buffer 'fund' is negative"),
        ([Buffer("fund", (), WAD), Buffer("pool", (), 1)],
         "shares of the fees add up to 1000000000000000001 (WAD), more than 1000000000000000000"),
    ],
)  # fmt: skip
def test_buffers_that_cannot_be_are_refused_in_one_line(buffers, mistake):
    assert waterfall_mistake(Policy(buffers=tuple(buffers)), 3, has_winners=True) == mistake


def test_a_waterfall_that_can_be_is_not_refused():
    full = Policy(
        buffers=(Buffer("fund", (), WAD // 2), Buffer("pool", (), WAD // 2), Buffer("junior", ())),
        absorbers=(
            Absorber(("fund",), markets=(0, 2), budget_value=1, window_ms=1),
            Absorber(("pool", "junior"), (WAD - 1, 1)),
            Absorber(("auto_deleveraging",)),
            Absorber(("socialized_loss",)),
        ),
    )
    assert waterfall_mistake(full, 3, has_winners=True) is None
    assert waterfall_mistake(Policy(), 0, has_winners=False) is None


def test_a_pool_of_loans_has_no_winners_to_close():
    policy = Policy(absorbers=(Absorber(("auto_deleveraging",)),))
    assert waterfall_mistake(policy, 3, has_winners=True) is None
    assert waterfall_mistake(policy, 3, has_winners=False) == (
        "absorber 'auto_deleveraging' closes winners, the protocol has none to close"
    )
