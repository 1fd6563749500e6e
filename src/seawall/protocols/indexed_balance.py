"""Balances that an index turns into amounts, rounded for the protocol: what is held down, what is owed up.

    amount = balance * index / RAY        balance = amount * RAY / index

Our own protocols share this; a real one keeps the rounding of its contract.
"""

from seawall.fixed import RAY, mul_div_down, mul_div_up
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, market_of, side_of
from seawall.units import Amount, Balance


def indexed_amount(deployment: Deployment, slot: int, balance: Balance) -> Amount:
    """Return the amount of a stored balance: collateral rounded down, debt up."""
    state = deployment.market_states[market_of(slot)]
    if side_of(slot) == DEBT:
        return mul_div_up(balance, state.debt_index, RAY)
    return mul_div_down(balance, state.collateral_index, RAY)


def indexed_balance(deployment: Deployment, slot: int, amount: Amount) -> Balance:
    """Return the balance to store for an amount: collateral rounded down, debt up."""
    state = deployment.market_states[market_of(slot)]
    if side_of(slot) == DEBT:
        return mul_div_up(amount, RAY, state.debt_index)
    return mul_div_down(amount, RAY, state.collateral_index)
