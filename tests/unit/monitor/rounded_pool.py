"""A pool with every unkind rounding at once, for tests of the monitor; exact, small, and no real protocol.

Amounts round half up, values floor to 1e-8 of the unit of account position by position, and the value-weighted average
threshold floors to a whole basis point before the collateral is multiplied with it, which floors again.
"""

from seawall.fixed import BPS, RAY, WAD, div_down, mul_div_down, mul_div_half_up
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, market_of, side_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import BadDebt, Health, Limit, Proof, Protocol, Quote, ScreenSlack
from seawall.rules.margin import HEALTH_FACTOR_MAX

E8_IN_WAD = 10**10
THRESHOLD_BPS_MIN = 1000


class RoundedPool(Protocol):
    name = "rounded_pool"
    version = "1"
    proof = Proof.OWN

    def __init__(self) -> None:
        self.weights_asked = 0

    def check_markets(self, markets) -> None:
        pass

    def accrue(self, deployment: Deployment, to: int) -> bool:
        return False

    def amount_of(self, deployment: Deployment, slot: int, balance: int) -> int:
        state = deployment.market_states[market_of(slot)]
        return mul_div_half_up(balance, state.debt_index if side_of(slot) == DEBT else state.collateral_index, RAY)

    def balance_of(self, deployment: Deployment, slot: int, amount: int) -> int:
        state = deployment.market_states[market_of(slot)]
        return mul_div_half_up(amount, RAY, state.debt_index if side_of(slot) == DEBT else state.collateral_index)

    def _threshold_bps(self, deployment: Deployment, market: int, category: int) -> int:
        parameters = deployment.markets[market].parameters_in(category)
        return div_down(parameters.liquidation_threshold_ratio * BPS, WAD)

    def margin_weight(self, deployment: Deployment, slot: int, category: int) -> tuple[int, int] | None:
        self.weights_asked += 1
        market = market_of(slot)
        price, state = deployment.prices[market], deployment.market_states[market]
        if price is None:
            return None
        if side_of(slot) == DEBT:
            return state.debt_index * price, RAY * deployment.units[market]
        bps = self._threshold_bps(deployment, market, category)
        return state.collateral_index * price * bps, RAY * deployment.units[market] * BPS

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        return ScreenSlack(
            collateral_units=1,
            debt_units=1,
            collateral_ratio=WAD // THRESHOLD_BPS_MIN,
            debt_ratio=0,
            value=257 * E8_IN_WAD,
        )

    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        collateral = weighted = debt = 0
        category = deployment.book.category_of(row)
        for slot, balance in deployment.book.positions(row):
            market = market_of(slot)
            price = deployment.prices[market]
            if price is None:
                return Refusal.PRICE_MISSING
            value = mul_div_down(self.amount_of(deployment, slot, balance), price, deployment.units[market] * E8_IN_WAD)
            if side_of(slot) == DEBT:
                debt += value
            elif bps := self._threshold_bps(deployment, market, category):
                collateral += value
                weighted += value * bps
        average_bps = div_down(weighted, collateral) if collateral else 0
        within = mul_div_down(collateral, average_bps, BPS)
        ratio = mul_div_down(within, WAD, debt) if debt else HEALTH_FACTOR_MAX
        return Health(collateral * E8_IN_WAD, within * E8_IN_WAD, debt * E8_IN_WAD, ratio, within < debt)

    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        health = self.health(deployment, row)
        return isinstance(health, Health) and health.is_liquidatable

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        return Refusal.HEALTHY

    def quote(self, deployment: Deployment, row: int, *proposal: int) -> Quote | Refusal:
        return Refusal.HEALTHY

    def settle(self, deployment: Deployment, quote: Quote) -> None:
        raise AssertionError("the monitor settles nothing")

    def write_off(self, deployment: Deployment, row: int) -> tuple[BadDebt, ...]:
        raise AssertionError("the monitor writes nothing off")
