"""Dutch auction: the price falls with time, and whoever finds it low enough takes a part of the lot at once.

    price(t) = floor(start price * share(t) / RAY)
    share(t)   linear max(0, d - t) / d, rounded down       stairs c^floor(t / s), every square and product half up
An exponential fall is stairs of one second. A take of n pays n * price, and never more than is due:
    due < n * price            pays all that is due for floor(due / price)
    0 < due - n * price < e    leaves exactly e due, the least worth a take; refused where less than e was due before
Prices are RAY money for one unit of the lot, so that what is due is RAY money too, and n * price needs no rounding. All
divisions round down: a keeper that meets the limits of the lot or of the debt gets less for the same money, never more.
Source: Maker's Clipper, Dog and Abaci. That two keeper rewards cannot be farmed is a bound of ours (`is_farmable`).
"""

from typing import Final, NamedTuple, TypeAlias

import msgspec

from seawall.fixed import RAY, WAD, div_down, mul_div_down, mul_div_up, power_half_up
from seawall.ledger.refusal import Refusal
from seawall.rules.auction_debt import balance_that_fits
from seawall.units import Balance, Index, Ratio


class LinearCurve(msgspec.Struct, frozen=True):
    """The price falls along a line, to zero after `duration_seconds`."""

    duration_seconds: int

    step_seconds = 1

    def share_ray(self, seconds: int) -> int:
        """Return what is left of the start price, RAY, rounded down."""
        return mul_div_down(max(0, self.duration_seconds - seconds), RAY, self.duration_seconds)


class StairstepCurve(msgspec.Struct, frozen=True):
    """After every `step_seconds` the price is `cut_ray` of what it was, RAY; steps of one second fall exponentially."""

    step_seconds: int
    cut_ray: int

    def share_ray(self, seconds: int) -> int:
        """Return what is left of the start price, RAY, rounded as its power is."""
        return power_half_up(self.cut_ray, div_down(seconds, self.step_seconds), RAY)


PriceCurve: TypeAlias = LinearCurve | StairstepCurve


class PriceTable:
    """A curve with its shares worked out beforehand, one for each of its steps up to `seconds_max`."""

    def __init__(self, curve: PriceCurve, seconds_max: int) -> None:
        self.curve: Final = curve
        self._step_seconds = curve.step_seconds
        self._shares = [curve.share_ray(seconds) for seconds in range(0, seconds_max + 1, curve.step_seconds)]

    def price_ray(self, start_price_ray: int, seconds: int) -> int:
        """Return the price after `seconds`, rounded down; beyond the table the curve itself is asked."""
        place = div_down(seconds, self._step_seconds)
        share_ray = self._shares[place] if place < len(self._shares) else self.curve.share_ray(seconds)
        return mul_div_down(start_price_ray, share_ray, RAY)


def is_spent(start_price_ray: int, price_ray: int, seconds: int, seconds_max: int, share_ray_min: int) -> bool:
    """Return whether an auction must be reset before anyone may take: it is too old, or its price too low.

    Too old is past `seconds_max`; too low is a share of the start price, rounded down, that is below `share_ray_min`.
    """
    return seconds > seconds_max or mul_div_down(price_ray, RAY, start_price_ray) < share_ray_min


class Take(NamedTuple):
    """What a keeper gets of the lot and what it pays, RAY money."""

    lot_balance: Balance
    pay_ray: int


def take(
    lot_balance: Balance, due_ray: int, wanted_balance: Balance, price_ray: int, due_ray_min: int
) -> Take | Refusal:
    """Return what a keeper that wants so much of the lot gets and pays, or LEAVES_DUST.

    At most the lot, at most for what is due, and never so that less than `due_ray_min` stays due beside a rest of the lot.
    """
    taken_balance = min(lot_balance, wanted_balance)
    pay_ray = taken_balance * price_ray
    if pay_ray > due_ray:
        return Take(div_down(due_ray, price_ray), due_ray)
    if pay_ray < due_ray and taken_balance < lot_balance and due_ray - pay_ray < due_ray_min:
        if due_ray <= due_ray_min:
            return Refusal.LEAVES_DUST
        pay_ray = due_ray - due_ray_min
        taken_balance = div_down(pay_ray, price_ray)
    return Take(taken_balance, pay_ray)


def balance_to_auction(
    debt_balance: Balance, debt_index: Index, room_ray: int, penalty_ratio: Ratio, debt_ray_min: int
) -> Balance | Refusal:
    """Return how much of an account's debt an auction may take over, or AUCTION_LIMIT.

    Its debt and penalty, due / WAD * (1 + penalty), must fit the room that is left, rounded down; what would leave less
    than `debt_ray_min` with the account takes it all, beyond the room if need be. A part must itself be `debt_ray_min`.
    """
    if room_ray <= 0:
        return Refusal.AUCTION_LIMIT
    fitting_balance = balance_that_fits(room_ray, debt_index, penalty_ratio)
    if debt_balance <= fitting_balance or (debt_balance - fitting_balance) * debt_index < debt_ray_min:
        return debt_balance
    return fitting_balance if fitting_balance * debt_index >= debt_ray_min else Refusal.AUCTION_LIMIT


def keeper_reward(due_ray: int, flat_ray: int, reward_ratio: Ratio) -> int:
    """Return what a keeper gets for starting or resetting an auction: flat, and in proportion to what is due, down."""
    return flat_ray + mul_div_down(due_ray, reward_ratio, WAD)


def is_farmable(flat_ray: int, reward_ratio: Ratio, penalty_ratio: Ratio, debt_ray_min: int) -> bool:
    """Return whether for any debt from `debt_ray_min` up, the keeper's reward can exceed the borrower's penalty.

    Then an account pays its own keeper. The penalty, p * debt, and the reward, f + r * (1 + p) * debt, are lines in the
    debt, so the reward stays below for all of them where it does at the least debt and does not grow faster.
    """
    least_penalty_ray = mul_div_down(debt_ray_min, penalty_ratio, WAD)
    least_reward_ray = flat_ray + mul_div_up(debt_ray_min, (WAD + penalty_ratio) * reward_ratio, WAD * WAD)
    grows_faster = (WAD + penalty_ratio) * reward_ratio > penalty_ratio * WAD
    return grows_faster or least_reward_ray > least_penalty_ray
