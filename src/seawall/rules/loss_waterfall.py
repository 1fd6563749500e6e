"""Loss waterfall: who pays for bad debt, in what order, to the last unit.

    payment_k = min(loss left, what step k may pay),     step by step; the rest is socialised, or nobody's yet
Payments add up to the loss exactly, no payer pays more than it holds, and no step pays while one before it could still.
A step is one payer, or several that pay together: by their shares (what one of them lacks the others pay), or without
shares pro rata to what each holds. The borrower's collateral comes first of all and is already gone when a loss is
booked here. Largest remainders get the last units, equal ones in the order of the step.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from seawall.fixed import WAD, mul_div_down, mul_div_up
from seawall.ledger.deployment import Absorber, Policy
from seawall.ledger.order import Payment
from seawall.rules.capped_pro_rata import capped_pro_rata_shares
from seawall.units import Amount, Price, Value

AUTO_DELEVERAGING: Final = "auto_deleveraging"
"""The absorber that is no buffer: winners of a derivatives exchange, whose positions are closed against the loss."""
SOCIALIZED_LOSS: Final = "socialized_loss"
"""The last absorber: the lenders, who hold whatever the loss needs."""
UNCOVERED_LOSS: Final = "uncovered_loss"
"""Nobody yet: what a waterfall without socialised loss could not pay. It waits for buffers that are fed."""


class Payer(NamedTuple):
    """Who pays, what it holds, and its weight beside the others of its step."""

    name: str
    held_amount: Amount
    weight: int


class Step(NamedTuple):
    """Payers that pay together, at most so much."""

    payers: Sequence[Payer]
    amount_max: Amount


def loss_payments(loss_amount: Amount, steps: Sequence[Step], rest: str) -> tuple[Payment, ...]:
    """Return what each payer pays of a loss, in order, and what is left under the name `rest`; no payment is zero."""
    payments = []
    left_amount = loss_amount
    for payers, amount_max in steps:
        held_amounts = [payer.held_amount for payer in payers]
        assert min(held_amounts) >= 0, payers
        shares = capped_pro_rata_shares(min(left_amount, amount_max), [payer.weight for payer in payers], held_amounts)
        payments += [Payment(payer.name, share) for payer, share in zip(payers, shares, strict=True) if share > 0]
        left_amount -= sum(shares)
    if left_amount > 0:
        payments.append(Payment(rest, left_amount))
    return tuple(payments)


def budget_amount(left_value: Value, price: Price, unit: Amount) -> Amount:
    """Return the most that a budget's rest buys of an asset, rounded down, so that `drawn_value` of it fits the rest."""
    return mul_div_down(left_value, unit, price)


def drawn_value(amount: Amount, price: Price, unit: Amount) -> Value:
    """Return what a payment takes of a budget, rounded up: against the payer's limit, never beyond it."""
    return mul_div_up(amount, price, unit)


def absorbers_of(policy: Policy) -> tuple[Absorber, ...]:
    """Return the steps of the waterfall: those of the policy, or without any every buffer in its order, then lenders."""
    if policy.absorbers:
        return policy.absorbers
    return (*(Absorber((buffer.name,)) for buffer in policy.buffers), Absorber((SOCIALIZED_LOSS,)))


def waterfall_mistake(policy: Policy, market_count: int, *, has_winners: bool) -> str | None:
    """Return what is wrong first with a policy's buffers and absorbers, in one line, or None.

    `has_winners` says whether the protocol closes positions that win what others lose.
    """
    return next(_mistakes(policy, market_count, has_winners), None)


def _mistakes(policy: Policy, market_count: int, has_winners: bool) -> Iterator[str]:
    buffers = [buffer.name for buffer in policy.buffers]
    for nth, buffer in enumerate(policy.buffers):
        if buffer.name in (AUTO_DELEVERAGING, SOCIALIZED_LOSS, UNCOVERED_LOSS):
            yield f"buffer {buffer.name!r} has the name of an absorber that holds nothing"
        if buffer.name in buffers[:nth]:
            yield f"buffer {buffer.name!r} is named twice"
        if buffer.fee_ratio < 0:
            yield f"share of the fees {buffer.fee_ratio} of buffer {buffer.name!r} is negative"
    fee_total = sum(buffer.fee_ratio for buffer in policy.buffers)
    if fee_total > WAD:
        yield f"shares of the fees add up to {fee_total} (WAD), more than {WAD}"
    seen: list[str] = []
    for absorber in policy.absorbers:
        yield from _misnamed(absorber, buffers, seen)
        yield from _misnumbered(absorber, market_count)
        if AUTO_DELEVERAGING in absorber.names and not has_winners:
            yield f"absorber {AUTO_DELEVERAGING!r} closes winners, the protocol has none to close"
        seen += absorber.names


def _misnamed(absorber: Absorber, buffers: Sequence[str], seen: Sequence[str]) -> Iterator[str]:
    names, known = absorber.names, (*buffers, AUTO_DELEVERAGING, SOCIALIZED_LOSS)
    if not names:
        yield "an absorber names nobody"
    if SOCIALIZED_LOSS in seen:
        yield f"absorber {', '.join(names)} comes after {SOCIALIZED_LOSS}, which leaves nothing to pay"
    for nth, name in enumerate(names):
        if name not in known:
            yield f"no absorber {name!r}, known: {', '.join(known)}"
        if name in seen or name in names[:nth]:
            yield f"absorber {name!r} is named twice"
        if name not in buffers and len(names) > 1:
            yield f"absorber {name!r} must stand alone, not among {len(names)}"
    if SOCIALIZED_LOSS in names and (absorber.markets or absorber.budget_value):
        yield f"absorber {SOCIALIZED_LOSS!r} pays whatever is left, it has neither markets nor a budget"


def _misnumbered(absorber: Absorber, market_count: int) -> Iterator[str]:
    shown, shares = ", ".join(absorber.names), absorber.share_ratios
    if shares and len(shares) != len(absorber.names):
        yield f"{len(shares)} shares for {len(absorber.names)} absorbers, {shown}"
    if shares and (sum(shares) != WAD or min(shares) <= 0):
        yield f"shares {', '.join(map(str, shares))} (WAD) of {shown} must be positive and add up to {WAD}"
    for market in absorber.markets:
        if not 0 <= market < market_count:
            yield f"market {market} of absorber {shown} is none of {market_count}"
    if min(absorber.budget_value, absorber.window_ms) < 0 or (absorber.budget_value > 0) != (absorber.window_ms > 0):
        yield f"budget {absorber.budget_value} (WAD) of {shown} in {absorber.window_ms} ms: both must be positive, or none"
