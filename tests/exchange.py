"""A small exchange of contracts behind a real engine, and a hand that trades at mark prices."""

from tests.deployments import changes, named

from seawall.engine.engine import Engine
from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import Buffer, OracleRule, Policy
from seawall.ledger.event import DeploymentOpened, Fill, FillsReported, OracleRound, PriceObserved
from seawall.ledger.market import COLLATERAL, DEBT, MarginTier, Market, MarketState, RiskParameters, slot_of
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named

PERPETUAL = protocol_named("perpetual")
USD, BTC, ETH = range(3)
UNITS = (10**6, 10**8, 10**18)
TIERS = (MarginTier(0, 10**16), MarginTier(100_000 * WAD, 2 * 10**16), MarginTier(10**6 * WAD, 5 * 10**16))
BONUS = RiskParameters(0, 0, 5 * 10**15)
POLICY = Policy(warning_health_ratio=2 * WAD, buffers=(Buffer("insurance_fund", ((USD, 500 * UNITS[USD]),)),))
LONG, SHORT = named("long"), named("short")
HOUR = 3_600_000


class Exchange:
    """An engine of contracts and a hand that trades at mark prices."""

    protocol = PERPETUAL

    def __init__(self, make=FullRecompute, funding_ray=0, tiers=TIERS, policy=POLICY):
        markets = (
            Market("USD", USD, USD, RiskParameters(0, WAD, 0)),
            Market("BTC", BTC, BTC, BONUS, debt_rate_ray=funding_ray, margin_tiers=tiers),
            Market("ETH", ETH, ETH, BONUS, margin_tiers=tiers),
        )
        self.at = 1_700_000_000_000
        opened = DeploymentOpened(
            self.at, PERPETUAL.label, 20, (Asset("USD", 6), Asset("BTC", 8), Asset("ETH", 18)), markets,
            tuple(MarketState(accrued_at=self.at) for _ in markets), (OracleRule(),) * 3, policy,
        )  # fmt: skip
        self.engine = Engine(protocol_named, make)
        self.events, self.said = [], []
        self.tell(opened)
        self.price(1, 60_000, 2_500)

    @property
    def state(self):
        return self.engine.state

    @property
    def deployment(self):
        return self.state.deployment

    def tell(self, event):
        self.events.append(event)
        self.said.append(self.engine.apply(event))
        return self.said[-1]

    def price(self, *dollars):
        rounds = tuple(OracleRound(n, int(price * WAD), self.at) for n, price in enumerate(dollars))
        return self.tell(PriceObserved(self.at, rounds))

    def trade(self, account, market, amount, cash=0):
        """Buy `amount` base units at the mark price, or sell if negative, and put `cash` dollars in beside."""
        price = self.deployment.prices[market] - self.deployment.market_states[market].funding_value
        paid = -(-amount * price * UNITS[USD] // (UNITS[market] * WAD))
        row = self.deployment.book.row_of(account)
        held = self.deployment.book.balance(row, slot_of(USD, COLLATERAL)) if row >= 0 else 0
        owed = self.deployment.book.balance(row, slot_of(USD, DEBT)) if row >= 0 else 0
        after = held - owed + cash * UNITS[USD] - paid
        side = COLLATERAL if amount > 0 else DEBT
        moves = [(account, slot_of(market, side), abs(amount))] if amount else []
        moves += [
            (account, slot_of(USD, COLLATERAL), max(after, 0) - held),
            (account, slot_of(USD, DEBT), max(-after, 0) - owed),
        ]
        return self.tell(changes(self.at, *(move for move in moves if move[2])))

    def fill(self, order, repay_amount=None, fill_id=0):
        amount = order.repay_amount_max if repay_amount is None else repay_amount
        fill = Fill(order.order_id, fill_id, order.account, 7, order.debt_market, order.collateral_market, amount)
        return self.tell(FillsReported(self.at, (fill,)))

    def health(self, account):
        return PERPETUAL.health(self.deployment, self.deployment.book.row_of(account))

    def balance(self, account, market, side):
        return self.deployment.book.balance(self.deployment.book.row_of(account), slot_of(market, side))
