"""Loss waterfall: who pays for bad debt, in what order, to the last unit.

    payment_k = min(loss left, what absorber k holds),     the rest is socialised
Payments add up to the loss exactly, no absorber pays more than it holds, and none pays while one before it has something
left. The borrower's collateral comes first of all and is already gone when a loss is booked here.
"""

from collections.abc import Sequence
from typing import Final

from seawall.ledger.order import Payment
from seawall.units import Amount

SOCIALIZED_LOSS: Final = "socialized_loss"
"""The last absorber: the lenders, who hold whatever the loss needs."""


def loss_payments(loss_amount: Amount, absorbers: Sequence[tuple[str, Amount]]) -> tuple[Payment, ...]:
    """Return what each absorber pays of a loss, in order; absorbers that pay nothing are left out.

    `absorbers` are (name, amount that it holds), first to pay first.
    """
    payments = []
    left_amount = loss_amount
    for name, held_amount in absorbers:
        assert held_amount >= 0, (name, held_amount)
        paid_amount = min(left_amount, held_amount)
        if paid_amount > 0:
            payments.append(Payment(name, paid_amount))
            left_amount -= paid_amount
    if left_amount > 0:
        payments.append(Payment(SOCIALIZED_LOSS, left_amount))
    return tuple(payments)
