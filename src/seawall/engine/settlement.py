"""A fill comes back: the rule decides it again, the positions move, and what is lost finds its payer.

The engine never moves a position when it gives an order, only here. A fill is met or refused as a whole; a repeated
one changes nothing.
"""

from seawall.engine.losses import absorb_loss, feed_fee
from seawall.engine.mark_value import known_price, mark_value
from seawall.engine.permission import liquidation_refusal, write_off_refusal
from seawall.engine.proposals import proposal_refusal, use_up
from seawall.engine.restitutions import remember_penalty
from seawall.engine.state import State
from seawall.ledger.backstop_order import DrawBackstop
from seawall.ledger.event import Fill
from seawall.ledger.order import AbsorbLoss, Order, RefuseFill, SettleFill
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Health, Protocol, Quote


def settle_fill(state: State, protocol: Protocol, fill: Fill) -> list[Order]:
    """Settle a fill, or refuse it; then write off what the protocol's rule calls lost."""
    quote = _decided(state, protocol, fill)
    if isinstance(quote, Refusal):
        return [RefuseFill(fill.order_id, fill.fill_id, fill.account, fill.keeper, quote)]
    row = quote.row
    before = protocol.health(state.deployment, row)
    protocol.settle(state.deployment, quote)
    after = protocol.health(state.deployment, row)
    assert isinstance(before, Health), before
    assert isinstance(after, Health), after
    state.episodes[row].fill_ids |= {fill.fill_id}
    use_up(state, fill.order_id, quote.repay_amount)
    settled = _settled(state, fill, quote, before, after)
    feed_fee(state, state.deployment.markets[quote.collateral_market].collateral_asset, quote.fee_amount)
    remember_penalty(state, settled)
    return [settled, *_drawn(fill, quote), *write_off(state, protocol, row, quote)]


def _decided(state: State, protocol: Protocol, fill: Fill) -> Quote | Refusal:
    refusal = _order_refusal(state, protocol, fill)
    if refusal is not None:
        return refusal
    row = state.order_rows[fill.order_id]
    refusal = proposal_refusal(state, fill) or liquidation_refusal(
        state, protocol, row, (fill.debt_market, fill.collateral_market)
    )
    if refusal is not None:
        return refusal
    return protocol.quote(state.deployment, row, fill.debt_market, fill.collateral_market, fill.repay_amount)


def _order_refusal(state: State, protocol: Protocol, fill: Fill) -> Refusal | None:
    """Return why the fill is none of an open order, whatever the rule would say, or None."""
    row = state.order_rows.get(fill.order_id)
    if row is None or state.deployment.book.account_at(row) != fill.account:
        return Refusal.ORDER_UNKNOWN
    episode = state.episodes[row]
    if fill.fill_id in episode.fill_ids:
        return Refusal.FILL_REPEATED
    if state.deployment.at > episode.expires_at:
        return Refusal.ORDER_EXPIRED
    if fill.repay_amount < 0 or (fill.repay_amount == 0 and not protocol.has_backstop):
        return Refusal.ZERO_AMOUNT
    market_count = len(state.deployment.markets)
    is_known = 0 <= fill.debt_market < market_count and 0 <= fill.collateral_market < market_count
    return None if is_known else Refusal.MARKET_UNKNOWN


def _settled(state: State, fill: Fill, quote: Quote, before: Health, after: Health) -> SettleFill:
    deployment = state.deployment
    debt_asset = deployment.markets[quote.debt_market].debt_asset
    collateral_asset = deployment.markets[quote.collateral_market].collateral_asset
    return SettleFill(
        order_id=fill.order_id,
        fill_id=fill.fill_id,
        account=fill.account,
        keeper=fill.keeper,
        debt_market=quote.debt_market,
        collateral_market=quote.collateral_market,
        repay_amount=quote.repay_amount,
        seize_amount=quote.seize_amount,
        fee_amount=quote.fee_amount,
        debt_price=known_price(state, debt_asset),
        collateral_price=known_price(state, collateral_asset),
        repay_value=mark_value(state, debt_asset, quote.repay_amount),
        seize_value=mark_value(state, collateral_asset, quote.seize_amount),
        fee_value=mark_value(state, collateral_asset, quote.fee_amount),
        liquidation_bonus_ratio=quote.liquidation_bonus_ratio,
        health_factor_ratio_before=before.health_factor_ratio,
        health_factor_ratio_after=after.health_factor_ratio,
        below_since=state.episodes[quote.row].since,
        insurance_amount=quote.insurance_amount,
    )


def _drawn(fill: Fill, quote: Quote) -> list[Order]:
    """Return who pays in the keeper's stead, if anybody does."""
    draw = quote.draw
    if draw is None:
        return []
    return [
        DrawBackstop(
            order_id=fill.order_id,
            fill_id=fill.fill_id,
            account=fill.account,
            debt_market=quote.debt_market,
            collateral_market=quote.collateral_market,
            offset_amount=draw.offset_amount,
            gain_amount=draw.gain_amount,
            redistributed_debt_amount=draw.redistributed_debt_amount,
            redistributed_collateral_amount=draw.redistributed_collateral_amount,
            surplus_amount=draw.surplus_amount,
        )
    ]


def write_off(state: State, protocol: Protocol, row: int, settled: Quote | None) -> list[AbsorbLoss]:
    """Write off the account's lost debts, if the rule says that there are any, through the loss waterfall.

    `settled` is the liquidation that was settled just before, None where there was none.
    """
    if write_off_refusal(state, protocol, row) is not None:
        return []
    account = state.deployment.book.account_at(row)
    return [
        absorb_loss(state, account, state.episodes[row].since, lost)
        for lost in protocol.write_off(state.deployment, row, settled)
    ]
