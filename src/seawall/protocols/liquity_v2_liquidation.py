"""What a liquidation of Liquity v2 does with a trove: how much the pool pays, what the others take over, who gets the rest.

    offset = min(debt, available)              portion = floor(collateral * offset / debt)
    reward = min(floor(portion / 200), 2)      to whoever calls
    gain   = min(portion - reward, floor(offset * (1 + pool's penalty) / price)), for the pool
    moved  = min(collateral - portion + rest of that, floor((debt - offset) * (1 + penalty of redistribution) / price))
    surplus = what is left, the borrower's to claim

Collateral behind redistributed debt and what the pool left of its part are one: the higher penalty may eat the pool's rest.
A debt coin counts as one, whatever it costs. Amounts are of any decimals; with the contract's 18 the arithmetic is the
contract's. The flat 0.0375 WETH that every borrower left with the contract at opening goes to the caller beside, and is
no part of the account.
"""

from typing import Final, NamedTuple

from seawall.fixed import BPS, WAD, div_down, div_half_up, mul_div_down
from seawall.ledger.market import RiskParameters
from seawall.protocols.protocol import BackstopDraw
from seawall.units import Amount, Price, Ratio

_REWARD_DIVISOR: Final = 200
_REWARD_WHOLE_MAX: Final = 2
_WAD_PER_BPS: Final = div_down(WAD, BPS)


class Exchange(NamedTuple):
    """What a market's collateral and its debt coin are counted in: their base units, and the price of whole collateral."""

    price: Price
    collateral_unit: int
    debt_unit: int

    def collateral_ratio(self, collateral_amount: Amount, debt_amount: Amount) -> Ratio:
        """Return what the collateral is worth for each coin of debt, WAD, rounded down."""
        return mul_div_down(collateral_amount * self.price, self.debt_unit, debt_amount * self.collateral_unit)

    def seized_at_most(self, debt_amount: Amount, penalty_ratio: Ratio) -> Amount:
        """Return the collateral that is worth a debt and its penalty, rounded down."""
        return mul_div_down(
            debt_amount * self.collateral_unit, WAD + penalty_ratio, self.price * self.debt_unit
        )  # fmt: skip


def minimum_collateral_ratio(parameters: RiskParameters) -> Ratio:
    """Return the ratio below which a trove is liquidated: one over the threshold, to the nearest basis point."""
    return div_half_up(BPS * WAD, parameters.liquidation_threshold_ratio) * _WAD_PER_BPS


def liquidation_of(
    collateral_amount: Amount,
    debt_amount: Amount,
    available_amount: Amount,
    exchange: Exchange,
    parameters: RiskParameters,
) -> tuple[Amount, BackstopDraw]:
    """Return what the caller gets, and who pays and takes the rest; every unit of collateral and debt is in one of them.

    `available_amount` is what the pool may spend. The pool's penalty is the market's bonus, that of redistribution its fee.
    """
    offset_amount = min(debt_amount, available_amount)
    portion_amount = mul_div_down(collateral_amount, offset_amount, debt_amount)
    reward_max = _REWARD_WHOLE_MAX * exchange.collateral_unit
    reward_amount = min(div_down(portion_amount, _REWARD_DIVISOR), reward_max)
    bonus_ratio, penalty_ratio = parameters.liquidation_bonus_ratio, parameters.liquidation_fee_ratio
    gain_amount = min(portion_amount - reward_amount, exchange.seized_at_most(offset_amount, bonus_ratio))
    surplus_amount = portion_amount - reward_amount - gain_amount
    moved_debt_amount, moved_amount = debt_amount - offset_amount, 0
    if moved_debt_amount and collateral_amount > portion_amount:
        rest_amount = collateral_amount - portion_amount + surplus_amount
        moved_amount = min(rest_amount, exchange.seized_at_most(moved_debt_amount, penalty_ratio))
        surplus_amount = rest_amount - moved_amount
    return reward_amount, BackstopDraw(offset_amount, gain_amount, moved_debt_amount, moved_amount, surplus_amount)
