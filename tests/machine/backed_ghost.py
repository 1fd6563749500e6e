"""The ghost of a market with a stability pool behind it, its arithmetic written again: stakes, sums, and backers one by one."""

from fractions import Fraction

from tests.machine.ghost import Ghost, floor

from seawall.fixed import WAD
from seawall.ledger.backstop_order import DrawBackstop, PayClaims
from seawall.ledger.event import BackstopChanged, DeploymentOpened, Event, PositionsChanged
from seawall.ledger.order import Order, SettleFill


class Branch:
    """One market: sums by stake, and what backers own as exact fractions."""

    def __init__(self) -> None:
        self.sums, self.carries, self.unassigned = [0, 0], [0, 0], [0, 0]
        self.stakes: dict[bytes, int] = {}
        self.own: dict[bytes, list[int]] = {}
        self.seen: dict[bytes, list[int]] = {}
        self.noted = (0, 0)
        self.committed, self.gains_held, self.received = 0, 0, 0
        self.worth: dict[bytes, Fraction] = {}
        self.gain: dict[bytes, Fraction] = {}

    def entire(self, account: bytes) -> list[int]:
        stake = self.stakes[account]
        return [
            own + floor(stake * (total - seen), WAD)
            for own, total, seen in zip(self.own[account], self.sums, self.seen[account], strict=True)
        ]

    def restake(self, account: bytes, collateral: int, debt: int) -> None:
        for known in (self.stakes, self.own, self.seen):
            known.pop(account, None)
        if collateral or debt:
            stakes, collaterals = self.noted
            self.stakes[account] = floor(collateral * stakes, collaterals) if collaterals else collateral
            self.own[account], self.seen[account] = [collateral, debt], list(self.sums)

    def redistribute(self, amounts: tuple[int, int]) -> None:
        total = sum(self.stakes.values())
        before = [sum(self.entire(account)[side] for account in self.stakes) for side in (0, 1)]
        for side, amount in enumerate(amounts):
            numerator = amount * WAD + self.carries[side]
            self.sums[side] += floor(numerator, total)
            self.carries[side] = numerator % total
        for side, amount in enumerate(amounts):
            given = sum(self.entire(account)[side] for account in self.stakes) - before[side]
            self.unassigned[side] += amount - given

    def offset(self, debt: int, collateral: int) -> None:
        for backer, own in self.worth.items():
            self.gain[backer] += own * collateral / self.committed
            self.worth[backer] = own * (self.committed - debt) / self.committed
        self.committed -= debt
        self.gains_held += collateral
        self.received += collateral


class BackedGhost(Ghost):
    """Balances are amounts; whoever is liquidated is closed, and all others of the market may change."""

    least_repaid = 0

    def __init__(self, opened: DeploymentOpened) -> None:
        super().__init__(opened)
        self.branches = [Branch() for _ in opened.markets]
        self.surpluses: dict[bytes, int] = {}

    def hear(self, event: Event, orders: tuple[Order, ...]) -> None:
        super().hear(event, orders)
        is_refused = any(type(order).__name__ == "RefuseEvent" for order in orders)
        if isinstance(event, BackstopChanged) and not is_refused:
            branch = self.branches[int.from_bytes(event.account[-2:], "big")]
            branch.worth[event.account] = branch.worth.get(event.account, Fraction(0)) + event.change_amount
            branch.gain.setdefault(event.account, Fraction(0))
            branch.committed += event.change_amount
        for order in orders:
            if isinstance(order, PayClaims):
                branch = self.branches[order.collateral_market]
                assert order.surplus_amount == self.surpluses.pop(order.account, 0)
                branch.gain[order.account] = branch.gain.get(order.account, Fraction(0)) - order.gain_amount
                branch.gains_held -= order.gain_amount

    def move(self, event: PositionsChanged) -> None:
        super().move(event)
        for nth in range(event.row_count):
            account = event.accounts[nth * self.width : (nth + 1) * self.width]
            market = int.from_bytes(account[-2:], "big")
            collateral, debt = (self.balance(account, market * 2 + side) for side in (0, 1))
            self.branches[market].restake(account, collateral, debt)

    def line(self, account: bytes) -> tuple[int, int] | None:
        market = self.opened.markets[int.from_bytes(account[-2:], "big")]
        held = self.balances.get(account, {})
        price = self.prices[market.collateral_asset]
        if price is None:
            return None
        number = int.from_bytes(account[-2:], "big")
        worth = held.get(number * 2, 0) * price * 10 * self.units[market.debt_asset]
        return worth, held.get(number * 2 + 1, 0) * WAD * 11 * self.units[market.collateral_asset]

    def settle(self, order: SettleFill) -> None:
        line = self.line(order.account)
        assert line is not None
        assert line[0] < line[1], "only an account below the line is liquidated"
        assert (order.repay_amount, order.fee_amount) == (0, 0)
        self.reward = order.seize_amount

    def draw(self, order: DrawBackstop) -> None:
        market = order.debt_market
        branch, listed = self.branches[market], self.opened.markets[market]
        price = self.prices[listed.collateral_asset]
        coin, unit = self.units[listed.debt_asset], self.units[listed.collateral_asset]
        collateral, debt = self.balance(order.account, market * 2), self.balance(order.account, market * 2 + 1)
        offset = min(debt, max(0, branch.committed - coin))
        portion = floor(collateral * offset, debt)
        reward = min(floor(portion, 200), 2 * unit)
        gain = min(portion - reward, floor(offset * 105 * unit * WAD, 100 * price * coin))
        surplus, moved = portion - reward - gain, (0, debt - offset)
        if moved[1] and collateral > portion:
            rest = collateral - portion + surplus
            taken = min(rest, floor(moved[1] * 110 * unit * WAD, 100 * price * coin))
            surplus, moved = rest - taken, (taken, moved[1])
        assert (self.reward, order.offset_amount, order.gain_amount) == (reward, offset, gain)
        assert (order.redistributed_collateral_amount, order.redistributed_debt_amount) == moved
        assert order.surplus_amount == surplus
        branch.restake(order.account, 0, 0)
        if offset:
            branch.offset(offset, gain)
        if moved[1]:
            branch.redistribute(moved)
        totals = [sum(branch.entire(account)[side] for account in branch.own) for side in (0, 1)]
        branch.noted = (sum(branch.stakes.values()), totals[0] + branch.unassigned[0])
        self.surpluses[order.account] = self.surpluses.get(order.account, 0) + surplus
        self.balances[order.account] = {}
        for account in branch.own:
            amounts = branch.entire(account)
            self.balances[account] = {market * 2 + side: amount for side, amount in enumerate(amounts) if amount}
        self.taken[market][0] += reward + gain + surplus
        self.taken[market][1] += offset

    def is_conserved(self) -> bool:
        return all(
            sum(held.get(market * 2 + side, 0) for held in self.balances.values()) + branch.unassigned[side]
            == self.moved[market][side] - self.taken[market][side]
            for market, branch in enumerate(self.branches)
            for side in (0, 1)
        )
