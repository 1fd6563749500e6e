"""English auction: bids rise for the whole lot, and once one pays all that is due, the lot falls instead.

    rising    the whole lot, pay above the leading bid by the factor g at least, or exactly all that is due
    falling   pay all that is due, for a lot below the leading one by the factor g at least
A bid leads until another one beats it; then its money goes back. The lead expires a while after the bid, the auction
itself at its own end, and whichever comes first closes it: what the leading bid asked for is its keeper's. An auction that
ends without a bid is only prolonged. Any bid above zero may lead, which is how lots went for nothing when keepers were
absent. Money is RAY, times are in the seconds that the contract sees. Source: Maker's Flipper.
"""

from seawall.fixed import WAD
from seawall.ledger.refusal import Refusal
from seawall.units import Balance, Ratio


def bid_refusal(
    lot_balance: Balance,
    due_ray: int,
    leading_pay_ray: int,
    bid_balance: Balance,
    pay_ray: int,
    increase_ratio_min: Ratio,
) -> Refusal | None:
    """Return why a bid does not beat the leading one, or None where it does.

    `lot_balance` and `leading_pay_ray` are what the leading bid gets and pays: the lot as it stands, and zero before any bid.
    """
    factor = WAD + increase_ratio_min
    if leading_pay_ray < due_ray:
        if bid_balance != lot_balance:
            return Refusal.LOT_DIFFERS
        if pay_ray > due_ray:
            return Refusal.DEBT_EXCEEDED
        beats = pay_ray > leading_pay_ray and (pay_ray * WAD >= leading_pay_ray * factor or pay_ray == due_ray)
        return None if beats else Refusal.BID_TOO_LOW
    if pay_ray != due_ray:
        return Refusal.BID_TOO_LOW if pay_ray < due_ray else Refusal.DEBT_EXCEEDED
    beats = bid_balance < lot_balance and bid_balance * factor <= lot_balance * WAD
    return None if beats else Refusal.BID_TOO_LOW


def is_closed(at: int, lead_ends_at: int | None, ends_at: int) -> bool:
    """Return whether the leading bid has won; without one, None, an auction never closes."""
    return lead_ends_at is not None and (lead_ends_at < at or ends_at < at)


def takes_bids(at: int, lead_ends_at: int | None, ends_at: int) -> bool:
    """Return whether a bid may still come: before the auction's end, and before the lead expires."""
    return at < ends_at and (lead_ends_at is None or at < lead_ends_at)


def awaits_reset(at: int, lead_ends_at: int | None, ends_at: int) -> bool:
    """Return whether an auction has ended without a bid, and may be prolonged."""
    return lead_ends_at is None and ends_at < at
