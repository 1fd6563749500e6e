"""Lenders: what was lent in each debt market at the start, and what its lenders bear of its losses.

They bear what is socialised and, until a buffer pays it late, what is uncovered; each loss at the mark price of its own
moment, late payments too, so that a payment takes back just what it pays.
"""

from seawall.engine.engine import Engine
from seawall.fixed import WAD
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, slot_of
from seawall.ledger.order import AbsorbLoss, Order, PayLoss, Payment
from seawall.studies.tally import LENDERS_BEAR
from seawall.units import Amount


class Lenders:
    """Adds up orders as they come, once stock was taken."""

    def __init__(self) -> None:
        self._lent_f64: dict[int, float] = {}
        self._borne_f64: dict[int, float] = {}
        self._unit_values_f64: dict[int, float] = {}

    def note_start(self, engine: Engine) -> None:
        """Take stock of what is owed, once."""
        if self._lent_f64:
            return
        deployment, protocol = engine.state.deployment, engine.protocol
        for number in range(len(deployment.markets)):
            slot = slot_of(number, DEBT)
            amount = protocol.amount_of(deployment, slot, deployment.book.balance_totals[slot])
            self._lent_f64[number] = amount * _unit_value_f64(deployment, number)

    def add(self, orders: tuple[Order, ...], deployment: Deployment) -> None:
        """Add what lenders bear of each loss, and take off what is paid of it late."""
        for order in orders:
            match order:
                case AbsorbLoss():
                    unit_value_f64 = _unit_value_f64(deployment, order.debt_market)
                    self._unit_values_f64[order.entry_number] = unit_value_f64
                    self._bear(order.debt_market, _borne_amount(order.payments) * unit_value_f64)
                case PayLoss():
                    left_amount = _borne_amount(order.payments) - sum(payment.amount for payment in order.payments)
                    self._bear(order.debt_market, left_amount * self._unit_values_f64[order.paid_for])
                case _:
                    pass

    def _bear(self, debt_market: int, value_f64: float) -> None:
        self._borne_f64[debt_market] = self._borne_f64.get(debt_market, 0.0) + value_f64

    def haircuts(self) -> list[tuple[float, float]]:
        """Return (what was lent, the share of it that is lost) of each market."""
        return [
            (lent, min(1.0, max(0.0, self._borne_f64.get(number, 0.0) / lent)))
            for number, lent in self._lent_f64.items()
            if lent
        ]


def _borne_amount(payments: tuple[Payment, ...]) -> Amount:
    return sum(payment.amount for payment in payments if payment.absorber in LENDERS_BEAR)


def _unit_value_f64(deployment: Deployment, market: int) -> float:
    asset = deployment.markets[market].debt_asset
    return (deployment.prices[asset] or 0) / WAD / deployment.units[asset]
