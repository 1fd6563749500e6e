"""Redistribution: debt that no pool pays, and the collateral behind it, go to the other accounts by their stakes.

    per stake   = floor((amount * 1e18 + carry) / stake total),  carry = what that division leaves
    an account  = its amounts when it last changed + floor(stake * (sum - sum seen) / 1e18)
    stake       = floor(collateral * stakes / collateral of the market),  both as the last liquidation left them

A stake grows with collateral, but not with what was redistributed: whoever came later does not take part in what came before.
Everything rounds down, so accounts never have or owe more than the market; n redistributions leave less than
stake total / 1e18 units of each unassigned by the division, and one for each account.
Source: Liquity v2, exactly.
"""

from seawall.fixed import WAD, div_down, mul_div_down
from seawall.ledger.backstop import Redistribution, Stake
from seawall.units import Amount


def entire_amounts(redistribution: Redistribution, held: Stake) -> tuple[Amount, Amount]:
    """Return an account's (collateral, debt): its own and its part of all that was redistributed since."""
    collateral_part = mul_div_down(held.stake, redistribution.collateral_sum - held.collateral_sum, WAD)
    debt_part = mul_div_down(held.stake, redistribution.debt_sum - held.debt_sum, WAD)
    return held.collateral_amount + collateral_part, held.debt_amount + debt_part


def restake(redistribution: Redistribution, account: bytes, collateral_amount: Amount, debt_amount: Amount) -> None:
    """Take note that an account's owner has changed its amounts to these; without any, its stake goes."""
    leave(redistribution, account)
    if not collateral_amount and not debt_amount:
        return
    stake = collateral_amount
    if redistribution.staked_collateral_amount:
        stake = mul_div_down(collateral_amount, redistribution.staked_total, redistribution.staked_collateral_amount)
    redistribution.stakes[account] = Stake(
        stake, collateral_amount, debt_amount, redistribution.collateral_sum, redistribution.debt_sum
    )
    redistribution.stake_total += stake
    redistribution.collateral_amount += collateral_amount
    redistribution.debt_amount += debt_amount


def leave(redistribution: Redistribution, account: bytes) -> None:
    """Take an account out, with all that it has and owes."""
    held = redistribution.stakes.pop(account, None)
    if held is None:
        return
    collateral_amount, debt_amount = entire_amounts(redistribution, held)
    redistribution.stake_total -= held.stake
    redistribution.collateral_amount -= collateral_amount
    redistribution.debt_amount -= debt_amount


def redistribute(redistribution: Redistribution, collateral_amount: Amount, debt_amount: Amount) -> None:
    """Spread amounts over all that have a stake; the same work for any number of them. There must be a stake."""
    stake_total = redistribution.stake_total
    collateral_numerator = collateral_amount * WAD + redistribution.collateral_carry
    debt_numerator = debt_amount * WAD + redistribution.debt_carry
    collateral_per_stake = div_down(collateral_numerator, stake_total)
    debt_per_stake = div_down(debt_numerator, stake_total)
    redistribution.collateral_carry = collateral_numerator - collateral_per_stake * stake_total
    redistribution.debt_carry = debt_numerator - debt_per_stake * stake_total
    redistribution.collateral_sum += collateral_per_stake
    redistribution.debt_sum += debt_per_stake
    redistribution.collateral_amount += collateral_amount
    redistribution.debt_amount += debt_amount


def note_stakes(redistribution: Redistribution) -> None:
    """Take note of stakes and collateral as a liquidation leaves them: new stakes are measured by these."""
    redistribution.staked_total = redistribution.stake_total
    redistribution.staked_collateral_amount = redistribution.collateral_amount
