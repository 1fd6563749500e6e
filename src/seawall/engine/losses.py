"""Losses at work: what is written off finds its payers, buffers are fed, and what nobody could pay waits for them.

A step of the waterfall pays within its budget: in any window of `window_ms`, which ends with now and has lost its first
moment, no more than `budget_value` at the prices of each payment. What is uncovered is paid as soon as a step can, the
oldest loss of a market first, by the same waterfall.
"""

from typing import Final

from seawall.engine.mark_value import known_price, mark_value
from seawall.engine.state import Loss, State
from seawall.fixed import WAD
from seawall.ledger.deployment import Absorber
from seawall.ledger.event import FundChanged
from seawall.ledger.loss_ledger import Draw, LossEntry
from seawall.ledger.order import AbsorbLoss, Order, PayLoss, Payment, Refusal, RefuseEvent
from seawall.protocols.protocol import BadDebt
from seawall.rules.loss_waterfall import (
    SOCIALIZED_LOSS,
    UNCOVERED_LOSS,
    Payer,
    Step,
    budget_amount,
    drawn_value,
    loss_payments,
)
from seawall.rules.pro_rata import pro_rata_shares
from seawall.units import Amount, Milliseconds, Price

FEE_RESERVE: Final = "fee_reserve"
"""The buffer of this name, where no buffer has a share of the fees, is fed by all of them."""


def absorb_loss(state: State, account: bytes, below_since: Milliseconds, lost: BadDebt) -> AbsorbLoss:
    """Pay what was written off an account in an episode, and enter it into the ledger of losses where there is one."""
    deployment, ledger = state.deployment, state.loss_ledger
    market, amount = lost.debt_market, lost.amount
    asset = deployment.markets[market].debt_asset
    value, payments = mark_value(state, asset, amount), _pay(state, market, amount)
    state.losses.append(Loss(deployment.at, market, value))
    if ledger is None:
        return AbsorbLoss(account, market, amount, value, payments)
    ledger.entries.append(LossEntry(deployment.at, account, below_since, market, amount, payments))
    number = len(ledger.entries)
    left_amount = _uncovered_amount(payments)
    if left_amount:
        ledger.uncovered_amounts[market].append((number, left_amount))
    return AbsorbLoss(account, market, amount, value, payments, number, below_since)


def pay_waiting_losses(state: State) -> list[Order]:
    """Pay what was uncovered, as far as the waterfall can by now."""
    ledger = state.loss_ledger
    if ledger is None:
        return []
    orders: list[Order] = []
    for market, waiting in enumerate(ledger.uncovered_amounts):
        if not waiting or state.deployment.prices[state.deployment.markets[market].debt_asset] is None:
            continue
        paid_count = 0
        for number, amount in waiting:
            payments = _pay(state, market, amount)
            left_amount = _uncovered_amount(payments)
            if left_amount < amount:
                orders.append(_paid_late(state, number, amount - left_amount, payments))
            if left_amount:
                waiting[paid_count] = (number, left_amount)
                break
            paid_count += 1
        del waiting[:paid_count]
    return orders


def _paid_late(state: State, number: int, amount: Amount, payments: tuple[Payment, ...]) -> PayLoss:
    """Enter a late payment into the ledger."""
    ledger = state.loss_ledger
    assert ledger is not None
    loss = ledger.entries[number - 1]
    paid = tuple(payment for payment in payments if payment.absorber != UNCOVERED_LOSS)
    ledger.entries.append(
        LossEntry(state.deployment.at, loss.account, loss.below_since, loss.debt_market, amount, paid, number)
    )
    return PayLoss(len(ledger.entries), number, loss.account, loss.debt_market, amount, paid)


def _uncovered_amount(payments: tuple[Payment, ...]) -> Amount:
    return sum(payment.amount for payment in payments if payment.absorber == UNCOVERED_LOSS)


def _pay(state: State, market: int, amount: Amount) -> tuple[Payment, ...]:
    """Take a loss out of the buffers and the budgets; return who pays what."""
    asset = state.deployment.markets[market].debt_asset
    unit, price = state.deployment.units[asset], known_price(state, asset)
    held_amount_of = {name: held.get(asset, 0) for name, held in state.buffers}
    held_amount_of[SOCIALIZED_LOSS] = amount
    chosen = [
        (nth, absorber)
        for nth, absorber in enumerate(state.absorbers)
        if not absorber.markets or market in absorber.markets
    ]
    steps = [_step(state, nth, absorber, held_amount_of, amount, price, unit) for nth, absorber in chosen]
    payments = loss_payments(amount, steps, UNCOVERED_LOSS)
    paid = {payment.absorber: payment.amount for payment in payments}
    for name, held in state.buffers:
        if paid.get(name):
            held[asset] -= paid[name]
    for nth, absorber in chosen:
        drawn_amount = sum(paid.get(name, 0) for name in absorber.names)
        if absorber.budget_value and drawn_amount:
            assert state.loss_ledger is not None
            draw = Draw(state.deployment.at, drawn_value(drawn_amount, price, unit))
            state.loss_ledger.draws[nth].append(draw)
    return payments


def _step(
    state: State,
    nth: int,
    absorber: Absorber,
    held_amount_of: dict[str, Amount],
    amount: Amount,
    price: Price,
    unit: Amount,
) -> Step:
    """Return what a step of the waterfall can pay now; winners' positions are closed elsewhere, and count nothing here."""
    held_amounts = [held_amount_of.get(name, 0) for name in absorber.names]
    payers = tuple(map(Payer, absorber.names, held_amounts, absorber.share_ratios or held_amounts))
    if not absorber.budget_value:
        return Step(payers, amount)
    ledger = state.loss_ledger
    assert ledger is not None
    oldest = state.deployment.at - absorber.window_ms
    ledger.draws[nth] = [draw for draw in ledger.draws[nth] if draw.at > oldest]
    left_value = absorber.budget_value - sum(draw.value for draw in ledger.draws[nth])
    return Step(payers, budget_amount(left_value, price, unit))


def feed_fee(state: State, asset: int, amount: Amount) -> None:
    """Give a liquidation's fee, or an auction's surplus, to the buffers by their shares, the rest to the protocol; largest remainders get the last units."""
    buffers = state.policy.buffers
    ratios = [buffer.fee_ratio for buffer in buffers]
    if not any(ratios):
        ratios = [WAD if buffer.name == FEE_RESERVE else 0 for buffer in buffers]
    shares = pro_rata_shares(amount, [*ratios, WAD - sum(ratios)])
    for place, ratio in enumerate(ratios):
        if ratio:
            _feed(state, place, asset, shares[place])


def take_out(state: State, fund: str, asset: int, amount: Amount) -> None:
    """Take out of a buffer what is paid for no loss; it holds as much."""
    _feed(state, [name for name, _ in state.buffers].index(fund), asset, -amount)


def _feed(state: State, place: int, asset: int, amount: Amount) -> None:
    """Put an amount into a buffer, or take it out."""
    held = state.buffers[place][1]
    held[asset] = held.get(asset, 0) + amount
    if state.loss_ledger is not None:
        state.loss_ledger.fed_amounts[place][asset] += amount


def change_fund(state: State, event: FundChanged) -> list[Order]:
    """Feed a buffer from outside, or let its owners take something out, or refuse the event."""
    places = {name: place for place, (name, _) in enumerate(state.buffers)}
    if event.fund not in places:
        known = ", ".join(sorted(places)) or "there is none"
        return [RefuseEvent(Refusal.FUND_UNKNOWN, f"fund {event.fund!r}, known: {known}")]
    assets = state.deployment.assets
    if not 0 <= event.asset < len(assets):
        return [RefuseEvent(Refusal.EVENT_MALFORMED, f"asset {event.asset} of {len(assets)}, fund {event.fund!r}")]
    if event.delta == 0:
        return [RefuseEvent(Refusal.ZERO_AMOUNT, f"fund {event.fund!r} changed by nothing")]
    held_amount = state.buffers[places[event.fund]][1].get(event.asset, 0)
    if held_amount + event.delta < 0:
        found = f"fund {event.fund!r} holds {held_amount} and changes by {event.delta}"
        return [RefuseEvent(Refusal.FUND_OVERDRAWN, f"{found}, asset {assets[event.asset].symbol}")]
    _feed(state, places[event.fund], event.asset, event.delta)
    return []
