"""What an order says about an account: as a sentence for a person, and as exact decimal text for a program."""

from typing import Any, Final

from seawall.app.asset_text import amount_with_symbol, assets_of
from seawall.app.auction_sentence import auction_sentence
from seawall.app.number_text import decimal_text, duration_text, full_value, percent_text, ratio_text, time_text
from seawall.fixed import MILLISECONDS_PER_SECOND
from seawall.ledger.asset import Asset
from seawall.ledger.backstop_order import DrawBackstop, PayClaims
from seawall.ledger.deleveraging import AutoDeleverage
from seawall.ledger.deployment import Deployment
from seawall.ledger.order import (
    AbsorbLoss,
    CancelOrder,
    DeclineAccount,
    LiftWarning,
    Liquidate,
    NarrowOrder,
    PayLoss,
    Payment,
    RefuseFill,
    SettleFill,
    SingleOrder,
    WarnAccount,
)
from seawall.ledger.refusal import Refusal
from seawall.studies.decimal_text import amount_text, wad_text
from seawall.units import Milliseconds

_WAD_SUFFIXES: Final = ("_value", "_price", "_ratio", "priority")
_WAD_QUALIFIED: Final = ("health_factor_ratio_before", "health_factor_ratio_after")
_OF_BACKSTOP: Final = ("gain", "surplus", "redistributed_collateral")


def order_sentence(order: SingleOrder, at: Milliseconds, deployment: Deployment) -> str:
    """Return one sentence with all the numbers of an order that names an account."""
    match order:
        case Liquidate():
            debt, collateral = assets_of(order.debt_market, order.collateral_market, deployment)
            return (
                f"Order {order.order_id}: repay up to {amount_with_symbol(order.repay_amount_max, debt)} for "
                f"{amount_with_symbol(order.seize_amount_at_max, collateral)}, until {time_text(order.expires_at)}; health "
                f"{ratio_text(order.health_factor_ratio)}, collateral worth {_value(order.collateral_value)}, weighted "
                f"{_value(order.weighted_collateral_value)}, debt {_value(order.debt_value)}, priority "
                f"{_value(order.priority)}."
            )
        case SettleFill():
            debt, collateral = assets_of(order.debt_market, order.collateral_market, deployment)
            below = (at - order.below_since) / MILLISECONDS_PER_SECOND
            return (
                f"Keeper {order.keeper} fills order {order.order_id}: repays {amount_with_symbol(order.repay_amount, debt)} "
                f"(worth {_value(order.repay_value)} at {_price(order.debt_price)}), takes "
                f"{amount_with_symbol(order.seize_amount, collateral)} (worth {_value(order.seize_value)} at "
                f"{_price(order.collateral_price)}), bonus {percent_text(order.liquidation_bonus_ratio)}, fee "
                f"{amount_with_symbol(order.fee_amount, collateral)} (worth {_value(order.fee_value)}); health "
                f"{ratio_text(order.health_factor_ratio_before)} → {ratio_text(order.health_factor_ratio_after)}, "
                f"{duration_text(below)} below the line."
            )
        case AbsorbLoss() | PayLoss() | AutoDeleverage():
            return _loss_sentence(order, deployment)
        case RefuseFill():
            return f"The fill of keeper {order.keeper} for order {order.order_id} is refused: {_words(order.reason)}."
        case DrawBackstop() | PayClaims():
            return _backstop_sentence(order, deployment)
    return auction_sentence(order, deployment) or _standing_sentence(order, at)


def _loss_sentence(order: AbsorbLoss | PayLoss | AutoDeleverage, deployment: Deployment) -> str:
    """Return the sentence of an order that books a loss, or says who pays for it."""
    if isinstance(order, AutoDeleverage):
        cash, contract = assets_of(order.debt_market, order.market, deployment)
        return (
            f"Deleveraged: {amount_with_symbol(order.closed_amount, contract)} are closed against {len(order.paid_amounts)} "
            f"winners at {_price(order.record.loss.deleveraging_price)} (mark price "
            f"{_price(order.record.loss.mark_price)}); they pay {amount_with_symbol(order.covered_amount, cash)} of its loss, "
            f"by {order.record.rule}."
        )
    debt, _ = assets_of(order.debt_market, order.debt_market, deployment)
    if isinstance(order, PayLoss):
        return f"Paid late: {amount_with_symbol(order.paid_amount, debt)} of loss {order.paid_for}, by {_payers(order.payments, debt)}."
    return (
        f"Written off: {amount_with_symbol(order.bad_debt_amount, debt)} (worth {_value(order.bad_debt_value)}), "
        f"paid by {_payers(order.payments, debt)}."
    )


def _backstop_sentence(order: DrawBackstop | PayClaims, deployment: Deployment) -> str:
    """Return the sentence of an order that moves what stands behind markets."""
    if isinstance(order, DrawBackstop):
        debt, collateral = assets_of(order.debt_market, order.collateral_market, deployment)
        return (
            f"The backstop pays {amount_with_symbol(order.offset_amount, debt)} for {amount_with_symbol(order.gain_amount, collateral)}; other "
            f"accounts take over {amount_with_symbol(order.redistributed_debt_amount, debt)} with "
            f"{amount_with_symbol(order.redistributed_collateral_amount, collateral)}; "
            f"{amount_with_symbol(order.surplus_amount, collateral)} is left to claim."
        )
    collateral = deployment.assets[deployment.markets[order.collateral_market].collateral_asset]
    return (
        f"Claims are paid: {amount_with_symbol(order.gain_amount, collateral)} gained as a backer, "
        f"{amount_with_symbol(order.surplus_amount, collateral)} left over by liquidations."
    )


def _standing_sentence(order: SingleOrder, at: Milliseconds) -> str:
    """Return the sentence of an order that moves nothing: it says how the account stands."""
    match order:
        case CancelOrder():
            return f"Order {order.order_id} is withdrawn: {_words(order.reason)}."
        case NarrowOrder():
            return f"Order {order.order_id} is narrowed to a proposed size."
        case DeclineAccount():
            return (
                f"No order: {_words(order.reason)}; health {ratio_text(order.health_factor_ratio)}, collateral worth "
                f"{_value(order.collateral_value)}, debt {_value(order.debt_value)}."
            )
        case WarnAccount():
            return (
                f"Is warned: health {ratio_text(order.health_factor_ratio)} is below "
                f"{ratio_text(order.warning_health_ratio)}."
            )
        case LiftWarning():
            warned = (at - order.warned_at) / MILLISECONDS_PER_SECOND
            return f"The warning is lifted after {duration_text(warned)}: {_words(order.reason)}."
    raise AssertionError(f"{type(order).__name__} names no account")


def order_numbers(order: SingleOrder, deployment: Deployment) -> dict[str, Any]:
    """Return the fields of an order: markets by symbol, amounts in whole tokens, WAD as decimals, all exact.

    The record of a deleveraging is left out: `seawall deleveraging` gives it.
    """
    numbers: dict[str, Any] = {}
    for name in order.__struct_fields__:
        value = getattr(order, name)
        if name in ("account", "record", "paid_amounts"):
            continue
        if name.endswith("market"):
            numbers[name] = deployment.markets[value].symbol
        elif name.endswith(_WAD_SUFFIXES) or name in _WAD_QUALIFIED:
            numbers[name] = wad_text(value)
        elif "_amount" in name:
            numbers[name] = amount_text(value, _asset_of(name, order, deployment).decimals)
        elif isinstance(value, Refusal):
            numbers[name] = value.value
        elif name == "payments":
            decimals = _asset_of(name, order, deployment).decimals
            numbers[name] = {each.absorber: amount_text(each.amount, decimals) for each in value}
        else:
            numbers[name] = value
    return numbers


def _asset_of(name: str, order: SingleOrder, deployment: Deployment) -> Asset:
    """Return the asset that an amount of an order is in."""
    is_collateral = name.startswith(("seize", "fee", "lot", "returned"))
    is_collateral |= isinstance(order, DrawBackstop | PayClaims) and name.startswith(_OF_BACKSTOP)
    if isinstance(order, AutoDeleverage) and name == "closed_amount":
        return deployment.assets[deployment.markets[order.market].debt_asset]
    nth: int = getattr(order, "collateral_market" if is_collateral else "debt_market")
    market = deployment.markets[nth]
    return deployment.assets[market.collateral_asset if is_collateral else market.debt_asset]


def _payers(payments: tuple[Payment, ...], asset: Asset) -> str:
    return ", ".join(f"{payment.absorber} {amount_with_symbol(payment.amount, asset)}" for payment in payments)


def _value(value: int) -> str:
    return full_value(value)


def _price(price: int) -> str:
    return decimal_text(price, 18)


def _words(reason: Refusal) -> str:
    return reason.value.replace("_", " ")
