"""The simulated world: a price path, oracle feeds, blocks, keepers and depth, behind the ports of a real chain.

First come the opening events. Then, at each block interval in which something happens (a tick of the path, an oracle
round that lands, an order that a keeper is to look at), the keepers decide on the state as it stands; then the block
is observed with its rounds, and the fills run in it. Intervals in which nothing happens are skipped and counted.
The path's end is followed by a settling time, in which the price stands still and feeds and keepers go on.

The world is a pure function of the opening, the path, the rules and the orders that it receives: the chance is in the
path and in the book, drawn before, so another policy meets the same crash. Sales press on the depth, not on the path.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence

import msgspec

from seawall.fixed import WAD, div_up
from seawall.keeper.ports import StateView
from seawall.ledger.event import BlockObserved, DeploymentOpened, Event, FillsReported, OracleRound
from seawall.ledger.order import Order, singly
from seawall.units import Milliseconds
from seawall.world.auction_keepers import AuctionKeepers
from seawall.world.depth import Depth, DepthTable
from seawall.world.keepers import KeeperRule, Keepers
from seawall.world.oracle_feed import FeedRule, publications
from seawall.world.price_path import Grid, PricePath


class WorldRules(msgspec.Struct, frozen=True):
    """What the world is made of, beside its path; `feeds` and `depths` are by asset, in the deployment's order."""

    block_ms: Milliseconds
    settling_ms: Milliseconds
    feeds: tuple[FeedRule, ...]
    depths: tuple[DepthTable, ...]
    keepers: KeeperRule


class World:
    """One run of the world; it implements `Outside`. The path has, by symbol, every asset that is held; others have no price."""

    def __init__(self, opening: Sequence[Event], path: PricePath, rules: WorldRules, view: StateView) -> None:
        opened = opening[0]
        assert isinstance(opened, DeploymentOpened), opened
        self._view = view
        self._grid = path.grid
        self._block_ms = rules.block_ms
        self._units = [asset.unit for asset in opened.assets]
        self._symbols = [asset.symbol for asset in opened.assets]
        self._series = [path.prices.get(symbol, ()) for symbol in self._symbols]
        self._depths = [Depth(table) for table in rules.depths]
        self._keepers = Keepers(rules.keepers, opened.assets, opened.markets, self._depths)
        self._auction_keepers = AuctionKeepers(rules.keepers, opened.markets, self._depths)
        self._last_block = div_up(path.grid.end_at - path.grid.start_at + rules.settling_ms, rules.block_ms)
        self._rounds = self._landing_rounds(rules.feeds, rules.settling_ms)
        ticks = {self._block_from(path.grid.at(tick)) for tick in range(path.grid.count)}
        self._eventful = sorted((ticks | self._rounds.keys()), reverse=True)
        self._pending: deque[Event] = deque(opening)
        self._block = -1
        self._tick = -1
        self._unit_values_f64: list[float] = []
        self._at = path.grid.start_at
        self._blocks_observed = 0
        self._rounds_observed = 0
        self._fills_sent = 0

    # -- the port -----------------------------------------------------------------------------------------

    def next_event(self) -> Event | None:
        """Return the next event of the opening, the next block, or the fills of the block just observed."""
        if self._pending:
            return self._pending.popleft()
        block = self._next_block()
        if block is None:
            return None
        self._block, self._at = block, self._grid.start_at + block * self._block_ms
        self._look_at_market()
        fills = self._keepers.decide(self._at, self._view, self._unit_values_f64)
        if fills:
            self._pending.append(FillsReported(self._at, fills))
        self._pending.extend(self._auction_keepers.decide(self._at, self._view, self._unit_values_f64))
        rounds = tuple(self._rounds.get(block, ()))
        self._blocks_observed += 1
        self._rounds_observed += len(rounds)
        self._fills_sent += len(fills)
        return BlockObserved(self._at, block, rounds)

    def receive(self, orders: Sequence[Order]) -> None:
        """Give orders to the keepers."""
        for order in singly(orders):
            self._keepers.receive(order, self._at, self._view, self._unit_values_f64)
            self._auction_keepers.receive(order, self._at, self._unit_values_f64)

    # -- blocks -------------------------------------------------------------------------------------------

    def _block_from(self, at: Milliseconds) -> int:
        """Return the first block at or after `at`."""
        return div_up(at - self._grid.start_at, self._block_ms)

    def _next_block(self) -> int | None:
        """Return the next block in which something happens, or None past the last one."""
        while self._eventful and self._eventful[-1] <= self._block:
            self._eventful.pop()
        candidates = [self._eventful[-1]] if self._eventful else []
        for due_at in (self._keepers.next_due_at, self._auction_keepers.next_due_at):
            if due_at is not None:
                candidates.append(max(self._block_from(due_at), self._block + 1))
        block = min(candidates, default=None)
        return None if block is None or block > self._last_block else block

    def _landing_rounds(self, feeds: Sequence[FeedRule], settling_ms: Milliseconds) -> dict[int, list[OracleRound]]:
        """Return the rounds of each block; the opening values are in block 0."""
        grid = self._grid
        settling_ticks = div_up(settling_ms, grid.step_ms)
        extended = Grid(grid.start_at, grid.step_ms, grid.count + settling_ticks)
        landing: dict[int, list[OracleRound]] = {}
        for asset, (series, rule) in enumerate(zip(self._series, feeds, strict=True)):
            if not series:
                continue
            published = publications(extended, series + series[-1:] * settling_ticks, rule)
            for nth, (observed_at, price) in enumerate(published):
                block = self._block_from(observed_at + rule.delay_ms) if nth else 0
                landing.setdefault(block, []).append(OracleRound(asset, price, observed_at))
        for rounds in landing.values():
            rounds.sort(key=lambda landed: (landed.observed_at, landed.asset))
        return landing

    def _look_at_market(self) -> None:
        tick = self._grid.tick_at(self._at)
        if tick != self._tick:
            self._tick = tick
            self._unit_values_f64 = [
                series[tick] / WAD / unit if series else 0.0
                for series, unit in zip(self._series, self._units, strict=True)
            ]

    # -- for the report -----------------------------------------------------------------------------------

    @property
    def reasons(self) -> Mapping[bytes, str]:
        """Why the keepers have not liquidated the account of each open order."""
        return self._keepers.reasons

    def counters(self) -> dict[str, int | str]:
        """Return what happened outside the engine: counts, and values to the cent in the unit of account."""
        keepers, at_auction = self._keepers, self._auction_keepers
        profits_f64 = [left + right for left, right in zip(keepers.profit_f64, at_auction.profit_f64, strict=True)]
        counted: dict[str, int | str] = {
            "blocks_observed": self._blocks_observed,
            "blocks_skipped": self._block + 1 - self._blocks_observed,
            "oracle_rounds": self._rounds_observed,
            "fills_sent": self._fills_sent,
            "fills_refused": keepers.refused_count + at_auction.refused_count,
            "keeper_profit_value": _cents(sum(profits_f64)),
            "keepers_at_a_loss": sum(profit_f64 < 0 for profit_f64 in profits_f64),
        }
        for symbol, depth in zip(self._symbols, self._depths, strict=True):
            if depth.sold_amount:
                counted[f"sold_amount_{symbol}"] = str(depth.sold_amount)
                counted[f"sold_value_{symbol}"] = _cents(depth.sold_value_f64)
                counted[f"proceeds_value_{symbol}"] = _cents(depth.proceeds_f64)
                counted[f"impact_percent_max_{symbol}"] = _cents(depth.impact_worst_f64 * 100)
        for reason, count in sorted(Counter(keepers.reasons.values()).items()):
            counted[f"waiting_{reason}"] = count
        return counted


def _cents(value_f64: float) -> str:
    return f"{value_f64:.2f}"
