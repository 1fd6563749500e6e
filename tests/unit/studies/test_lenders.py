"""Lenders: they bear what no buffer pays, and no longer once one does, at the price of the loss."""

import pytest
from tests.deployments import BORROWER, ETH, UNITS, USD, Desk

from seawall.ledger.order import AbsorbLoss, PayLoss, Payment
from seawall.rules.loss_waterfall import SOCIALIZED_LOSS, UNCOVERED_LOSS
from seawall.studies.lenders import Lenders


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 1_000 * UNITS[USD]})
    return desk


def lost(*payments: tuple[str, int], entry: int = 1) -> AbsorbLoss:
    paid = tuple(Payment(name, dollars * UNITS[USD]) for name, dollars in payments)
    return AbsorbLoss(BORROWER, USD, sum(payment.amount for payment in paid), 0, paid, entry)


def late(dollars: int, *payments: tuple[str, int]) -> PayLoss:
    paid = tuple(Payment(name, part * UNITS[USD]) for name, part in payments)
    return PayLoss(2, 1, BORROWER, USD, dollars * UNITS[USD], paid)


def borne(desk: Desk, *orders: AbsorbLoss | PayLoss) -> list[tuple[float, float]]:
    lenders = Lenders()
    lenders.note_start(desk.engine)
    for order in orders:
        lenders.add((order,), desk.state.deployment)
    return lenders.haircuts()


def test_they_bear_what_is_socialised_and_what_is_uncovered(desk: Desk) -> None:
    (share,) = borne(desk, lost(("insurance_fund", 100), (SOCIALIZED_LOSS, 30), (UNCOVERED_LOSS, 20)))
    assert share == pytest.approx((1_000.0, 0.05))


def test_a_late_payment_takes_back_what_it_pays(desk: Desk) -> None:
    (share,) = borne(desk, lost((UNCOVERED_LOSS, 50)), late(30, ("insurance_fund", 30)))
    assert share == pytest.approx((1_000.0, 0.02))


def test_a_loss_that_is_socialised_late_stays_theirs(desk: Desk) -> None:
    (share,) = borne(desk, lost((UNCOVERED_LOSS, 50)), late(30, (SOCIALIZED_LOSS, 30)))
    assert share == pytest.approx((1_000.0, 0.05))


def test_a_late_payment_is_at_the_price_of_its_loss(desk: Desk) -> None:
    lenders = Lenders()
    lenders.note_start(desk.engine)
    lenders.add((lost((UNCOVERED_LOSS, 50)),), desk.state.deployment)
    desk.price(USD=2)
    lenders.add((late(10, ("insurance_fund", 10)),), desk.state.deployment)
    assert lenders.haircuts() == [pytest.approx((1_000.0, 0.04))]


def test_nobody_loses_more_than_was_lent(desk: Desk) -> None:
    assert borne(desk, lost((SOCIALIZED_LOSS, 3_000))) == [(pytest.approx(1_000.0), 1.0)]


def test_stock_is_taken_once(desk: Desk) -> None:
    lenders = Lenders()
    lenders.note_start(desk.engine)
    desk.move(BORROWER, {}, {USD: 1_000 * UNITS[USD]})
    lenders.note_start(desk.engine)
    assert lenders.haircuts() == [(pytest.approx(1_000.0), 0.0)]
