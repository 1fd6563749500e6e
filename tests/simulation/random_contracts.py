"""Worlds of perpetual contracts: tiers of margin, cash that turns into debt, funding, an insurance fund."""

from msgspec.structs import replace
from tests.deployments import changes
from tests.exchange import BONUS, TIERS
from tests.simulation.random_policy import random_oracle_rules, random_policy
from tests.simulation.random_world import RandomWorld

from seawall.fixed import RAY, WAD
from seawall.ledger.asset import Asset
from seawall.ledger.deleveraging import DeleveragingPolicy
from seawall.ledger.deployment import Absorber
from seawall.ledger.event import DeploymentOpened, Event
from seawall.ledger.market import COLLATERAL, DEBT, MarginTier, Market, MarketState, RiskParameters, slot_of
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.protocol import Protocol
from seawall.rules.auto_deleveraging import RULES

START = 1_700_000_000_000
CASH, BTC, ETH = range(3)


class RandomContracts(RandomWorld):
    """Traders near their margin, long and short in two contracts."""

    prices_at_start = (WAD, 60_000 * WAD, 2_500 * WAD)
    label = "perpetual"
    assets = (Asset("USD", 6), Asset("BTC", 8), Asset("ETH", 18))

    def choose_protocol(self) -> Protocol:
        return protocol_named(self.label)

    def markets(self, funding_ray: int) -> tuple[Market, ...]:
        """Return the cash and the contracts."""
        return (
            Market("USD", CASH, CASH, RiskParameters(0, WAD, 0)),
            Market("BTC", BTC, BTC, BONUS, debt_rate_ray=funding_ray, margin_tiers=TIERS),
            Market("ETH", ETH, ETH, BONUS, margin_tiers=TIERS),
        )

    def opening(self) -> DeploymentOpened:
        markets = self.markets(self.dice.choice((0, 0, RAY // 2)))
        policy = random_policy(
            self.dice, CASH, self.assets[CASH].unit, len(markets), has_waterfall=self.dice.random() < 0.3
        )
        return DeploymentOpened(
            START, self.protocol.label, 20, self.assets, markets,
            tuple(MarketState(accrued_at=START, insurance_amount=m.insurance_fund_amount) for m in markets),
            random_oracle_rules(self.dice, len(self.assets)), policy, ("operator",),
        )  # fmt: skip

    def deal(self) -> Event:
        """Trade at the mark price near the margin, move cash, or leave altogether."""
        self.later()
        account, book = self.account(), self.state.deployment.book
        row = book.row_of(account)
        held = dict(book.positions(row)) if row >= 0 else {}
        if self.dice.random() < 0.35:
            return changes(self.at, *((account, slot, -min(self.odd(held[slot]), 1 << 120)) for slot in held))
        market = self.dice.choice((BTC, ETH))
        worth = self.dice.choice((WAD, 1_000 * WAD, 90_000 * WAD, 300_000 * WAD, 3 * 10**6 * WAD))
        amount = min(worth * self.assets[market].unit // self.prices[market], 1 << 90)
        paid = worth * self.assets[CASH].unit // WAD
        margin = int(paid * self.dice.choice((0.009, 0.012, 0.02, 0.06, 0.2)))
        is_short = self.dice.random() < 0.5
        cash = held.get(slot_of(CASH, COLLATERAL), 0) - held.get(slot_of(CASH, DEBT), 0)
        after = cash + margin + (paid if is_short else -paid)
        rows = [
            (account, slot_of(market, DEBT if is_short else COLLATERAL), amount),
            (account, slot_of(CASH, COLLATERAL), max(after, 0) - held.get(slot_of(CASH, COLLATERAL), 0)),
            (account, slot_of(CASH, DEBT), max(-after, 0) - held.get(slot_of(CASH, DEBT), 0)),
        ]
        return changes(self.at, *(each for each in rows if each[2]))


class Perpetuals(RandomContracts):
    mechanism = "contracts, perpetual@1"


class Deleveraged(RandomContracts):
    """Contracts whose winners pay what funds before them cannot."""

    mechanism = "deleveraging, perpetual@1"

    def opening(self) -> DeploymentOpened:
        opened = super().opening()
        names = self.dice.choice(
            (("auto_deleveraging",), ("insurance_fund", "auto_deleveraging"), ("auto_deleveraging", "junior"))
        )
        absorbers = tuple(Absorber((name,)) for name in (*names, "socialized_loss"))
        rule = DeleveragingPolicy(
            rule=self.dice.choice(sorted(RULES)), window_ms=self.dice.choice((60_000, 8 * 3_600_000))
        )
        return replace(opened, policy=replace(opened.policy, absorbers=absorbers, deleveraging=rule))


class DydxContracts(RandomContracts):
    mechanism = "contracts, dydx_v4@1"
    label = "dydx_v4"
    assets = (Asset("USDC", 6), Asset("BTC-USD", 10), Asset("ETH-USD", 7))

    def markets(self, funding_ray: int) -> tuple[Market, ...]:
        none = RiskParameters(0, 0, 0)
        fund = self.dice.choice((0, 10**6, 10**9, 10**12))
        return (
            Market("USDC", CASH, CASH, RiskParameters(WAD, WAD, 0), insurance_fund_amount=fund),
            Market(
                "BTC-USD", BTC, BTC, none, debt_rate_ray=funding_ray,
                margin_tiers=(MarginTier(0, 12 * 10**15, 2 * 10**16),),
            ),
            Market(
                "ETH-USD", ETH, ETH, none, margin_tiers=(MarginTier(0, 5 * 10**16, 10**17),),
                amount_step=10**3, price_step=10**15, is_isolated=True, insurance_fund_amount=fund // 2,
            ),
        )  # fmt: skip


CONTRACTS = (Perpetuals, Deleveraged, DydxContracts)
