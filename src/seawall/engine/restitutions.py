"""Restitution at work: settlements leave their penalty for a while, and an operator's ruling pays it back from a fund.

Only a deployment whose policy has a restitution window remembers penalties; a ruling on what is already forgotten is refused.
"""

from collections.abc import Callable

from seawall.engine.losses import take_out
from seawall.engine.state import State
from seawall.fixed import mul_div_down
from seawall.ledger.event import OperatorDecided, PriceRuledInvalid
from seawall.ledger.order import Claim, Order, PayRestitution, RefuseEvent, SettleFill
from seawall.ledger.refusal import Refusal
from seawall.ledger.restitution import Penalty, Ruling
from seawall.rules.restitution import claims_of, is_ruled, penalty_value, restitution_amounts


def remember_penalty(state: State, settled: SettleFill) -> None:
    """Remember what a settlement took, and forget what is as old as the window."""
    if state.restitutions is None:
        return
    _forget(state)
    markets = state.deployment.markets
    state.restitutions.penalties.append(
        Penalty(
            state.deployment.at,
            settled.account,
            markets[settled.debt_market].debt_asset,
            markets[settled.collateral_market].collateral_asset,
            penalty_value(settled.seize_value, settled.fee_value, settled.repay_value),
        )
    )


def rule_invalid(
    state: State,
    event: PriceRuledInvalid,
    signature_is_valid: Callable[[OperatorDecided | PriceRuledInvalid], bool],
) -> list[Order]:
    """Pay back what a price took while it was invalid, as far as the fund goes, or refuse the event."""
    refused = _refused(state, event) or _unsigned(state, event, signature_is_valid)
    if refused is not None:
        return [refused]
    kept = state.restitutions
    assert kept is not None
    ruled = [each for each in kept.penalties if is_ruled(each, event.asset, event.from_at, event.until_at)]
    claims = claims_of(ruled)
    if not claims:
        return [RefuseEvent(Refusal.NOTHING_CLAIMED, f"asset {event.asset} from {event.from_at} to {event.until_at}")]
    price, unit = state.deployment.prices[event.paid_asset], state.deployment.units[event.paid_asset]
    if price is None:
        return [RefuseEvent(Refusal.PRICE_MISSING, f"asset {event.paid_asset}")]
    held_amount = dict(state.buffers)[event.fund].get(event.paid_asset, 0)
    amounts = restitution_amounts([value for _, value in claims], held_amount, price, unit)
    kept.penalties = [each for each in kept.penalties if not is_ruled(each, event.asset, event.from_at, event.until_at)]
    paid_amount = sum(amounts)
    take_out(state, event.fund, event.paid_asset, paid_amount)
    kept.rulings.append(
        Ruling(
            event.at, event.asset, event.from_at, event.until_at, event.fund, event.paid_asset,
            sum(value for _, value in claims), paid_amount, mul_div_down(paid_amount, price, unit),
        )
    )  # fmt: skip
    paid = tuple(Claim(account, value, amount) for (account, value), amount in zip(claims, amounts, strict=True))
    return [PayRestitution(len(kept.rulings), event.asset, event.fund, event.paid_asset, price, paid)]


def _refused(state: State, event: PriceRuledInvalid) -> RefuseEvent | None:
    asset_count = len(state.deployment.assets)
    for asset in (event.asset, event.paid_asset):
        if not 0 <= asset < asset_count:
            return RefuseEvent(Refusal.EVENT_MALFORMED, f"asset {asset} of {asset_count}")
    if not event.from_at < event.until_at <= event.at:
        found = f"ruled from {event.from_at} to {event.until_at} at {event.at}"
        return RefuseEvent(Refusal.EVENT_MALFORMED, f"{found}, each must come after the one before")
    if event.fund not in dict(state.buffers):
        return RefuseEvent(Refusal.FUND_UNKNOWN, f"fund {event.fund!r}")
    oldest = event.at - state.policy.restitution_window_ms
    if event.from_at <= oldest:
        found = f"ruled from {event.from_at}, remembered is what came after {oldest}"
        return RefuseEvent(Refusal.RULING_TOO_LATE, found)
    return None


def _unsigned(
    state: State,
    event: PriceRuledInvalid,
    signature_is_valid: Callable[[OperatorDecided | PriceRuledInvalid], bool],
) -> RefuseEvent | None:
    if event.operator not in state.opened.operators:
        return RefuseEvent(Refusal.OPERATOR_UNKNOWN, f"operator {event.operator}")
    return None if signature_is_valid(event) else RefuseEvent(Refusal.SIGNATURE_INVALID, f"operator {event.operator}")


def _forget(state: State) -> None:
    kept = state.restitutions
    assert kept is not None
    oldest = state.deployment.at - state.policy.restitution_window_ms
    old_count = 0
    while old_count < len(kept.penalties) and kept.penalties[old_count].at <= oldest:
        old_count += 1
    del kept.penalties[:old_count]
