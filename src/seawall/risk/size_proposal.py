"""Size proposal: a solver's answer in floats becomes an event in whole units, which the rule then decides.

The linear program says how much to repay out of each collateral at least cost to the borrower. Of these the one that costs least
for each unit of gain is proposed first, rounded up so that the target is reached; after its fill the account is another one, and
the next proposal is made on that. None is made where no choice of collaterals reaches the target: then the closed form decides.
"""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from seawall.fixed import WAD
from seawall.ledger.event import SizeProposed
from seawall.risk.seizure_programs import Seizable, linear_repay
from seawall.units import Amount, Milliseconds, Price

_LEAST_F64 = 1e-9


class RepaidDebt(NamedTuple):
    """The debt that is repaid: its market, its price and unit, and the value of all of the account's debt."""

    market: int
    price: Price
    unit: Amount
    debt_value_f64: float


def proposed_size(
    at: Milliseconds,
    account: bytes,
    debt: RepaidDebt,
    collaterals: Sequence[tuple[int, Seizable]],
    target_health_f64: float,
) -> SizeProposed | None:
    """Return what to liquidate next, or None; `collaterals` are (market, what it is worth and weighs)."""
    seizable = [held for _, held in collaterals]
    repaid = linear_repay(seizable, debt.debt_value_f64, target_health_f64)
    if repaid is None:
        return None
    asked = [place for place, value in enumerate(repaid) if value > _LEAST_F64 * debt.debt_value_f64]
    if not asked:
        return None

    def cost_of_gain_f64(place: int) -> float:
        held = seizable[place]
        gain_f64 = target_health_f64 - held.liquidation_threshold_f64 * (1.0 + held.liquidation_bonus_f64)
        return held.liquidation_bonus_f64 / gain_f64

    first = min(asked, key=cost_of_gain_f64)
    repay_amount = ceil(repaid[first] * WAD / debt.price * debt.unit)
    return SizeProposed(at, account, debt.market, collaterals[first][0], repay_amount)
