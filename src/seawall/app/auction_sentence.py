"""What an order of the auction house says about an account, as a sentence for a person."""

from seawall.app.number_text import decimal_text, full_value, ratio_text
from seawall.fixed import RAY
from seawall.ledger.asset import Asset
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
            debt, collateral = _assets(order.debt_market, order.collateral_market, deployment)
            return (
                f"Auction {order.auction_id} starts by keeper {order.keeper}, who gets {_amount(order.reward_amount, debt)}: "
                f"{_amount(order.lot_amount, collateral)} (worth {full_value(order.lot_value)}) for a debt of "
                f"{_amount(order.debt_amount, debt)}, to raise {_amount(order.due_ray // RAY, debt)}; health "
                f"{ratio_text(order.health_factor_ratio_before)}."
            )
        case SettleBid():
            debt, collateral = _assets(order.debt_market, order.collateral_market, deployment)
            return (
                f"Keeper {order.keeper} buys at auction {order.auction_id}: {_amount(order.seize_amount, collateral)} "
                f"(worth {full_value(order.seize_value)}) for {_amount(order.pay_amount, debt)} "
                f"(worth {full_value(order.pay_value)}); {_amount(order.due_left_ray // RAY, debt)} is still due."
            )
        case HoldBid():
            debt, collateral = _assets(order.debt_market, order.collateral_market, deployment)
            return (
                f"Keeper {order.keeper} bids at auction {order.auction_id}: {_amount(order.pay_amount, debt)}; "
                f"{_amount(order.returned_amount, collateral)} goes back."
            )
        case ReturnBid():
            debt, _ = _assets(order.debt_market, order.debt_market, deployment)
            return f"Keeper {order.keeper} gets at auction {order.auction_id} what its bid does not need: {_amount(order.pay_amount, debt)}."
        case ResetAuction():
            debt, _ = _assets(order.debt_market, order.debt_market, deployment)
            return (
                f"Auction {order.auction_id} starts again by keeper {order.keeper}, who gets "
                f"{_amount(order.reward_amount, debt)}."
            )
    return _end_sentence(order, deployment)


def _end_sentence(order: SingleOrder, deployment: Deployment) -> str | None:
    match order:
        case ForfeitBond():
            debt, _ = _assets(order.debt_market, order.debt_market, deployment)
            return (
                f"Keeper {order.keeper} has not revealed its bid at auction {order.auction_id}: its bond of "
                f"{_amount(order.pay_amount, debt)} is the protocol's."
            )
        case EndAuction():
            debt, collateral = _assets(order.debt_market, order.collateral_market, deployment)
            result = (
                f"{_amount(order.loss_amount, debt)} is lost"
                if order.loss_amount
                else f"{_amount(order.surplus_amount, debt)} is the protocol's"
            )
            owed = (
                f" and {_amount(order.returned_debt_amount, debt)} is owed again" if order.returned_debt_amount else ""
            )
            return (
                f"Auction {order.auction_id} ends: it raised {_amount(order.raised_amount, debt)} and cost "
                f"{_amount(order.cost_amount, debt)}, so {result}; {_amount(order.returned_amount, collateral)} goes back{owed}."
            )
        case RefuseBid():
            reason = order.reason.value.replace("_", " ")
            return f"The bid of keeper {order.keeper} at auction {order.auction_id} is refused: {reason}."
        case RefuseAuction():
            asked = f"order {order.order_id}" if order.order_id else f"auction {order.auction_id}"
            return f"What was asked of {asked} is refused: {order.reason.value.replace('_', ' ')}."
    return None


def _assets(debt_market: int, collateral_market: int, deployment: Deployment) -> tuple[Asset, Asset]:
    markets, assets = deployment.markets, deployment.assets
    return assets[markets[debt_market].debt_asset], assets[markets[collateral_market].collateral_asset]


def _amount(amount: int, asset: Asset) -> str:
    return f"{decimal_text(amount, asset.decimals)} {asset.symbol}"
