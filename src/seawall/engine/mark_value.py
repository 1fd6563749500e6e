"""What amounts are worth at the mark price, where it is known: nothing is settled, and no loss is booked, without."""

from seawall.engine.state import State
from seawall.fixed import mul_div_down
from seawall.units import Amount, Price, Value


def known_price(state: State, asset: int) -> Price:
    """Return the mark price of an asset that has one."""
    price = state.deployment.prices[asset]
    assert price is not None, asset
    return price


def mark_value(state: State, asset: int, amount: Amount) -> Value:
    """Return what an amount is worth, rounded down."""
    return mul_div_down(amount, known_price(state, asset), state.deployment.units[asset])
