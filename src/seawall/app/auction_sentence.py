"""What an order of the auction house says about an account, as a sentence for a person."""

from seawall.app.asset_text import amount_with_symbol, assets_of
from seawall.app.number_text import full_value, ratio_text
from seawall.fixed import RAY
from seawall.ledger.deployment import Deployment
from seawall.ledger.order import (
    EndAuction,
    ForfeitBond,
    HoldBid,
    RefuseAuction,
    RefuseBid,
    ResetAuction,
    ReturnBid,
    SettleBid,
    SingleOrder,
    StartAuction,
)


def auction_sentence(order: SingleOrder, deployment: Deployment) -> str | None:
    """Return one sentence with the numbers of an order of the auction house, or None for any other order."""
    match order:
        case StartAuction():
            debt, collateral = assets_of(order.debt_market, order.collateral_market, deployment)
            return (
                f"Auction {order.auction_id} starts by keeper {order.keeper}, who gets {amount_with_symbol(order.reward_amount, debt)}: "
                f"{amount_with_symbol(order.lot_amount, collateral)} (worth {full_value(order.lot_value)}) for a debt of "
                f"{amount_with_symbol(order.debt_amount, debt)}, to raise {amount_with_symbol(order.due_ray // RAY, debt)}; health "
                f"{ratio_text(order.health_factor_ratio_before)}."
            )
        case SettleBid():
            debt, collateral = assets_of(order.debt_market, order.collateral_market, deployment)
            return (
                f"Keeper {order.keeper} buys at auction {order.auction_id}: {amount_with_symbol(order.seize_amount, collateral)} "
                f"(worth {full_value(order.seize_value)}) for {amount_with_symbol(order.pay_amount, debt)} "
                f"(worth {full_value(order.pay_value)}); {amount_with_symbol(order.due_left_ray // RAY, debt)} is still due."
            )
        case HoldBid():
            debt, collateral = assets_of(order.debt_market, order.collateral_market, deployment)
            return (
                f"Keeper {order.keeper} bids at auction {order.auction_id}: {amount_with_symbol(order.pay_amount, debt)}; "
                f"{amount_with_symbol(order.returned_amount, collateral)} goes back."
            )
        case ReturnBid():
            debt, _ = assets_of(order.debt_market, order.debt_market, deployment)
            return f"Keeper {order.keeper} gets at auction {order.auction_id} what its bid does not need: {amount_with_symbol(order.pay_amount, debt)}."
        case ResetAuction():
            debt, _ = assets_of(order.debt_market, order.debt_market, deployment)
            return (
                f"Auction {order.auction_id} starts again by keeper {order.keeper}, who gets "
                f"{amount_with_symbol(order.reward_amount, debt)}."
            )
    return _end_sentence(order, deployment)


def _end_sentence(order: SingleOrder, deployment: Deployment) -> str | None:
    match order:
        case ForfeitBond():
            debt, _ = assets_of(order.debt_market, order.debt_market, deployment)
            return (
                f"Keeper {order.keeper} has not revealed its bid at auction {order.auction_id}: its bond of "
                f"{amount_with_symbol(order.pay_amount, debt)} is the protocol's."
            )
        case EndAuction():
            debt, collateral = assets_of(order.debt_market, order.collateral_market, deployment)
            result = (
                f"{amount_with_symbol(order.loss_amount, debt)} is lost"
                if order.loss_amount
                else f"{amount_with_symbol(order.surplus_amount, debt)} is the protocol's"
            )
            owed = (
                f" and {amount_with_symbol(order.returned_debt_amount, debt)} is owed again"
                if order.returned_debt_amount
                else ""
            )
            return (
                f"Auction {order.auction_id} ends: it raised {amount_with_symbol(order.raised_amount, debt)} and cost "
                f"{amount_with_symbol(order.cost_amount, debt)}, so {result}; {amount_with_symbol(order.returned_amount, collateral)} goes back{owed}."
            )
        case RefuseBid():
            reason = order.reason.value.replace("_", " ")
            return f"The bid of keeper {order.keeper} at auction {order.auction_id} is refused: {reason}."
        case RefuseAuction():
            asked = f"order {order.order_id}" if order.order_id else f"auction {order.auction_id}"
            return f"What was asked of {asked} is refused: {order.reason.value.replace('_', ' ')}."
    return None
