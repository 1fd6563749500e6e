"""Worlds of loans: pools and pairs that sell at a fixed spread, with and without a waterfall that keeps a ledger."""

from msgspec.structs import replace
from tests.deployments import ASSETS, BTC, ETH, PAIRS, POOLED, UNITS, USD, changes, opening, with_rates
from tests.simulation.random_policy import random_oracle_rules, random_policy
from tests.simulation.random_world import RandomWorld

from seawall.fixed import WAD
from seawall.ledger.account import MARKET_WIDTH
from seawall.ledger.event import DeploymentOpened, Event
from seawall.ledger.market import COLLATERAL, DEBT, Market, slot_of
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.protocol import Protocol


def lent_markets(markets: tuple[Market, ...]) -> tuple[Market, ...]:
    """Return the markets with a fee that leaves keepers something whatever share it is taken as, and one category."""
    return tuple(
        replace(m, parameters=replace(m.parameters, liquidation_fee_ratio=m.parameters.liquidation_fee_ratio // 10))
        for m in markets
    )


class RandomLoans(RandomWorld):
    """Accounts that borrow near their limits."""

    label = "seawall"
    has_waterfall = False
    prices_at_start = (2_000 * WAD, WAD, 30_000 * WAD)

    def choose_protocol(self) -> Protocol:
        return protocol_named(self.label)

    def opening(self) -> DeploymentOpened:
        is_paired = self.protocol.accounts_are_per_market
        markets = PAIRS if is_paired else lent_markets(POOLED)
        if self.dice.random() < 0.4:
            markets = with_rates(markets)
        opened = opening(
            self.label,
            markets=markets,
            policy=random_policy(self.dice, USD, UNITS[USD], len(markets), has_waterfall=self.has_waterfall),
            operators=("operator",),
        )
        return replace(opened, oracle_rules=random_oracle_rules(self.dice, len(ASSETS)))

    def account(self) -> bytes:
        account = super().account()
        if not self.protocol.accounts_are_per_market:
            return account
        return account + self.dice.randrange(len(PAIRS)).to_bytes(MARKET_WIDTH, "big")

    def deal(self) -> Event:
        """Borrow near the limit, add or withdraw, repay, or leave altogether."""
        self.later()
        account = self.account()
        if self.dice.random() < 0.35:
            return self._leave(account)
        own = int.from_bytes(account[20:], "big") if len(account) > 20 else None
        collateral_market = own if own is not None else self.dice.choice((ETH, ETH, BTC, USD))
        debt_market = own if own is not None else self.dice.choice((USD, USD, USD, ETH, BTC))
        collateral, debt = self.opened.markets[collateral_market], self.opened.markets[debt_market]
        worth = self.dice.choice((10**15, WAD, 50 * WAD, 1_000 * WAD, 30_000 * WAD, 10**6 * WAD))
        held = worth * UNITS[collateral.collateral_asset] // self.prices[collateral.collateral_asset]
        limit = worth * collateral.parameters.liquidation_threshold_ratio // WAD
        owed = int(limit * self.dice.uniform(0.7, 1.03)) * UNITS[debt.debt_asset] // self.prices[debt.debt_asset]
        if self.dice.random() < 0.2:
            held, owed = self.dice.choice(((0, owed), (held, 0), (0, 0)))
        return self._moves(account, (slot_of(collateral_market, COLLATERAL), held), (slot_of(debt_market, DEBT), owed))

    def _leave(self, account: bytes) -> Event:
        """Take out and repay what there is, or a part of it, or a little too much."""
        book, deployment = self.state.deployment.book, self.state.deployment
        row = book.row_of(account)
        positions = list(book.positions(row)) if row >= 0 else []
        part = self.odd if self.dice.random() < 0.5 else int
        rows, amounts = [], []
        for slot, balance in positions:
            moved = min(part(balance), 1 << 120)
            amount = self.protocol.amount_of(deployment, slot, abs(moved))
            rows.append((account, slot, -moved))
            amounts.append(-amount if moved > 0 else amount)
        return changes(self.at, *rows, amounts=tuple(amounts) if self.protocol.balances_move_indices else ())

    def _moves(self, account: bytes, *moves: tuple[int, int]) -> Event:
        deployment = self.state.deployment
        rows = [
            (account, slot, self.protocol.balance_of(deployment, slot, min(amount, 1 << 90)))
            for slot, amount in moves
            if amount
        ]
        amounts = tuple(min(amount, 1 << 90) for _, amount in moves if amount)
        return changes(self.at, *rows, amounts=amounts if self.protocol.balances_move_indices else ())


LENDERS = tuple(
    type("Lenders", (RandomLoans,), {"label": label, "mechanism": f"fixed spread, {label}"})
    for label in ("seawall", "aave_v3@3.6", "compound_v2", "morpho_blue")
)
WATERFALLS = tuple(
    type("Waterfalls", (RandomLoans,), {"label": label, "has_waterfall": True, "mechanism": f"waterfall, {label}"})
    for label in ("seawall", "aave_v3@3.6")
)
