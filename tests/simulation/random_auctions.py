"""Worlds of auctions: Maker's English and Dutch ones, and our own pool's Dutch sale."""

from tests.auctions import ASSETS as VAULT_ASSETS
from tests.auctions import DAI, MARKETS, RATE, START, dutch, english
from tests.deployments import changes
from tests.simulation.random_loans import RandomLoans
from tests.simulation.random_policy import random_oracle_rules, random_policy
from tests.simulation.random_world import RandomWorld, Verb

from seawall.fixed import RAY, WAD
from seawall.ledger.account import MARKET_WIDTH
from seawall.ledger.event import BlockObserved, DeploymentOpened, Event
from seawall.ledger.market import COLLATERAL, DEBT, MarketState, slot_of
from seawall.protocols.protocol import Protocol

AUCTION_WEIGHTS = {"fill": 3, "auction": 25, "bid": 45, "reset": 8, "end": 8, "price": 25, "deal": 25}


def with_auctions(verbs: list[tuple[int, Verb]]) -> list[tuple[int, Verb]]:
    """Return what may happen with auctions often and fills seldom."""
    return [(AUCTION_WEIGHTS.get(verb.__name__, weight), verb) for weight, verb in verbs]


class RandomVaults(RandomWorld):
    """Vaults that are auctioned."""

    prices_at_start = (2_000 * WAD, 40_000 * WAD, WAD)
    is_english = False

    def choose_protocol(self) -> Protocol:
        if self.is_english:
            return english(auction_due_value_max=9_000 * WAD, total_due_value_max=40_000 * WAD)
        return dutch(debt_value_min=1_000 * WAD, market_due_value_max=60_000 * WAD, reward_value=WAD)

    def opening(self) -> DeploymentOpened:
        index = self.dice.choice((RAY, RAY, RATE))
        policy = random_policy(
            self.dice, DAI, VAULT_ASSETS[DAI].unit, len(MARKETS), has_waterfall=self.dice.random() < 0.3
        )
        return DeploymentOpened(
            at=START,
            protocol=self.protocol.label,
            account_width=20 + MARKET_WIDTH,
            assets=VAULT_ASSETS,
            markets=MARKETS,
            market_states=tuple(MarketState(accrued_at=START, debt_index=index) for _ in MARKETS),
            oracle_rules=random_oracle_rules(self.dice, len(VAULT_ASSETS)),
            policy=policy,
            operators=("operator",),
        )

    def account(self) -> bytes:
        return super().account() + self.dice.randrange(len(MARKETS)).to_bytes(MARKET_WIDTH, "big")

    def verbs(self) -> list[tuple[int, Verb]]:
        return with_auctions(super().verbs())

    def deal(self) -> Event:
        """Open a vault near its limit, or close one."""
        self.later()
        account = self.account()
        market = int.from_bytes(account[20:], "big")
        if self.dice.random() < 0.3:
            book = self.state.deployment.book
            row = book.row_of(account)
            held = list(book.positions(row)) if row >= 0 else []
            return changes(self.at, *((account, slot, -min(self.odd(balance), 1 << 120)) for slot, balance in held))
        worth = self.dice.choice((WAD, 100 * WAD, 2_000 * WAD, 20_000 * WAD))
        asset = MARKETS[market].collateral_asset
        # Vaults are kept in WAD whatever the token's unit.
        ink = worth * WAD // self.prices[asset]
        art = int(worth * self.dice.uniform(0.5, 0.72)) * WAD // self.prices[DAI]
        rows = ((account, slot_of(market, COLLATERAL), ink), (account, slot_of(market, DEBT), min(art, 1 << 100)))
        return changes(self.at, *(row for row in rows if row[2]))


class DutchVaults(RandomVaults):
    mechanism = "Dutch auction, maker@2.0"


class EnglishVaults(RandomVaults):
    mechanism = "English auction, maker@1.2"
    is_english = True


class DutchPool(RandomLoans):
    mechanism = "Dutch auction, seawall_dutch"
    label = "seawall_dutch"

    def verbs(self) -> list[tuple[int, Verb]]:
        slow = {"bid": 12, "wait": 45, "price": 10, "reset": 14}
        return [(slow.get(verb.__name__, weight), verb) for weight, verb in with_auctions(super().verbs())]

    def wait(self) -> Event:
        """Let as much time pass as the auctions' clock takes at once, most often: they grow old in small steps only."""
        self.at += self.dice.choice((1_000, 299_000, 300_000, 300_000, 300_000, 3_600_000))
        return BlockObserved(self.at, self.state.block_number + 1)


AUCTIONS = (DutchVaults, EnglishVaults, DutchPool)
