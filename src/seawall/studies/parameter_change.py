"""A change of risk parameters: who is liquidated by it at once, at what loss, and how far one may go in one step.

Everything is the protocol's exact rule on the deployment as it stands. A change is taken in parts of 10,000: at part n a
parameter is before + n / 10,000 * (after - before), cut to whole basis points; at all of them it is what was asked. Each
account's weighted collateral moves one way along it, so whoever falls on the way is below at its end too.

A ramp goes in equal steps. It is safe where nobody falls by any one step, if after each step borrowers restore the health
they had: the first step is then the one that counts. Without that, only the first step's fall is known to be avoided.
With a volatility s a year a step is also asked with prices fallen by what 95 of 100 steps stay within,
exp(-1.645 * s * sqrt(step / year)); whoever falls by the prices alone is not counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import exp, sqrt
from typing import Final

import msgspec

from seawall.engine.engine import Engine
from seawall.errors import ConfigError
from seawall.fixed import WAD, div_down, div_up, mul_div_down
from seawall.ledger.event import Fill, FillsReported, OffersContinued, RiskParametersChanged
from seawall.ledger.market import Market, RiskParameters
from seawall.ledger.order import RefuseEvent, SettleFill
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Health
from seawall.units import Milliseconds, Price, Ratio, Value

PARTS: Final = 10_000
BPS_RATIO: Final = 10**14
OFFERS_MAX: Final = 10**9
FILLS_MAX: Final = 64
DAY_MS: Final = 86_400_000
YEAR_MS: Final = 365 * DAY_MS
_QUANTILE_F64: Final = 1.645

Change = Mapping[int, RiskParameters]
"""The parameters that some markets are to have, by the market's number."""


class Fallen(msgspec.Struct, frozen=True):
    """Accounts that a change puts below the line."""

    account_count: int
    collateral_value: Value
    debt_value: Value


class Liquidated(msgspec.Struct, frozen=True):
    """What one account loses when keepers take all that they may: bonus and fee, at the prices of now."""

    account: bytes
    health_before_ratio: Ratio
    health_after_ratio: Ratio
    debt_value: Value
    repay_value: Value
    loss_value: Value


class Step(msgspec.Struct, frozen=True):
    """How far one step may go: the largest part of the change by which nobody falls, and how many steps that makes.

    `step_count` is None where even the smallest part makes somebody fall.
    """

    part: int
    step_count: int | None


class Ramp(msgspec.Struct, frozen=True):
    """A ramp in equal steps, and who falls by its first step; `with_prices` with prices fallen too, where they were stated."""

    duration_ms: Milliseconds
    step_count: int
    first_step: Fallen
    with_prices: Fallen | None

    @property
    def is_safe(self) -> bool:
        """Whether nobody falls by a step."""
        return not self.first_step.account_count and (self.with_prices is None or not self.with_prices.account_count)


class ParameterChange:
    """Asks an engine's deployment what a change would do; only `liquidated` changes it, and nothing can be asked after."""

    def __init__(self, engine: Engine, change: Change) -> None:
        self._engine = engine
        self._deployment, self._protocol = engine.state.deployment, engine.protocol
        self._change = change
        self._protocol.check_markets(self._markets_at(PARTS))
        deployment = self._deployment
        self._healthy = [
            row
            for row in range(deployment.book.account_count)
            if self._protocol.is_at_risk(deployment, row) and not self._protocol.is_liquidatable(deployment, row)
        ]
        self.fallen_rows = self._rows_below(self._healthy, PARTS)
        self.already_below_count = len(engine.state.episodes)

    def fallen(self) -> Fallen:
        """Return who is liquidatable at once by all of the change."""
        return self._sums(self.fallen_rows)

    def safe_step(self, prices: Mapping[int, Price] | None = None) -> Step:
        """Return the largest step by which nobody falls, with prices by asset in place of those of now where given."""
        with self._prices(prices):
            watched = self._rows_below(self._watched(), PARTS)
            low, high = 0, PARTS
            while low < high:
                middle = div_up(low + high, 2)
                low, high = (low, middle - 1) if self._rows_below(watched, middle) else (middle, high)
        return Step(low, div_up(PARTS, low) if low else None)

    def ramp(self, duration_ms: Milliseconds, step_ms: Milliseconds, prices: Mapping[int, Price] | None) -> Ramp:
        """Return a ramp of one step each `step_ms`, at least one, and who falls by the first."""
        step_count = max(1, div_down(duration_ms, step_ms))
        part = div_up(PARTS, step_count)
        now = self._sums(self._rows_below(self.fallen_rows, part))
        if prices is None:
            return Ramp(duration_ms, step_count, now, None)
        with self._prices(prices):
            return Ramp(duration_ms, step_count, now, self._sums(self._rows_below(self._watched(), part)))

    def fallen_prices(self, volatilities: Mapping[int, float], step_ms: Milliseconds) -> dict[int, Price]:
        """Return the prices, by asset, that 95 of 100 steps stay above; volatilities are a year's."""
        fallen = {}
        for asset, volatility_f64 in volatilities.items():
            price = self._deployment.prices[asset]
            if price is not None:
                fall_f64 = exp(-_QUANTILE_F64 * volatility_f64 * sqrt(step_ms / YEAR_MS))
                fallen[asset] = mul_div_down(price, round(fall_f64 * WAD), WAD)
        return fallen

    def liquidated(self) -> list[Liquidated]:
        """Make the change in the engine, let keepers take all that they may, and return who lost what, the most first."""
        before = {row: self._health(row) for row in self.fallen_rows}
        engine, at = self._engine, self._deployment.at
        for number, parameters in self._change.items():
            for order in engine.apply(RiskParametersChanged(at, number, parameters)):
                if isinstance(order, RefuseEvent):
                    raise ConfigError(order.detail)
        while engine.offers_are_waiting:
            engine.apply(OffersContinued(at, OFFERS_MAX))
        after = {row: self._health(row) for row in self.fallen_rows}
        losses = {row: self._take_all(row) for row in self.fallen_rows}
        found = [
            Liquidated(
                self._deployment.book.account_at(row), before[row].health_factor_ratio, after[row].health_factor_ratio,
                before[row].debt_value, *losses[row],
            )
            for row in self.fallen_rows
        ]  # fmt: skip
        return sorted(found, key=lambda lost: (-lost.loss_value, -lost.debt_value, lost.account))

    # -- the deployment on the way ------------------------------------------------------------------------

    def _markets_at(self, part: int) -> list[Market]:
        markets = list(self._deployment.markets)
        for number, asked in self._change.items():
            before = markets[number].parameters
            parameters = asked if part == PARTS else _between(before, asked, part)
            markets[number] = msgspec.structs.replace(markets[number], parameters=parameters)
        return markets

    def _rows_below(self, rows: Sequence[int], part: int) -> list[int]:
        """Return which of these rows are below the line with a part of the change made."""
        if not part:
            return []
        deployment = self._deployment
        held, deployment.markets = deployment.markets, self._markets_at(part)
        try:
            return [row for row in rows if self._protocol.is_liquidatable(deployment, row)]
        finally:
            deployment.markets = held

    def _watched(self) -> list[int]:
        """Return who is above the line now and stays there at the deployment's prices without the change."""
        return [row for row in self._healthy if not self._protocol.is_liquidatable(self._deployment, row)]

    @contextmanager
    def _prices(self, prices: Mapping[int, Price] | None) -> Iterator[None]:
        held = list(self._deployment.prices)
        for asset, price in (prices or {}).items():
            self._deployment.prices[asset] = price
        try:
            yield
        finally:
            self._deployment.prices[:] = held

    def _health(self, row: int) -> Health:
        health = self._protocol.health(self._deployment, row)
        assert isinstance(health, Health), health
        return health

    def _sums(self, rows: Sequence[int]) -> Fallen:
        healths = [self._health(row) for row in rows]
        return Fallen(
            len(rows),
            sum(health.collateral_value for health in healths),
            sum(health.debt_value for health in healths),
        )

    def _take_all(self, row: int) -> tuple[Value, Value]:
        """Fill the account's order as often as the rule allows; return what was repaid and what the borrower lost."""
        state = self._engine.state
        account = state.deployment.book.account_at(row)
        repaid = lost = 0
        for fill_id in range(FILLS_MAX):
            episode = state.episodes.get(row)
            limit = self._protocol.liquidation_limit(state.deployment, row)
            if episode is None or not episode.order_id or isinstance(limit, Refusal):
                break
            fill = Fill(
                episode.order_id, fill_id, account, 0, limit.debt_market, limit.collateral_market, limit.repay_amount
            )
            settled = [
                order
                for order in self._engine.apply(FillsReported(state.deployment.at, (fill,)))
                if isinstance(order, SettleFill)
            ]
            if not settled:
                break
            repaid += sum(order.repay_value for order in settled)
            lost += sum(order.seize_value + order.fee_value - order.repay_value for order in settled)
        return repaid, lost


def _between(before: RiskParameters, after: RiskParameters, part: int) -> RiskParameters:
    """Return the parameters part of the way, ratios that move cut to whole basis points."""
    moved = {
        name: _cut(getattr(before, name), getattr(after, name), part)
        for name in before.__struct_fields__
        if name != "version" and getattr(before, name) != getattr(after, name)
    }
    return msgspec.structs.replace(before, **moved)


def _cut(before: Ratio, after: Ratio, part: int) -> Ratio:
    reached = div_down(before * (PARTS - part) + after * part, PARTS)
    return div_down(reached, BPS_RATIO) * BPS_RATIO
