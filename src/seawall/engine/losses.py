"""Losses at work: what is written off finds its payers, buffers are fed, and what nobody could pay waits for them.

A step of the waterfall pays within its budget: in any window of `window_ms`, which ends with now and has lost its first
moment, no more than `budget_value` at the prices of each payment. What is uncovered is paid as soon as a step can, the
oldest loss of a market first, by the same waterfall.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from seawall.engine.mark_value import known_price, mark_value
from seawall.engine.state import Loss, State
from seawall.fixed import WAD
from seawall.ledger.deployment import Absorber
from seawall.ledger.event import FundChanged
from seawall.ledger.loss_ledger import Draw, LossEntry
from seawall.ledger.order import AbsorbLoss, Order, PayLoss, Payment, RefuseEvent
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import BadDebt
from seawall.rules.loss_waterfall import (
    AUTO_DELEVERAGING,
    SOCIALIZED_LOSS,
    UNCOVERED_LOSS,
    Payer,
    Step,
    budget_amount,
    drawn_value,
    loss_payments,
)
from seawall.rules.pro_rata import pro_rata_shares
from seawall.units import Amount, Milliseconds, Value

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


def winners_are_payers(state: State, market: int) -> bool:
    """Return whether winners stand in the waterfall of a market's losses."""
    return any(AUTO_DELEVERAGING in absorber.names for _, absorber in _absorbers(state, market))


def fund_names(state: State, market: int) -> set[str]:
    """Return the payers that come before winners."""
    return {name for _, absorber in _before_winners(state, market) for name in absorber.names}


def left_amount(state: State, market: int, amount: Amount) -> Amount:
    """Return what the steps before winners would leave of a loss now; nothing is paid."""
    steps = _steps(state, market, amount, _before_winners(state, market))
    return _uncovered_amount(loss_payments(amount, steps, UNCOVERED_LOSS))


def winners_room(state: State, market: int, amount: Amount) -> Amount:
    """Return how much of an amount the budget of winners leaves them to pay now."""
    at_winners = [_absorbers(state, market)[len(_before_winners(state, market))]]
    (step,) = _steps(state, market, amount, at_winners)
    return min(amount, step.amount_max)


def enter_deleveraged(state: State, account: bytes, below_since: Milliseconds, market: int, amount: Amount) -> int:
    """Enter what winners paid for an account into the ledger and into their budget; return the entry's number."""
    ledger = state.loss_ledger
    assert ledger is not None
    payments = (Payment(AUTO_DELEVERAGING, amount),)
    ledger.entries.append(LossEntry(state.deployment.at, account, below_since, market, amount, payments))
    _draw(state, market, *_absorbers(state, market)[len(_before_winners(state, market))], amount)
    return len(ledger.entries)


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
    chosen = _absorbers(state, market)
    steps = _steps(state, market, amount, chosen)
    payments = loss_payments(amount, steps, UNCOVERED_LOSS)
    paid = {payment.absorber: payment.amount for payment in payments}
    for name, held in state.buffers:
        if paid.get(name):
            held[asset] -= paid[name]
    for nth, absorber in chosen:
        _draw(state, market, nth, absorber, sum(paid.get(name, 0) for name in absorber.names))
    return payments


def _absorbers(state: State, market: int) -> list[tuple[int, Absorber]]:
    """Return the steps that pay for a market, each with its number among all."""
    return [
        (nth, absorber)
        for nth, absorber in enumerate(state.absorbers)
        if not absorber.markets or market in absorber.markets
    ]


def _before_winners(state: State, market: int) -> list[tuple[int, Absorber]]:
    return list(takewhile(lambda step: AUTO_DELEVERAGING not in step[1].names, _absorbers(state, market)))


def _steps(state: State, market: int, amount: Amount, chosen: Sequence[tuple[int, Absorber]]) -> list[Step]:
    """Return what steps of the waterfall can pay now; winners' positions are closed elsewhere, and count nothing here."""
    deployment = state.deployment
    asset = deployment.markets[market].debt_asset
    unit, price = deployment.units[asset], known_price(state, asset)
    held_amount_of = {name: held.get(asset, 0) for name, held in state.buffers}
    held_amount_of[SOCIALIZED_LOSS] = amount
    steps: list[Step] = []
    for nth, absorber in chosen:
        held_amounts = [held_amount_of.get(name, 0) for name in absorber.names]
        payers = tuple(map(Payer, absorber.names, held_amounts, absorber.share_ratios or held_amounts))
        room = budget_amount(_budget_left(state, nth, absorber), price, unit) if absorber.budget_value else amount
        steps.append(Step(payers, room))
    return steps


def _budget_left(state: State, nth: int, absorber: Absorber) -> Value:
    """Return what is left of a step's budget in the window that ends now."""
    ledger = state.loss_ledger
    assert ledger is not None
    oldest = state.deployment.at - absorber.window_ms
    ledger.draws[nth] = [draw for draw in ledger.draws[nth] if draw.at > oldest]
    return absorber.budget_value - sum(draw.value for draw in ledger.draws[nth])


def _draw(state: State, market: int, nth: int, absorber: Absorber, amount: Amount) -> None:
    """Note a payment in the budget of its step, if it has one."""
    if absorber.budget_value and amount:
        asset = state.deployment.markets[market].debt_asset
        assert state.loss_ledger is not None
        value = drawn_value(amount, known_price(state, asset), state.deployment.units[asset])
        state.loss_ledger.draws[nth].append(Draw(state.deployment.at, value))


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
    if state.deleveraging is not None:
        state.deleveraging.give(event)
    return []
