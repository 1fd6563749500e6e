"""Bankruptcy price: where a contract is closed so that nothing is left of the equity that it carries.

    share of the equity   e = E * M_i / M                    E equity, M_i the contract's maintenance margin, M the account's
    long   P - e * unit / q        short   P + e * unit / q  P mark price, q the balance

Each unit of margin carries the same part of the equity. Closing all contracts at these prices leaves nothing; closing a part
of one leaves E / M where it was, so a close at this price or a better one never lowers health. With one contract, or
M_i = M, it is the price at which equity is zero, everything else still. Rounded so that the account is not left owing: a
long up, a short down.
"""

from seawall.fixed import div_down
from seawall.units import Amount, Balance, Price, Value


def bankruptcy_price(
    price: Price,
    equity_value: Value,
    contract_margin_value: Value,
    margin_value: Value,
    balance: Balance,
    unit: Amount,
    is_short: bool,
) -> Price:
    """Return the bankruptcy price; beyond the mark price where the equity is negative, and below zero where no price is."""
    per_contract = div_down(equity_value * contract_margin_value * unit, margin_value * balance)
    return price + per_contract if is_short else price - per_contract
