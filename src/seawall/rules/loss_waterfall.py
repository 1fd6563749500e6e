"""Loss waterfall: who pays for bad debt, in what order, to the last unit.

    payment_k = min(loss left, what absorber k holds),     the rest is socialised
Payments add up to the loss exactly, no absorber pays more than it holds, and none pays while one before it has something
left. The borrower's collateral comes first of all and is already gone when a loss is booked here.
"""

from collections.abc import Sequence
from typing import Final

from seawall.fixed import mul_div_down
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


def pro_rata_amounts(total_amount: Amount, weights: Sequence[int]) -> tuple[Amount, ...]:
    """Return shares of a total in proportion to weights, by largest remainder; they add up to the total exactly.

    Equal remainders go to the earlier weight, so the caller's order of weights must be total. No share exceeds
    its weight where the total does not exceed their sum.
    """
    weight_total = sum(weights)
    assert weight_total > 0 or total_amount == 0, (total_amount, weights)
    if weight_total == 0:
        return (0,) * len(weights)
    shares = [mul_div_down(total_amount, weight, weight_total) for weight in weights]
    remainders = [total_amount * weight - share * weight_total for weight, share in zip(weights, shares, strict=True)]
    left = total_amount - sum(shares)
    for at in sorted(range(len(weights)), key=lambda nth: (-remainders[nth], nth))[:left]:
        shares[at] += 1
    return tuple(shares)
