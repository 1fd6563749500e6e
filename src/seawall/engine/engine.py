"""The engine: `apply` is the only door. An event goes in, orders come out, and nothing else passes.

    intake (positions, prices) -> accrual -> monitor -> exact health -> offers; fills -> settlement -> waterfall

Orders of one event come in a fixed sequence: what the event itself caused, then withdrawals, then refusals, then
offers by priority, then losses covered late, then breakers, then warnings. Everything here is integers; the monitor's floats only say where to look.
"""

from collections.abc import Callable, Iterable
from itertools import compress, repeat

from seawall.engine import intake, oracle, permission
from seawall.engine.auction_house import AuctionEvent, pass_auction_time, take_auction_event
from seawall.engine.backstop import move_backstop, rows_taking_over
from seawall.engine.breakers import move_breakers, operator_decision
from seawall.engine.deleveraging import auto_deleverage, check_deleveraging
from seawall.engine.invariants import check_invariants
from seawall.engine.liquidation_clock import run_clock, start_waiting
from seawall.engine.losses import change_fund, pay_waiting_losses
from seawall.engine.offers import end_episode, look_again_later, offers, rows_to_look_at, withdraw
from seawall.engine.proposals import narrow_order
from seawall.engine.restitutions import rule_invalid
from seawall.engine.settlement import settle_fill, write_off
from seawall.engine.state import Episode, State
from seawall.engine.warnings import move_warnings
from seawall.engine.withdrawals import count_outflows, move_gate
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.deployment import Deployment
from seawall.ledger.event import (
    AuctionEndsRequested,
    AuctionResetsRequested,
    AuctionsRequested,
    BackstopChanged,
    BidsReported,
    BlockObserved,
    CategoryChanged,
    ClaimsTaken,
    DeploymentOpened,
    Event,
    FillsReported,
    FundChanged,
    OffersContinued,
    OperatorDecided,
    OracleRound,
    PositionsChanged,
    PriceObserved,
    PriceRuledInvalid,
    RiskParametersChanged,
    SizeProposed,
)
from seawall.ledger.order import EndAuction, Order, RefuseEvent, SettleFill, StartAuction
from seawall.ledger.refusal import Refusal
from seawall.monitor.judge import Judge, listed
from seawall.monitor.monitor import NO_ROWS, Monitor, RowColumn, Rows
from seawall.monitor.pieces_monitor import MakeMonitor, monitor_of
from seawall.protocols.composed import composed_protocol
from seawall.protocols.protocol import Protocol
from seawall.rules.loss_waterfall import waterfall_mistake
from seawall.units import Milliseconds

MakeJudge = Callable[[Deployment, Protocol], Judge]
FindProtocol = Callable[[str], Protocol]
SignatureCheck = Callable[[OperatorDecided | PriceRuledInvalid], bool]


def no_signature_is_valid(_: OperatorDecided | PriceRuledInvalid) -> bool:
    """Refuse every operator: what an engine does that was given no way to check them."""
    return False


class Engine:
    """One deployment's engine.

    `find_protocol` and `make_judge` are asked once, at the first event, `make_monitor` once a line. Every `check_every` events all named
    invariants are checked (0: never).
    """

    state: State
    protocol: Protocol
    monitor: Monitor
    warner: Monitor | None
    judge: Judge

    def __init__(
        self,
        find_protocol: FindProtocol,
        make_monitor: MakeMonitor,
        *,
        make_judge: MakeJudge = Judge,
        check_every: int = 1,
        signature_is_valid: SignatureCheck = no_signature_is_valid,
    ) -> None:
        self._find_protocol = find_protocol
        self._make_monitor = make_monitor
        self._make_judge = make_judge
        self._check_every = check_every
        self._signature_is_valid = signature_is_valid
        self._waiting: Rows = NO_ROWS
        """Who waits for an `OffersContinued`, worst first: ranked once and good while no event but that comes."""
        self._intact: set[int] = set()
        """Of whom the rule found nothing lost, and nothing that it looks at has moved since: it need not be asked again."""
        self.is_open = False

    def apply(self, event: Event) -> tuple[Order, ...]:
        """Take an event in and return the orders that it causes, in the sequence in which they are to leave."""
        if isinstance(event, DeploymentOpened):
            assert not self.is_open, "a deployment is opened once"
            self._open(State(event))
            orders: list[Order] = []
        else:
            assert self.is_open, "the first event is DeploymentOpened"
            assert event.at >= self.state.deployment.at, (event.at, self.state.deployment.at)
            orders = self._take(event)
        self.state.event_count += 1
        if self._check_every and self.state.event_count % self._check_every == 0:
            check_invariants(self.state, self.protocol, orders)
        return tuple(orders)

    @property
    def offers_are_waiting(self) -> bool:
        """Whether accounts below the line wait for an `OffersContinued` to get their offers."""
        return self.is_open and self.state.offers_are_waiting

    def maintain(self, count: int) -> None:
        """Let the monitors do work that waits, for at most so many accounts each; called between events, it changes no answer."""
        if self.is_open:
            self.monitor.maintain(count)
            self.judge.maintain(count)
            if self.warner is not None:
                self.warner.maintain(count)

    def restore(self, state: State) -> None:
        """Go on from a snapshot instead of from the first event."""
        assert not self.is_open, "a deployment is opened once"
        self._open(state)

    def _open(self, state: State) -> None:
        self.state = state
        composition = state.opened.composition
        self.protocol = (
            self._find_protocol(state.opened.protocol) if composition is None else composed_protocol(composition)
        )
        for market in state.deployment.markets:
            if not market.has_shares:
                raise ConfigError(
                    f"a ratio of market {market.symbol} is negative or a share more than {WAD} (WAD), {market}"
                )
        self.protocol.check_markets(state.deployment.markets)
        has_winners = self.protocol.closes_winners
        mistake = waterfall_mistake(state.policy, len(state.deployment.markets), has_winners=has_winners)
        if mistake is not None:
            raise ConfigError(mistake)
        check_deleveraging(state)
        self.monitor = monitor_of(self._make_monitor, state.deployment, self.protocol, WAD)
        self.monitor.rebuild(state.episodes)
        self.warner = self._make_warner()
        self.judge = self._make_judge(state.deployment, self.protocol)
        self.is_open = True

    def _make_warner(self) -> Monitor | None:
        """Return the monitor of the warning line, if the policy has one; raises ConfigError where it is not above one."""
        line_ratio = self.state.policy.warning_health_ratio
        if not line_ratio:
            return None
        if line_ratio <= WAD:
            raise ConfigError(f"warning health factor {line_ratio} (WAD) is not above the line of liquidation, {WAD}")
        warner = monitor_of(self._make_monitor, self.state.deployment, self.protocol, line_ratio)
        warner.rebuild(self.state.warned)
        return warner

    def _take(self, event: Event) -> list[Order]:
        state = self.state
        if not isinstance(event, OffersContinued):
            self._waiting = NO_ROWS
        if state.deployment.at != event.at:
            self._pass_time(event.at)
        offers_max = state.policy.offers_per_event_max
        match event:
            case PriceObserved():
                orders, rows = self._observe(event.rounds)
            case BlockObserved():
                state.block_number = event.number
                orders, rows = self._observe(event.rounds)
            case PositionsChanged():
                orders, rows = self._change_positions(event)
            case FillsReported():
                orders, rows = self._settle(event)
            case AuctionsRequested() | BidsReported() | AuctionResetsRequested() | AuctionEndsRequested():
                orders, rows = self._auction(event)
            case CategoryChanged():
                orders, rows = self._change_category(event)
            case RiskParametersChanged():
                orders, rows = self._change_parameters(event)
            case OffersContinued():
                offers_max = event.offers_max
                orders, rows = [], set()
            case _:
                orders, rows = self._meet(event), set()
        return orders + self._examine(rows, offers_max)

    def _meet(self, event: Event) -> list[Order]:
        """Meet or refuse what moves no position."""
        state = self.state
        match event:
            case SizeProposed():
                return [narrow_order(state, self.protocol, event)]
            case FundChanged():
                return change_fund(state, event)
            case OperatorDecided():
                return operator_decision(state, event, self._signature_is_valid)
            case PriceRuledInvalid():
                return rule_invalid(state, event, self._signature_is_valid)
            case BackstopChanged() | ClaimsTaken():
                return move_backstop(state, self.protocol, event)
        raise AssertionError(f"{type(event).__name__} is no event of a deployment that is open")

    def _pass_time(self, at: Milliseconds) -> None:
        deployment = self.state.deployment
        pass_auction_time(self.state, self.protocol, at)
        passed_ms = at - deployment.at
        if self.protocol.accrue(deployment, at):
            self._reprice(None)
        deployment.at = at
        oracle.grow_stale(self.state)
        run_clock(self.state, self.protocol, passed_ms)

    def _touch(self, row: int) -> None:
        self._intact.discard(row)
        self.monitor.touch(row)
        self.judge.note(row)
        if self.warner is not None:
            self.warner.touch(row)

    def _reprice(self, markets: Iterable[int] | None) -> None:
        self._waiting = NO_ROWS
        self._intact.clear()
        self.monitor.reprice(markets)
        if self.warner is not None:
            self.warner.reprice(markets)

    # -- what each event does; returns its orders and the rows to decide whatever the screen says ------------

    def _observe(self, rounds: tuple[OracleRound, ...]) -> tuple[list[Order], set[int]]:
        markets = oracle.observe(self.state, rounds)
        if markets and self.state.deleveraging is not None:
            self.state.deleveraging.price_entries(self.state.deployment)
        if markets:
            self._reprice(markets)
        return [], set()

    def _change_positions(self, event: PositionsChanged) -> tuple[list[Order], set[int]]:
        changed = intake.change_positions(self.state, self.protocol, event)
        if isinstance(changed, RefuseEvent):
            return [changed], set()
        count_outflows(self.state, self.protocol, event)
        self.protocol.restake(self.state.deployment, changed)
        if self.state.deleveraging is not None:
            self.state.deleveraging.enter(self.state.deployment, event)
        for row in changed:
            self._touch(row)
        if self.protocol.balances_move_indices:
            self._reprice(intake.markets_in(event))
        return [], changed & self.state.episodes.keys()

    def _settle(self, event: FillsReported) -> tuple[list[Order], set[int]]:
        """Settle fills; whoever rose above the line by one, the screen finds like anyone else."""
        orders: list[Order] = []
        rows: set[int] = set()
        markets: set[int] = set()
        for fill in event.fills:
            caused = settle_fill(self.state, self.protocol, fill)
            orders += caused
            if isinstance(caused[0], SettleFill):
                rows.add(self.state.order_rows[fill.order_id])
                rows |= rows_taking_over(self.state, caused)
                markets |= {fill.debt_market, fill.collateral_market}
        for row in rows:
            self._touch(row)
        self._reprice_moved(markets)
        return orders, set()

    def _auction(self, event: AuctionEvent) -> tuple[list[Order], set[int]]:
        """Let the auction house act; whoever rose above the line by it, the screen finds like anyone else."""
        orders = take_auction_event(self.state, self.protocol, event)
        for account in {order.account for order in orders if isinstance(order, StartAuction | EndAuction)}:
            self._touch(self.state.deployment.book.row_of(account))
        return orders, set()

    def _change_category(self, event: CategoryChanged) -> tuple[list[Order], set[int]]:
        row = intake.change_category(self.state, event)
        if isinstance(row, RefuseEvent):
            return [row], set()
        self._touch(row)
        return [], {row} & self.state.episodes.keys()

    def _change_parameters(self, event: RiskParametersChanged) -> tuple[list[Order], set[int]]:
        markets = self.state.deployment.markets
        if not 0 <= event.market < len(markets):
            return [RefuseEvent(Refusal.MARKET_UNKNOWN, f"market {event.market} of {len(markets)}")], set()
        if not event.parameters.are_shares:
            said = f"a ratio is negative or a share more than {WAD} (WAD), {event.parameters}"
            return [RefuseEvent(Refusal.PARAMETERS_REFUSED, said)], set()
        changed = markets[event.market].with_parameters(event.category, event.parameters)
        try:
            self.protocol.check_markets([*markets[: event.market], changed, *markets[event.market + 1 :]])
        except ConfigError as error:
            return [RefuseEvent(Refusal.PARAMETERS_REFUSED, str(error))], set()
        markets[event.market] = changed
        self._reprice([event.market])
        return [], set()

    def _reprice_moved(self, markets: set[int]) -> None:
        """Tell the monitor of markets whose totals moved, where a stored unit is worth what the totals say."""
        if self.protocol.balances_move_indices:
            self._reprice(markets)

    # -- who is below the line, and what is done about it -------------------------------------------------

    def _examine(self, rows: set[int], offers_max: int) -> list[Order]:
        """Decide every account whose status is not certain; withdraw, write off, offer.

        `rows` changed by themselves: their status is decided whatever the screen says, and a refusal is reconsidered.
        At most `offers_max` accounts, 0 for all, begin their time below the line.
        """
        state = self.state
        if len(self._waiting):
            fallen, risen = self._next_of_waiting(offers_max)
        else:
            asked = rows | state.episodes.keys() if self.protocol.lets_go_unseen else rows
            fallen, risen = self._decided(asked, self._undecided(), offers_max)
        self._begin_episodes(fallen)
        orders = self._close_episodes(risen)
        if state.deleveraging is not None and not state.offers_are_waiting:
            orders += self._auto_deleverage(fallen, offers_max)
        due, freed = rows_to_look_at(state), permission.rows_freed(state)
        if rows or fallen or due or freed:
            orders += self._respond(rows, fallen, due, freed)
        orders += [*pay_waiting_losses(state), *move_gate(state)]
        orders += move_breakers(state, self.protocol)
        return orders if self.warner is None else orders + move_warnings(state, self.judge, self.warner)

    def _decided(self, rows: set[int], undecided: RowColumn, offers_max: int) -> tuple[list[int], list[int]]:
        """Return the rows that are below the line now and were not before, and those the other way round.

        Of the former only the `offers_max` worst, 0 for all: the others stay undecided, and wait. `rows` are all in an
        episode, as is whoever the monitor has recorded as liquidatable.
        """
        state, judge = self.state, self.judge
        is_found = self.monitor.are_liquidatable(undecided)
        known = list({*undecided[is_found].tolist(), *rows})
        unknown = undecided[~is_found] if known else undecided
        risen = [row for row, is_below in zip(known, judge.are_liquidatable(known), strict=True) if is_below is False]
        state.offers_are_waiting = False
        if offers_max and len(unknown) > offers_max:
            ranked = judge.worst(unknown, offers_max, state.policy.priority_stress_ratio)
            fallen, self._waiting, state.offers_are_waiting = ranked
        else:
            fallen = list(compress(unknown.tolist(), judge.are_liquidatable(unknown)))
        self.monitor.set_liquidatable(risen, False)
        return fallen, risen

    def _next_of_waiting(self, offers_max: int) -> tuple[list[int], list[int]]:
        """Return what `_decided` would: the `offers_max` worst, 0 for all, of those who wait, and nobody who rose."""
        end = offers_max or len(self._waiting)
        fallen, self._waiting = listed(self._waiting[:end]), self._waiting[end:]
        self.state.offers_are_waiting = len(self._waiting) > 0
        return list(fallen), []

    def _begin_episodes(self, rows: list[int]) -> None:
        """Record that the time of these accounts below the line begins."""
        self.monitor.set_liquidatable(rows, True)
        self.state.episodes.update(zip(rows, map(Episode, repeat(self.state.deployment.at, len(rows))), strict=True))
        start_waiting(self.state, self.protocol, rows)

    def _respond(self, rows: set[int], fallen: list[int], due: list[int], freed: list[int]) -> list[Order]:
        """Withdraw what has expired, write off, and give an order, or a refusal, to whoever has none that holds.

        `rows` changed by themselves, `fallen` are new below the line, `due` are to be looked at again, `freed` were
        refused for a reason that is gone.
        """
        state, protocol = self.state, self.protocol
        orders: list[Order] = []
        expired = {row for row in due if state.episodes[row].expires_at <= state.deployment.at}
        for row in in_order(state, expired):
            orders += withdraw(state, row)
        reconsidered = {row for row in rows if row in state.episodes and state.episodes[row].declined is not None}
        # Nobody of these is among the fallen, who had no episode before.
        others = {*expired, *reconsidered, *freed}
        only_due = set(due) - others
        unanswered = [*fallen, *others]
        asked = [row for row in (*unanswered, *only_due) if row not in self._intact]
        lost = self._write_off(in_order(state, self.judge.may_be_lost(asked)))
        if lost:
            only_due &= state.episodes.keys()
            unanswered = [row for row in unanswered if row in state.episodes]
        for row in only_due:
            look_again_later(state, protocol, row)
        return orders + lost + offers(state, protocol, self.judge, unanswered)

    def _auto_deleverage(self, fallen: list[int], offers_max: int) -> list[Order]:
        """Close insolvent accounts against winners, write off what is left of them, and decide again about everybody it touched.

        `fallen` lists who began its time below the line in this event, and is kept so.
        """
        state = self.state
        closed = auto_deleverage(state, self.protocol)
        if not closed:
            return []
        row_of = state.deployment.book.row_of
        losers = {row_of(order.account) for order in closed}
        for row in losers | {row_of(cut.account) for order in closed for cut in order.record.cuts}:
            self._touch(row)
        orders = [*closed, *self._write_off(in_order(state, losers))]
        newly, risen = self._decided(losers & state.episodes.keys(), self._undecided(), offers_max)
        self._begin_episodes(newly)
        orders += self._close_episodes(risen)
        fallen[:] = [row for row in [*fallen, *newly] if row in state.episodes]
        return orders

    def _undecided(self) -> RowColumn:
        """Return the rows that the integer rule must decide; none before the first price, when it could not."""
        if all(price is None for price in self.state.deployment.prices):
            return NO_ROWS
        return self.monitor.detect()

    def _close_episodes(self, rows: list[int]) -> list[Order]:
        """End the time below the line of accounts that are healthy now, or have no debt left."""
        return [
            end_episode(self.state, row, Refusal.HEALTHY if self.judge.is_at_risk(row) else Refusal.NO_DEBT)
            for row in in_order(self.state, rows)
        ]

    def _write_off(self, rows: list[int]) -> list[Order]:
        """Write off what is already lost, and end the time below the line of who is above it then."""
        orders: list[Order] = []
        for row in rows:
            lost = write_off(self.state, self.protocol, row, None)
            if not lost:
                if permission.write_off_refusal(self.state, self.protocol, row) is None:
                    self._intact.add(row)
                continue
            orders += lost
            self._touch(row)
            self._reprice_moved({order.debt_market for order in lost})
            if self.judge.are_liquidatable([row]) == [False]:
                self.monitor.set_liquidatable([row], False)
                orders += self._close_episodes([row])
        return orders


def in_order(state: State, rows: Iterable[int]) -> list[int]:
    """Return rows in order of the account's bytes."""
    return sorted(rows, key=state.deployment.book.account_at)
