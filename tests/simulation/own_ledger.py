"""A ledger of its own beside an engine: what accounts, auctions, buffers and markets must hold, added up from what was said.

It hears every event with its orders and never asks the engine for a total before it has one itself. Without interest it
agrees with the book to the unit. With interest an amount may be off by the units that its orders round by, and is then
taken over, so that nothing adds up unseen; what time adds is bounded by the rates.
"""

from collections import Counter
from dataclasses import dataclass

from seawall.engine.state import State
from seawall.fixed import RAY, WAD
from seawall.ledger.deleveraging import AutoDeleverage
from seawall.ledger.event import DeploymentOpened, Event, FundChanged, PositionsChanged
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.ledger.order import (
    AbsorbLoss,
    EndAuction,
    HoldBid,
    PayLoss,
    Payment,
    PayRestitution,
    RefuseEvent,
    ResetAuction,
    ReturnBid,
    SettleBid,
    SettleFill,
    SingleOrder,
    StartAuction,
)
from seawall.protocols.protocol import Protocol

Key = tuple[bytes, int]
UNITS_OFF = 3
YEAR_MS = 365 * 86_400_000


class Violation(Exception):
    """Something does not add up."""


def must(holds: bool, *found: object) -> None:
    """Complain of what was found where it does not hold."""
    if not holds:
        raise Violation(" ".join(map(repr, found)))


@dataclass
class OwnAuction:
    """A running auction: the lot that is left, what it raised and cost, and what is held for bids."""

    lot: int
    cost: int
    raised: int = 0
    held: int = 0


class OwnLedger:
    """The ledger of one deployment."""

    def __init__(self, opened: DeploymentOpened, protocol: Protocol, state: State) -> None:
        self.opened, self.protocol = opened, protocol
        self.at = opened.at
        self.cash = protocol.cash_market_of(state.deployment) if protocol.positions_are_signed else None
        self.rate_max = max(max(m.debt_rate_ray, m.collateral_rate_ray) for m in opened.markets)
        indices = [(s.collateral_index, s.debt_index) for s in opened.market_states]
        self.is_exact = not (self.rate_max or protocol.balances_move_indices) and set(indices) == {(RAY, RAY)}
        self.amounts: Counter[Key] = Counter()
        self.totals: Counter[int] = Counter()
        self.share_debts: Counter[int] = Counter()
        self.of_market: dict[str, Counter[int]] = {
            name: Counter() for name in ("fee", "bad_debt", "surplus", "insurance")
        }
        self.of_market["insurance"] += Counter({n: s.insurance_amount for n, s in enumerate(opened.market_states)})
        self.funds = {buffer.name: Counter(dict(buffer.amounts)) for buffer in opened.policy.buffers}
        self.auctions: dict[int, OwnAuction] = {}
        self.uncovered: Counter[int] = Counter()
        self.from_auction = False
        self.touched: set[Key] = set()
        self.moved: Counter[Key] = Counter()
        self.move_counts: Counter[Key] = Counter()

    # -- hearing -----------------------------------------------------------------------------------------------------

    def hear(self, event: Event, orders: list[SingleOrder], state: State) -> None:
        """Add up an event and its orders, and compare with what stands in the engine's state now."""
        # Interest is of whole seconds.
        passed_ms, self.at = (event.at - self.at + 1_000 if event.at > self.at else 0), event.at
        is_refused = any(isinstance(order, RefuseEvent) for order in orders)
        if isinstance(event, PositionsChanged) and not is_refused:
            self._positions(event, state)
        if isinstance(event, FundChanged) and not is_refused:
            self.funds[event.fund][event.asset] += event.delta
        self.from_auction = False
        for order in orders:
            self._order(order, state)
        self._compare_balances(state, passed_ms)
        self._compare_markets(state)
        self._compare_auctions(state)
        self.touched.clear()
        self.moved.clear()
        self.move_counts.clear()

    def _move(self, account: bytes, market: int, side: int, amount: int) -> None:
        if market == self.cash:
            side, amount = COLLATERAL, -amount if side == DEBT else amount
        slot = slot_of(market, side)
        if self.protocol.balances_move_indices and side == DEBT:
            self.share_debts[market] = max(0, self.share_debts[market] + amount)
            return
        self.amounts[account, slot] += amount
        self.moved[account, slot] += abs(amount)
        self.move_counts[account, slot] += 1
        self.totals[slot] += amount
        self.touched.add((account, slot))

    def _positions(self, event: PositionsChanged, state: State) -> None:
        width = self.opened.account_width
        amounts = event.amount_column() or event.delta_column()
        for nth, (slot, delta, amount) in enumerate(
            zip(event.slot_column(), event.delta_column(), amounts, strict=True)
        ):
            account, side = event.accounts[nth * width : (nth + 1) * width], slot & 1
            moved = amount
            if not (self.is_exact or (event.amounts and side == DEBT)):
                worth = self.protocol.amount_of(state.deployment, slot, abs(delta))
                moved = -worth if delta < 0 else worth
            if event.amounts and side == DEBT:
                self.share_debts[slot >> 1] += amount
            else:
                self._move(account, slot >> 1, side, moved)

    def _order(self, order: SingleOrder, state: State) -> None:
        match order:
            case SettleFill():
                self._fill(order, state)
            case StartAuction() | SettleBid() | HoldBid() | ReturnBid() | ResetAuction() | EndAuction():
                self._auction(order)
            case AbsorbLoss():
                self._loss(order)
            case PayLoss():
                self._late(order)
            case AutoDeleverage():
                self._deleverage(order, state)
            case PayRestitution():
                paid = sum(claim.paid_amount for claim in order.claims)
                must(all(claim.paid_amount >= 0 for claim in order.claims), "restitution", order)
                self._draw(order.fund, order.paid_asset, paid)
            case _:
                pass
        self.from_auction = isinstance(order, EndAuction)

    def _fill(self, order: SettleFill, state: State) -> None:
        account, markets = order.account, self.opened.markets
        must(order.repay_amount > 0 and min(order.seize_amount, order.fee_amount) >= 0, "settles nothing", order)
        if markets[order.debt_market].margin_tiers:
            contract, is_short, closed, cash = order.debt_market, True, order.repay_amount, -order.seize_amount
        elif markets[order.collateral_market].margin_tiers:
            contract, is_short, closed, cash = order.collateral_market, False, order.seize_amount, order.repay_amount
        else:
            self._move(account, order.debt_market, DEBT, -order.repay_amount)
            self._move(account, order.collateral_market, COLLATERAL, -order.seize_amount - order.fee_amount)
            self.of_market["fee"][order.collateral_market] += order.fee_amount
            self._feed(markets[order.collateral_market].collateral_asset, order.fee_amount)
            return
        assert self.cash is not None
        self._move(account, contract, DEBT if is_short else COLLATERAL, -closed)
        if self.protocol.name == "dydx_v4":
            market, units = markets[contract], state.deployment.units
            cash_unit = units[markets[self.cash].debt_asset]
            funding = closed * state.deployment.market_states[contract].funding_value * cash_unit
            cash -= (-funding if is_short else funding) // (units[market.debt_asset] * WAD)
            self.of_market["insurance"][contract if market.is_isolated else self.cash] += order.insurance_amount
        self._move(account, self.cash, COLLATERAL, cash - order.insurance_amount)

    def _auction(self, order: StartAuction | SettleBid | HoldBid | ReturnBid | ResetAuction | EndAuction) -> None:
        if isinstance(order, StartAuction):
            self.auctions[order.auction_id] = OwnAuction(order.lot_balance, order.debt_amount + order.reward_amount)
            self._move(
                order.account,
                order.collateral_market,
                COLLATERAL,
                -(order.lot_balance if self.is_exact else order.lot_amount),
            )
            self._move(order.account, order.debt_market, DEBT, -order.debt_amount)
            return
        auction = self.auctions[order.auction_id]
        match order:
            case SettleBid():
                auction.lot -= order.seize_balance
                auction.raised += order.pay_amount
                auction.held -= order.pay_amount if order.was_held else 0
            case HoldBid():
                auction.held += order.pay_amount
                auction.lot -= order.returned_balance
                self._return(order)
            case ReturnBid():
                auction.held -= order.pay_amount
            case ResetAuction():
                auction.cost += order.reward_amount
            case EndAuction():
                ended = self.auctions.pop(order.auction_id)
                found = (ended.lot - order.returned_balance, ended.held, ended.raised, ended.cost)
                must(found == (0, 0, order.raised_amount, order.cost_amount), "auction", found, order)
                self._return(order)
                self.of_market["surplus"][order.debt_market] += order.surplus_amount
                self._feed(self.opened.markets[order.debt_market].debt_asset, order.surplus_amount)
        must(min(auction.lot, auction.held, auction.raised, auction.cost) >= 0, "auction", auction, order)

    def _return(self, order: HoldBid | EndAuction) -> None:
        assert self.protocol.sale is not None
        if self.protocol.sale.returns_to_account:
            returned = order.returned_balance if self.is_exact else order.returned_amount
            self._move(order.account, order.collateral_market, COLLATERAL, returned)

    def _deleverage(self, order: AutoDeleverage, state: State) -> None:
        """Move what is closed at the mark price, in steps of one running sum, and what winners pay, to the unit."""
        assert self.cash is not None
        deployment, loss, cuts = state.deployment, order.record.loss, order.record.cuts
        must(sum(order.paid_amounts) == order.covered_amount > 0, "covered", order)
        must(sum(cut.closed_amount for cut in cuts) == order.closed_amount, "closed", order)
        worth = loss.mark_price - deployment.market_states[order.market].funding_value
        asset = self.opened.markets[self.cash].debt_asset
        unit, price = deployment.units[asset], deployment.prices[asset]
        assert price is not None
        rounded, sign = (
            (lambda left, right: left // right, 1) if loss.side == DEBT else (lambda left, right: -(-left // right), -1)
        )
        closed = moved = 0
        for cut, paid in zip(cuts, order.paid_amounts, strict=True):
            closed += cut.closed_amount
            step = rounded(rounded(closed * worth, loss.unit) * unit, price) - moved
            moved += step
            self._move(cut.account, order.market, 1 - loss.side, -cut.closed_amount)
            self._move(cut.account, self.cash, COLLATERAL, sign * step - paid)
        self._move(order.account, order.market, loss.side, -closed)
        self._move(order.account, self.cash, COLLATERAL, order.covered_amount - sign * moved)

    def _loss(self, order: AbsorbLoss) -> None:
        must(order.bad_debt_amount > 0, "loss of nothing", order)
        if not self.from_auction:
            self._move(order.account, order.debt_market, DEBT, -order.bad_debt_amount)
        self.of_market["bad_debt"][order.debt_market] += order.bad_debt_amount
        left = self._pay(order.payments, order.debt_market, order.bad_debt_amount)
        if left:
            self.uncovered[order.entry_number] = left

    def _late(self, order: PayLoss) -> None:
        must(0 < order.paid_amount <= self.uncovered[order.paid_for], "late", order, self.uncovered)
        must(self._pay(order.payments, order.debt_market, order.paid_amount) == 0, "late", order)
        self.uncovered[order.paid_for] -= order.paid_amount

    def _pay(self, payments: tuple[Payment, ...], debt_market: int, amount: int) -> int:
        """Take payments out of the funds; return what nobody paid."""
        must(sum(payment.amount for payment in payments) == amount, "payments", payments, amount)
        must(all(payment.amount > 0 for payment in payments), "payments", payments)
        asset, left = self.opened.markets[debt_market].debt_asset, 0
        for payment in payments:
            if payment.absorber in self.funds:
                self._draw(payment.absorber, asset, payment.amount)
            elif payment.absorber != "socialized_loss":
                must(payment.absorber == "uncovered_loss", "payer", payment)
                left += payment.amount
        return left

    def _draw(self, fund: str, asset: int, amount: int) -> None:
        self.funds[fund][asset] -= amount
        must(self.funds[fund][asset] >= 0, "overdrawn", fund, asset, amount)

    def _feed(self, asset: int, amount: int) -> None:
        """Feed the funds their shares of a fee: whole units first, then one each by the largest remainders."""
        ratios = [buffer.fee_ratio for buffer in self.opened.policy.buffers]
        if not any(ratios):
            ratios = [WAD if name == "fee_reserve" else 0 for name in self.funds]
        quotas = [divmod(amount * ratio, WAD) for ratio in (*ratios, WAD - sum(ratios))]
        left = amount - sum(share for share, _ in quotas)
        first = sorted(range(len(quotas)), key=lambda nth: (-quotas[nth][1], nth))[:left]
        for nth, name in enumerate(self.funds):
            self.funds[name][asset] += quotas[nth][0] + (nth in first)

    # -- comparing ---------------------------------------------------------------------------------------------------

    def _compare_balances(self, state: State, passed_ms: int) -> None:
        book = state.deployment.book
        if self.is_exact:
            for account, slot in self.touched:
                found = self._found(state, account, slot)
                must(found == self.amounts[account, slot], "balance", account, slot, found, self.amounts[account, slot])
            kept = list(book.balance_totals)
            if self.cash is not None:
                kept[slot_of(self.cash, COLLATERAL)] -= kept[slot_of(self.cash, DEBT)]
                kept[slot_of(self.cash, DEBT)] = 0
            must(kept == [self.totals[slot] for slot in range(len(kept))], "totals", kept, self.totals)
            return
        grown = 2 * self.rate_max * passed_ms
        for key, amount in self.amounts.items():
            found = self._found(state, *key)
            # What time adds, it adds before anything is moved.
            off = UNITS_OFF * max(1, self.move_counts[key])
            room = off + (abs(amount) + self.moved[key]) * grown // (RAY * YEAR_MS)
            must(
                -off <= found - amount <= room or (amount < 0 and -room <= found - amount),
                "amount",
                key,
                found,
                amount,
            )
            self.amounts[key] = found
        if self.protocol.balances_move_indices:
            for market, of_market in enumerate(state.deployment.market_states):
                found, amount = of_market.debt_amount, self.share_debts[market]
                room = 0 if not grown else UNITS_OFF + amount * grown // (RAY * YEAR_MS)
                must(0 <= found - amount <= room, "debt of a market", market, found, amount)
                self.share_debts[market] = found

    def _found(self, state: State, account: bytes, slot: int) -> int:
        book, deployment = state.deployment.book, state.deployment
        row = book.row_of(account)
        amount = book.balance(row, slot)
        amount = amount if self.is_exact else self.protocol.amount_of(deployment, slot, amount)
        if slot >> 1 != self.cash:
            return amount
        owed = book.balance(row, slot + 1)
        return amount - (owed if self.is_exact else self.protocol.amount_of(deployment, slot + 1, owed))

    def _compare_markets(self, state: State) -> None:
        for market, of_market in enumerate(state.deployment.market_states):
            found = (
                of_market.fee_amount,
                of_market.bad_debt_amount,
                of_market.surplus_amount,
                of_market.insurance_amount,
            )
            own = tuple(column[market] for column in self.of_market.values())
            must(found == own, "fees, bad debt, surplus, insurance of market", market, found, own)
        for name, held in state.buffers:
            own_held = self.funds[name]
            must(all(own_held[asset] == amount for asset, amount in held.items()), "fund", name, held, own_held)
            must(sum(own_held.values()) == sum(held.values()), "fund", name, held, own_held)
        waiting = state.loss_ledger.uncovered_amounts if state.loss_ledger is not None else []
        left = sum(amount for of_market in waiting for _, amount in of_market)
        if state.loss_ledger is not None:
            must(left == sum(self.uncovered.values()), "uncovered", waiting, self.uncovered)

    def _compare_auctions(self, state: State) -> None:
        running = list(state.deployment.auctions)
        must(len(running) == len(self.auctions), "auctions", running, self.auctions)
        for auction in running:
            own = self.auctions[auction.auction_id]
            held = sum(-(-bid.pay_ray // RAY) for bid in auction.bids)
            found = (auction.lot_balance, auction.raised_amount, auction.cost_amount, held)
            must(found == (own.lot, own.raised, own.cost, own.held), "auction", auction, own)
