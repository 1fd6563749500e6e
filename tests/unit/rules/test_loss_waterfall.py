"""The waterfall and the pro-rata split, with their published numbers."""

import pytest

from seawall.ledger.order import Payment
from seawall.rules.loss_waterfall import SOCIALIZED_LOSS, loss_payments

ABSORBERS = [("fee_reserve", 300_000), ("insurance_fund", 250_000), ("backstop", 400_000)]


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
    assert loss_payments(loss, ABSORBERS) == tuple(Payment(*entry) for entry in expected)


def test_an_empty_absorber_is_passed_over():
    assert loss_payments(5, [("fee_reserve", 0), ("insurance_fund", 9)]) == (Payment("insurance_fund", 5),)
    assert loss_payments(5, []) == (Payment(SOCIALIZED_LOSS, 5),)
