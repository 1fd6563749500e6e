"""Auto-deleveraging as a record: a loss, the winners who could pay for it, and what each of them paid.

The record is all that anyone needs to decide the same again, or to check that it was decided right. A winner's maintenance
margin is given as a function of the size q of the one position that may be cut, everything else of the account still:
    margin(q) = max over lines of rest + q * slope / unit
Tiers of a position are such lines, so are the scenarios of a portfolio margin: a slope is negative where the position hedges
the rest of the account. Sides are those of `ledger/market.py`: COLLATERAL is long, DEBT is short.
"""

from typing import Final, NamedTuple

import msgspec

from seawall.units import Amount, Milliseconds, Price, Ratio, Value

EXACT_BUDGET: Final = "exact_budget@1"


class DeleveragingPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rule by which winners are closed, and when: from one drawdown of the fund on, WAD, until another.

    The drawdown is taken from the fund's peak in the last `window_ms`. While it lasts winners pay before the fund does.
    """

    rule: str = EXACT_BUDGET
    window_ms: Milliseconds = 8 * 3_600_000
    start_ratio: Ratio = 3 * 10**17
    stop_ratio: Ratio = 25 * 10**16


class MarginLine(NamedTuple):
    """One line of a maintenance margin: what the rest of the account needs on it, and each whole asset of the position."""

    rest_value: Value
    slope_price: Price


class Winner(msgspec.Struct, frozen=True, gc=False):
    """An account with a position opposite to the loser's: its size, entry price, cash, and the whole account's equity."""

    account: bytes
    balance: Amount
    entry_price: Price
    wallet_value: Value
    equity_value: Value
    margin_lines: tuple[MarginLine, ...]


class UncoveredLoss(msgspec.Struct, frozen=True):
    """What an insolvent position leaves unpaid: the loss, the position with its side, and the price that it is closed at.

    `deleveraging_price` is the bankruptcy price, or whatever a venue closes at; `unit` is the base units of a whole asset.
    """

    side: int
    balance: Amount
    unit: Amount
    mark_price: Price
    deleveraging_price: Price
    loss_value: Value


class Cut(msgspec.Struct, frozen=True, gc=False):
    """How much of a winner's position was closed, and what it paid by that, against the mark price."""

    account: bytes
    closed_amount: Amount
    paid_value: Value


class Deleveraging(msgspec.Struct, frozen=True):
    """One deleveraging, decided: the rule, what it was given, whom it cut in order, and the loss that is left."""

    rule: str
    loss: UncoveredLoss
    winners: tuple[Winner, ...]
    cuts: tuple[Cut, ...]
    remainder_value: Value
    schema: int = 1


class AutoDeleverage(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Close `closed_amount` of an insolvent account's contract against winners, who pay `covered_amount` of its loss.

    What each cut of the record pays is in `paid_amounts`, in the asset of `debt_market`, the cash. The account's time below
    the line began at `below_since`; `entry_number` is the entry in the ledger of losses.
    """

    account: bytes
    market: int
    debt_market: int
    closed_amount: Amount
    covered_amount: Amount
    paid_amounts: tuple[Amount, ...]
    below_since: Milliseconds
    entry_number: int
    record: Deleveraging
