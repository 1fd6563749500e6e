"""Fillable price: the worst price at which a contract of an account below its line is offered to the book.

    insolvency i = clamp(a * (1 - E / M), 0, 1)
    long    (N - i * s * M_i) * unit / q          short    (N + i * s * M_i) * unit / q

E equity, M maintenance margin, M_i the contract's, N its notional value, q its balance; a says how fast the price gives way as
the account sinks, s how far, in maintenance margins. It is worse than the bankruptcy price exactly while
E / M < a s / (1 + a s): there the insurance fund pays for a close of an account that is still solvent. On the book's price
steps it is rounded towards the account: a long's up, a short's down, and never to nothing.
"""

import msgspec

from seawall.fixed import WAD, div_down, div_up
from seawall.units import Amount, Balance, Price, Ratio, Value


class FillableRule(msgspec.Struct, frozen=True):
    """a and s, WAD: how fast and how far the price gives way."""

    insolvency_factor_ratio: Ratio
    margin_factor_ratio: Ratio


def fillable_price(
    notional_value: Value,
    contract_margin_value: Value,
    equity_value: Value,
    margin_value: Value,
    balance: Balance,
    unit: Amount,
    is_short: bool,
    rule: FillableRule,
    price_step: Price,
) -> Price:
    """Return the price, a multiple of `price_step`, in one division."""
    full = margin_value * WAD
    insolvency = min(max(rule.insolvency_factor_ratio * (margin_value - equity_value), 0), full)
    divisor = full * WAD
    given_way = insolvency * rule.margin_factor_ratio * contract_margin_value
    if is_short:
        steps = div_down((notional_value * divisor + given_way) * unit, balance * divisor * price_step)
    else:
        steps = div_up((notional_value * divisor - given_way) * unit, balance * divisor * price_step)
    return max(1, steps) * price_step
