"""A size is proposed: the rule checks it in integers, and an order that it allows is narrowed to it.

Solvers think in floats, over all collaterals and against price impact; what they find comes in as an event like any other.
Without a proposal the protocol's closed form decides. One pair is proposed at a time: after its fill the account is another one,
and the solver may look again. A narrowed order is wide again once the proposed amount is repaid; it ends as any order does.
"""

from seawall.engine.permission import liquidation_refusal
from seawall.engine.state import NO_ORDER, Narrowing, State
from seawall.ledger.book import ABSENT
from seawall.ledger.event import Fill, SizeProposed
from seawall.ledger.order import NarrowOrder, Order, RefuseEvent
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Protocol, Quote
from seawall.units import Amount


def narrow_order(state: State, protocol: Protocol, event: SizeProposed) -> Order:
    """Narrow the account's open order to what is proposed, or refuse the event and change nothing."""
    decided = _decided(state, protocol, event)
    if isinstance(decided, Refusal):
        pair = f"debt market {event.debt_market}, collateral market {event.collateral_market}"
        return RefuseEvent(decided, f"repay {event.repay_amount} of account {event.account.hex()}, {pair}")
    order_id = state.episodes[decided.row].order_id
    state.narrowings[order_id] = Narrowing(event.debt_market, event.collateral_market, decided.repay_amount)
    return NarrowOrder(
        order_id, event.account, event.debt_market, event.collateral_market, decided.repay_amount, decided.seize_amount
    )


def _decided(state: State, protocol: Protocol, event: SizeProposed) -> Quote | Refusal:
    if not state.policy.accepts_proposals:
        return Refusal.PROPOSALS_CLOSED
    row = state.deployment.book.row_of(event.account)
    episode = None if row == ABSENT else state.episodes.get(row)
    if episode is None or episode.order_id == NO_ORDER:
        return Refusal.ORDER_UNKNOWN
    if event.repay_amount <= 0:
        return Refusal.ZERO_AMOUNT
    pair = (event.debt_market, event.collateral_market)
    if not all(0 <= market < len(state.deployment.markets) for market in pair):
        return Refusal.MARKET_UNKNOWN
    refusal = liquidation_refusal(state, protocol, row, pair)
    if refusal is not None:
        return refusal
    return protocol.quote(state.deployment, row, *pair, event.repay_amount)


def proposal_refusal(state: State, fill: Fill) -> Refusal | None:
    """Return why a fill is outside what its order was narrowed to, or None."""
    narrowing = state.narrowings.get(fill.order_id)
    if narrowing is None:
        return None
    is_inside = (
        (fill.debt_market, fill.collateral_market) == (narrowing.debt_market, narrowing.collateral_market)
        and fill.repay_amount <= narrowing.left_amount
    )  # fmt: skip
    return None if is_inside else Refusal.PROPOSAL_EXCEEDED


def use_up(state: State, order_id: int, repay_amount: Amount) -> None:
    """Note that so much of a proposed size is repaid; the order is wide again when nothing of it is left."""
    narrowing = state.narrowings.get(order_id)
    if narrowing is None:
        return
    left_amount = narrowing.left_amount - repay_amount
    if left_amount > 0:
        state.narrowings[order_id] = Narrowing(narrowing.debt_market, narrowing.collateral_market, left_amount)
    else:
        del state.narrowings[order_id]
