"""What an engine must have done, kept a second time in plain dictionaries and counted the slow way.

A ghost hears each event with the orders that came of it, and keeps balances, indices, buffers and open orders. `Ghost` knows
protocols whose indices stand still: a balance is an amount. `CompoundGhost` and `SeawallGhost` have their protocol's
own arithmetic, written again from its formulas, interest and the line included.
"""

from seawall.engine.losses import FEE_RESERVE
from seawall.fixed import RAY, SECONDS_PER_YEAR, WAD
from seawall.ledger.backstop_order import DrawBackstop
from seawall.ledger.event import DeploymentOpened, Event, FillsReported, OracleRound, PositionsChanged
from seawall.ledger.order import (
    AbsorbLoss,
    CancelOrder,
    DeclineAccount,
    LiftWarning,
    Liquidate,
    Order,
    SettleFill,
    WarnAccount,
)
from seawall.ledger.refusal import Refusal
from seawall.rules.loss_waterfall import SOCIALIZED_LOSS

Slot = int


def floor(numerator: int, divisor: int) -> int:
    return numerator // divisor


def ceil(numerator: int, divisor: int) -> int:
    return -(-numerator // divisor)


class Ghost:
    """A pool without interest."""

    least_repaid = 1

    def __init__(self, opened: DeploymentOpened) -> None:
        self.opened = opened
        self.width = opened.account_width
        self.units = [asset.unit for asset in opened.assets]
        self.at = opened.at
        self.prices: list[int | None] = [None] * len(opened.assets)
        self.balances: dict[bytes, dict[Slot, int]] = {}
        self.index = [[RAY, RAY] for _ in opened.markets]
        self.totals = [0] * len(opened.markets)
        self.buffers = {buffer.name: dict(buffer.amounts) for buffer in opened.policy.buffers}
        self.open_orders: dict[bytes, int] = {}
        self.declined: dict[bytes, Refusal] = {}
        self.below: set[bytes] = set()
        self.warned: dict[bytes, int] = {}
        self.order_count = 0
        self.moved = [[0, 0] for _ in opened.markets]
        self.taken = [[0, 0] for _ in opened.markets]

    # -- hearing ------------------------------------------------------------------------------------------

    def hear(self, event: Event, orders: tuple[Order, ...]) -> None:
        self.accrue(event.at)
        self.at = event.at
        for oracle_round in getattr(event, "rounds", ()):
            self.observe(oracle_round)
        is_refused = any(type(order).__name__ == "RefuseEvent" for order in orders)
        if isinstance(event, PositionsChanged) and not is_refused:
            self.move(event)
        fills = {(f.order_id, f.fill_id): f for f in event.fills} if isinstance(event, FillsReported) else {}
        for order in orders:
            match order:
                case SettleFill():
                    offered = fills[order.order_id, order.fill_id]
                    assert self.open_orders.get(order.account) == order.order_id
                    assert self.least_repaid <= order.repay_amount <= offered.repay_amount
                    self.settle(order)
                case DrawBackstop():
                    self.draw(order)
                case AbsorbLoss():
                    self.absorb(order)
                case Liquidate():
                    self.order_count += 1
                    assert order.order_id == self.order_count
                    assert order.account not in self.open_orders, "an account has one open order"
                    self.open_orders[order.account] = order.order_id
                    self.declined.pop(order.account, None)
                    self.below.add(order.account)
                case CancelOrder():
                    assert self.open_orders.pop(order.account, 0) == order.order_id
                    if order.reason is not Refusal.ORDER_EXPIRED:
                        self.declined.pop(order.account, None)
                        self.below.discard(order.account)
                case WarnAccount():
                    assert order.account not in self.warned
                    assert order.health_factor_ratio < order.warning_health_ratio
                    self.warned[order.account] = self.at
                case LiftWarning():
                    assert self.warned.pop(order.account) == order.warned_at
                case DeclineAccount():
                    assert order.account not in self.open_orders
                    assert self.declined.get(order.account) is not order.reason, "a reason is said once"
                    self.declined[order.account] = order.reason
                    self.below.add(order.account)

    def observe(self, oracle_round: OracleRound) -> None:
        self.prices[oracle_round.asset] = oracle_round.price if oracle_round.price > 0 else None

    def move(self, event: PositionsChanged) -> None:
        for nth in range(event.row_count):
            account = event.accounts[nth * self.width : (nth + 1) * self.width]
            slot = int.from_bytes(event.slots[nth * 2 : nth * 2 + 2], "little")
            delta = int.from_bytes(event.deltas[nth * 16 : nth * 16 + 16], "little", signed=True)
            self.add(account, slot, delta)
            self.moved[slot >> 1][slot & 1] += delta
            if event.amounts and slot & 1:
                self.totals[slot >> 1] += int.from_bytes(event.amounts[nth * 16 : nth * 16 + 16], "little", signed=True)

    def add(self, account: bytes, slot: Slot, delta: int) -> None:
        held = self.balances.setdefault(account, {})
        held[slot] = held.get(slot, 0) + delta
        assert held[slot] >= 0, (account, slot, held[slot])
        if held[slot] == 0:
            del held[slot]

    def balance(self, account: bytes, slot: Slot) -> int:
        return self.balances.get(account, {}).get(slot, 0)

    def feed(self, order: SettleFill) -> None:
        if FEE_RESERVE in self.buffers:
            asset = self.opened.markets[order.collateral_market].collateral_asset
            held = self.buffers[FEE_RESERVE]
            held[asset] = held.get(asset, 0) + order.fee_amount

    def pay(self, order: AbsorbLoss) -> None:
        asset = self.opened.markets[order.debt_market].debt_asset
        left = order.bad_debt_amount
        expected = []
        for name, held in self.buffers.items():
            paid = min(left, held.get(asset, 0))
            if paid:
                held[asset] -= paid
                left -= paid
                expected.append((name, paid))
        if left:
            expected.append((SOCIALIZED_LOSS, left))
        assert [(payment.absorber, payment.amount) for payment in order.payments] == expected

    # -- the protocol's own arithmetic --------------------------------------------------------------------

    def accrue(self, at: int) -> None:
        """Interest stands still."""

    def settle(self, order: SettleFill) -> None:
        self.add(order.account, order.debt_market * 2 + 1, -order.repay_amount)
        self.add(order.account, order.collateral_market * 2, -order.seize_amount - order.fee_amount)
        self.taken[order.debt_market][1] += order.repay_amount
        self.taken[order.collateral_market][0] += order.seize_amount + order.fee_amount
        self.feed(order)

    def draw(self, order: DrawBackstop) -> None:
        raise AssertionError("no backstop stands behind this protocol")

    def absorb(self, order: AbsorbLoss) -> None:
        self.add(order.account, order.debt_market * 2 + 1, -order.bad_debt_amount)
        self.taken[order.debt_market][1] += order.bad_debt_amount
        self.pay(order)

    def line(self, account: bytes) -> tuple[int, int] | None:
        """Return (weighted collateral, debt), or None where the ghost cannot say."""
        return None

    def is_conserved(self) -> bool:
        """Return whether what came in, less what left and what was taken, is what accounts hold, to the unit."""
        return all(
            sum(held.get(market * 2 + side, 0) for held in self.balances.values())
            == self.moved[market][side] - self.taken[market][side]
            for market in range(len(self.moved))
            for side in (0, 1)
        )


class PairsGhost(Ghost):
    """Isolated pairs: debt in shares, whose worth is a total that must come out to the unit."""

    def __init__(self, opened: DeploymentOpened) -> None:
        super().__init__(opened)
        self.shares_of: dict[bytes, int] = {}

    def settle(self, order: SettleFill) -> None:
        market = order.debt_market
        self.add(order.account, market * 2, -order.seize_amount)
        self.taken[market][0] += order.seize_amount
        slot = market * 2 + 1
        shares = sum(held.get(slot, 0) for held in self.balances.values())
        # As many shares as the repayment, rounded up, stands for.
        bought = floor(order.repay_amount * (shares + 10**6), self.totals[market] + 1)
        bought = min(bought, self.balance(order.account, slot))
        assert ceil(bought * (self.totals[market] + 1), shares + 10**6) == order.repay_amount
        self.add(order.account, slot, -bought)
        self.taken[market][1] += bought
        self.totals[market] = max(0, self.totals[market] - order.repay_amount)

    def absorb(self, order: AbsorbLoss) -> None:
        slot = order.debt_market * 2 + 1
        assert self.balance(order.account, order.debt_market * 2) == 0
        left = self.balance(order.account, slot)
        self.taken[order.debt_market][1] += left
        self.add(order.account, slot, -left)
        self.totals[order.debt_market] -= order.bad_debt_amount
        assert self.totals[order.debt_market] >= 0
        self.pay(order)


class CompoundGhost(Ghost):
    """A pool whose markets compound simple interest whenever time passes."""

    def rate(self, market: int) -> int:
        return floor(self.index[market][0], 10**9)

    def price(self, market: int) -> int:
        asset = self.opened.markets[market].debt_asset
        price = self.prices[asset]
        assert price is not None
        return floor(price * WAD, self.units[asset])

    def accrue(self, at: int) -> None:
        seconds = floor(at, 1000) - floor(self.at, 1000)
        for market, index in zip(self.opened.markets, self.index, strict=True):
            for side, a_year in ((0, market.collateral_rate_ray), (1, market.debt_rate_ray)):
                a_second = floor(a_year, SECONDS_PER_YEAR * 10**9)
                index[side] += floor(a_second * seconds * index[side], WAD)

    def line(self, account: bytes) -> tuple[int, int] | None:
        held = self.balances.get(account, {})
        if any(self.prices[self.opened.markets[slot >> 1].debt_asset] is None for slot in held):
            return None
        weighted = debt = 0
        for slot, balance in held.items():
            market = slot >> 1
            if slot & 1:
                debt += floor(self.price(market) * floor(balance * self.index[market][1], RAY), WAD)
            else:
                threshold = self.opened.markets[market].parameters.liquidation_threshold_ratio
                weight = floor(floor(threshold * self.rate(market), WAD) * self.price(market), WAD)
                weighted += floor(weight * balance, WAD)
        return weighted, debt

    def settle(self, order: SettleFill) -> None:
        line = self.line(order.account)
        assert line is not None
        assert line[0] < line[1], "only an account below the line is liquidated"
        market = self.opened.markets[order.collateral_market]
        debt_slot = order.debt_market * 2 + 1
        debt_amount = floor(self.balance(order.account, debt_slot) * self.index[order.debt_market][1], RAY)
        close_factor = self.opened.markets[order.debt_market].parameters.close_factor_ratio
        assert order.repay_amount <= floor(debt_amount * close_factor, WAD)
        numerator = floor((WAD + market.parameters.liquidation_bonus_ratio) * self.price(order.debt_market), WAD)
        denominator = floor(self.price(order.collateral_market) * self.rate(order.collateral_market), WAD)
        tokens = floor(floor(numerator * WAD, denominator) * order.repay_amount, WAD)
        kept = market.parameters.liquidation_fee_ratio if self.opened.protocol.endswith("@2") else 0
        fee_tokens = floor(tokens * kept, WAD)
        assert order.seize_amount == floor((tokens - fee_tokens) * self.rate(order.collateral_market), WAD)
        assert order.fee_amount == floor(fee_tokens * self.rate(order.collateral_market), WAD)
        self.add(order.account, order.collateral_market * 2, -tokens)
        left = ceil((debt_amount - order.repay_amount) * RAY, self.index[order.debt_market][1])
        removed = self.balance(order.account, debt_slot) - left
        self.add(order.account, debt_slot, -removed)
        self.taken[order.collateral_market][0] += tokens
        self.taken[order.debt_market][1] += removed
        self.feed(order)

    def absorb(self, order: AbsorbLoss) -> None:
        raise AssertionError("this protocol leaves bad debt on the account")


class SeawallGhost(Ghost):
    """Our own rule: collateral rounds down, debt up; debt indices are e^(r t) to its third term."""

    def accrue(self, at: int) -> None:
        seconds = floor(at, 1000) - floor(self.at, 1000)
        for market, index in zip(self.opened.markets, self.index, strict=True):
            x = floor(market.debt_rate_ray * seconds, SECONDS_PER_YEAR)
            third = floor(x * floor(x, 6) + RAY // 2, RAY)
            growth = RAY + x + floor(x * (floor(x, 2) + third) + RAY // 2, RAY)
            index[1] = ceil(index[1] * growth, RAY)
            index[0] = floor(index[0] * (RAY + floor(market.collateral_rate_ray * seconds, SECONDS_PER_YEAR)), RAY)

    def amount(self, account: bytes, slot: Slot) -> int:
        rounded = ceil if slot & 1 else floor
        return rounded(self.balance(account, slot) * self.index[slot >> 1][slot & 1], RAY)

    def line(self, account: bytes) -> tuple[int, int] | None:
        weighted = debt = 0
        for slot in self.balances.get(account, {}):
            market = self.opened.markets[slot >> 1]
            price, unit = self.prices[market.debt_asset], self.units[market.debt_asset]
            if price is None:
                return None
            if slot & 1:
                debt += ceil(self.amount(account, slot) * price, unit)
            else:
                value = floor(self.amount(account, slot) * price, unit)
                weighted += value * market.parameters.liquidation_threshold_ratio
        return floor(weighted, WAD), debt

    def settle(self, order: SettleFill) -> None:
        before = self.line(order.account)
        assert before is not None
        assert before[0] < before[1], "only an account below the line is liquidated"
        debt_slot, collateral_slot = order.debt_market * 2 + 1, order.collateral_market * 2
        debt_amount, held_amount = self.amount(order.account, debt_slot), self.amount(order.account, collateral_slot)
        taken_amount = order.seize_amount + order.fee_amount
        assert order.repay_amount <= debt_amount
        assert taken_amount <= held_amount
        removed = self.balance(order.account, debt_slot)
        if order.repay_amount < debt_amount:
            removed = floor(order.repay_amount * RAY, self.index[order.debt_market][1])
        seized = self.balance(order.account, collateral_slot)
        if taken_amount < held_amount:
            seized = min(seized, ceil(taken_amount * RAY, self.index[order.collateral_market][0]))
        self.add(order.account, debt_slot, -removed)
        self.add(order.account, collateral_slot, -seized)
        self.taken[order.debt_market][1] += removed
        self.taken[order.collateral_market][0] += seized
        after = self.line(order.account)
        assert after is not None
        is_whole = debt_slot not in self.balances[order.account] or collateral_slot not in self.balances[order.account]
        assert is_whole or after[0] * before[1] > before[0] * after[1], "a part raises the health factor"
        self.feed(order)

    def absorb(self, order: AbsorbLoss) -> None:
        slot = order.debt_market * 2 + 1
        left_amount = self.amount(order.account, slot) - order.bad_debt_amount
        # An index above one makes amounts of neighbouring balances different, so the amount names the balance.
        left = floor(left_amount * RAY, self.index[order.debt_market][1])
        removed = self.balance(order.account, slot) - left
        self.add(order.account, slot, -removed)
        self.taken[order.debt_market][1] += removed
        assert self.amount(order.account, slot) == left_amount
        self.pay(order)
