"""Actions: what a deployment can be asked to do. Every rule that stops something says which of these."""

from enum import Enum


class Action(Enum):
    """One kind of request; `TAKE_DEBT` is also a withdrawal of collateral that secures debt, `BID` any end of an auction."""

    LIQUIDATE = "liquidate"
    ACCRUE = "accrue"
    TAKE_DEBT = "take_debt"
    REPAY = "repay"
    WRITE_OFF = "write_off"
    BID = "bid"
