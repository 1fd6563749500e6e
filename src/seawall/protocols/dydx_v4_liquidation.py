"""dYdX v4's liquidation of one contract: how much a block, at which price at worst, and what the insurance fund gets or pays.

    close     the larger of the least notional value and a portion of the position, within what the account has left this block
    price     the fillable price: (PNNV - ABR * SMMR * PMMR) / PS, ABR = BA (1 - TNC / TMMR) within [0, 1], on a price step
    bankruptcy quote   floor(-dNNV - TNC * |dMMR| / TMMR), what closing brings where the account keeps nothing of its share
    fund      d = fill - bankruptcy quote; where d > 0 it gets min(fee of the fill, d), else it pays -d

dNNV and dMMR are the position's values after less those before. Quotes are what the account gets, less than zero for a short.
"""

from typing import NamedTuple

import msgspec

from seawall.fixed import WAD, div_down, div_up, mul_div_down
from seawall.protocols.dydx_v4_margin import PPM, Contract, Risk
from seawall.rules.fillable_price import FillableRule, fillable_price
from seawall.units import Amount, Balance, Price


class LiquidationRule(msgspec.Struct, frozen=True):
    """What governance sets; amounts are whole quote units, fractions parts in a million."""

    fee_ppm_max: int
    notional_min: int
    portion_ppm_max: int
    account_notional_max: int
    insurance_loss_max: int
    fillable: FillableRule


class Close(NamedTuple):
    """A close of so much at a price: what the account is filled for and what the fund gets of it, signed quote quantums."""

    closed: Balance
    price: Price
    filled: int
    insurance: int


def price_at_worst(contract: Contract, risk: Risk, rule: LiquidationRule) -> Price:
    """Return the fillable price of the position."""
    scale = div_down(WAD, contract.quote_unit)
    return fillable_price(
        contract.notional(contract.balance, contract.price) * scale,
        contract.maintenance(contract.balance) * scale,
        risk.net_collateral * scale,
        risk.maintenance * scale,
        contract.balance,
        contract.unit,
        contract.is_short,
        rule.fillable,
        contract.market.price_step or 1,
    )


def largest_close(contract: Contract, closed_quantums: int, rule: LiquidationRule) -> Balance:
    """Return how much may be closed now, after so much of the account was in this block; zero where nothing may be."""
    notional, unit = contract.notional(contract.balance, contract.price), contract.quote_unit
    most = max(rule.notional_min * unit, mul_div_down(notional, rule.portion_ppm_max, PPM))
    most = min(most, rule.account_notional_max * unit - closed_quantums)
    if most <= 0:
        return 0
    step = contract.market.amount_step or 1
    if most >= notional or contract.balance <= step:
        return contract.balance
    return max(step, whole_steps(mul_div_down(most * contract.unit, WAD, contract.price * unit), step))


def whole_steps(balance: Balance, step: Amount) -> Balance:
    """Return the whole steps in a balance."""
    return mul_div_down(balance, 1, step) * step


def bankruptcy_quote(contract: Contract, risk: Risk, closed: Balance) -> int:
    """Return what closing so much brings where the account keeps nothing of its share, in favour of the fund."""
    rest = contract.balance - closed
    moved_value = contract.net_value(rest) - contract.net_value(contract.balance)
    freed = contract.maintenance(contract.balance) - contract.maintenance(rest)
    return div_down(-moved_value * risk.maintenance - risk.net_collateral * freed, risk.maintenance)


def close_at(contract: Contract, risk: Risk, closed: Balance, price: Price, rule: LiquidationRule) -> Close:
    """Return the close of so much at a price."""
    worth = contract.notional(closed, price)
    filled = -worth if contract.is_short else worth
    beyond = filled - bankruptcy_quote(contract, risk, closed)
    insurance = min(mul_div_down(worth, rule.fee_ppm_max, PPM), beyond) if beyond > 0 else beyond
    return Close(closed, price, filled, insurance)


def bought_for(contract: Contract, most: Balance, price: Price, quote_quantums: int) -> Balance:
    """Return how much of a long, at most, costs no more than this, in whole steps."""
    if contract.notional(most, price) <= quote_quantums:
        return most
    # The largest balance whose notional value, towards zero, is at most so much.
    balance = div_up((quote_quantums + 1) * contract.unit * WAD, price * contract.quote_unit) - 1
    return whole_steps(min(balance, most), contract.market.amount_step or 1)
