"""What must always be true, each a named function that raises; `docs/invariants.md` says each in a sentence.

Checked after every event in tests and every so many in production. They look at the state as a whole, so they
cost as much as the book is large.
"""

from collections.abc import Sequence
from itertools import zip_longest

from seawall.engine.state import NO_ORDER, State
from seawall.errors import InvariantViolation
from seawall.fixed import WAD
from seawall.ledger.deleveraging import EXACT_BUDGET, AutoDeleverage
from seawall.ledger.loss_ledger import LossEntry
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.ledger.order import AbsorbLoss, EndAuction, Liquidate, Order, SettleFill, StartAuction, singly
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Protocol
from seawall.rules.loss_waterfall import UNCOVERED_LOSS
from seawall.rules.redistribution import entire_amounts
from seawall.rules.restitution import is_ruled
from seawall.rules.stability_pool import claims
from seawall.units import Amount, Milliseconds


def check_invariants(state: State, protocol: Protocol, orders: Sequence[Order]) -> None:
    """Check every invariant of the state and of the orders that the last event caused."""
    balances_sum_to_market_total(state)
    no_account_is_missed(state, protocol)
    no_warning_is_missed(state, protocol)
    open_order_belongs_to_its_episode(state)
    buffer_is_never_negative(state)
    losses_are_paid_once(state)
    draws_are_payments(state)
    budget_is_never_exceeded(state)
    restitution_is_within_its_claims(state)
    backers_own_no_more_than_there_is(state)
    stakes_make_the_book(state)
    market_total_is_never_negative(state)
    auctions_sum_to_market_total(state)
    auction_accounts_for_its_money(orders)
    healthy_account_is_never_seized(orders)
    waterfall_pays_each_unit_once(orders)
    winners_pay_what_the_loser_gains(orders)
    winners_keep_their_margin(state, protocol, orders)
    offers_come_by_priority(orders)


def _must(holds: bool, name: str, found: object) -> None:
    if not holds:
        raise InvariantViolation(f"{name} does not hold: {found}")


def balances_sum_to_market_total(state: State) -> None:
    """The positions of every slot add up to the total that is kept for it, to the unit."""
    book = state.deployment.book
    kept, summed = book.balance_totals, book.recomputed_totals()
    _must(kept == summed, "balances_sum_to_market_total", (kept, summed))


def no_account_is_missed(state: State, protocol: Protocol) -> None:
    """Exactly the accounts that the protocol's integer rule calls liquidatable are in an episode.

    An account that needs an unknown price keeps the status that it had, and who waits for its offer has no episode yet.
    """
    deployment = state.deployment
    for row in range(deployment.book.account_count):
        is_at_risk = protocol.is_at_risk(deployment, row)
        if is_at_risk and isinstance(protocol.health(deployment, row), Refusal):
            continue
        is_below = is_at_risk and protocol.is_liquidatable(deployment, row)
        if is_below and state.offers_are_waiting:
            continue
        if is_below != (row in state.episodes):
            account = deployment.book.account_at(row).hex()
            _must(False, "no_account_is_missed", f"account {account} is_below={is_below} at {deployment.at}")


def no_warning_is_missed(state: State, protocol: Protocol) -> None:
    """Exactly the accounts whose health factor is below the policy's warning line are warned, all of those in an episode too.

    An account that needs an unknown price keeps its warning, and while offers wait, warnings wait.
    """
    deployment, line_ratio = state.deployment, state.policy.warning_health_ratio
    _must(line_ratio > 0 or not state.warned, "no_warning_is_missed", state.warned)
    if not line_ratio or state.offers_are_waiting:
        return
    for row in range(deployment.book.account_count):
        is_at_risk = protocol.is_at_risk(deployment, row)
        if is_at_risk and isinstance(protocol.health(deployment, row), Refusal):
            continue
        is_below = is_at_risk and protocol.is_below(deployment, row, line_ratio)
        if is_below != (row in state.warned):
            account = deployment.book.account_at(row).hex()
            _must(False, "no_warning_is_missed", f"account {account} is_below={is_below} at {deployment.at}")


def open_order_belongs_to_its_episode(state: State) -> None:
    """An account has at most one open order, and only while it is below the line; only an open order is narrowed."""
    from_episodes = {e.order_id: row for row, e in state.episodes.items() if e.order_id != NO_ORDER}
    _must(from_episodes == state.order_rows, "open_order_belongs_to_its_episode", (from_episodes, state.order_rows))
    _must(state.narrowings.keys() <= state.order_rows.keys(), "open_order_belongs_to_its_episode", state.narrowings)


def buffer_is_never_negative(state: State) -> None:
    """No buffer pays more than it holds."""
    for name, held in state.buffers:
        _must(min(held.values(), default=0) >= 0, "buffer_is_never_negative", (name, held))


def losses_are_paid_once(state: State) -> None:
    """In the ledger, bad debt is what was paid and what is uncovered, for each entry and so for each asset.

    Each payment for an entry comes after it, belongs to its account, episode and market, and never passes what it left.
    """
    ledger = state.loss_ledger
    if ledger is None:
        return
    left: dict[int, Amount] = {}
    for number, entry in enumerate(ledger.entries, start=1):
        paid_amount = sum(payment.amount for payment in entry.payments)
        _must(paid_amount == entry.amount > 0, "losses_are_paid_once", entry)
        if entry.paid_for:
            loss = ledger.entries[entry.paid_for - 1]
            is_later = entry.paid_for < number and not loss.paid_for and _key(loss) == _key(entry)
            left[entry.paid_for] -= entry.amount
            _must(is_later and left[entry.paid_for] >= 0, "losses_are_paid_once", (number, entry))
        else:
            left[number] = sum(payment.amount for payment in entry.payments if payment.absorber == UNCOVERED_LOSS)
    waiting = {number: amount for of_market in ledger.uncovered_amounts for number, amount in of_market}
    found = {number: amount for number, amount in left.items() if amount}
    _must(found == waiting, "losses_are_paid_once", (found, waiting))


def _key(entry: LossEntry) -> tuple[bytes, Milliseconds, int]:
    return entry.account, entry.below_since, entry.debt_market


def draws_are_payments(state: State) -> None:
    """What a buffer holds of an asset is what it opened with and was fed, less what the ledger says that it paid."""
    ledger, markets = state.loss_ledger, state.deployment.markets
    if ledger is None:
        return
    paid: dict[tuple[str, int], Amount] = {}
    for entry in ledger.entries:
        for payment in entry.payments:
            key = payment.absorber, markets[entry.debt_market].debt_asset
            paid[key] = paid.get(key, 0) + payment.amount
    for (name, held), opened, fed in zip(state.buffers, state.policy.buffers, ledger.fed_amounts, strict=True):
        opened_amounts = dict(opened.amounts)
        for asset in range(len(state.deployment.assets)):
            came_amount = opened_amounts.get(asset, 0) + fed[asset]
            left_amount = came_amount - paid.get((name, asset), 0)
            _must(held.get(asset, 0) == left_amount, "draws_are_payments", (name, asset, held, left_amount))


def budget_is_never_exceeded(state: State) -> None:
    """In no window does a step of the waterfall pay more than its budget."""
    for nth, absorber in enumerate(state.policy.absorbers):
        assert state.loss_ledger is not None
        draws, oldest = state.loss_ledger.draws[nth], state.deployment.at - absorber.window_ms
        drawn_value = sum(draw.value for draw in draws if draw.at > oldest)
        is_within = drawn_value <= absorber.budget_value if absorber.budget_value else not draws
        _must(is_within, "budget_is_never_exceeded", (absorber.names, drawn_value))


def restitution_is_within_its_claims(state: State) -> None:
    """No ruling pays more than was claimed by it, and no penalty that one made a claim of is still remembered."""
    if state.restitutions is None:
        return
    for ruling in state.restitutions.rulings:
        _must(0 <= ruling.paid_value <= ruling.claim_value, "restitution_is_within_its_claims", ruling)
        for penalty in state.restitutions.penalties:
            is_left = penalty.at < ruling.at and is_ruled(penalty, ruling.asset, ruling.from_at, ruling.until_at)
            _must(not is_left, "restitution_is_within_its_claims", (ruling, penalty))


def backers_own_no_more_than_there_is(state: State) -> None:
    """What all backers of a market could take out is in its backstop, and what they gained too."""
    for market, backstop in enumerate(state.deployment.backstops):
        owned = claims(backstop, backstop.commitments.values())
        amounts = sum(worth for worth, _ in owned), sum(gained for _, gained in owned)
        holds = amounts[0] <= backstop.amount and amounts[1] <= backstop.collateral_amount
        _must(holds, "backers_own_no_more_than_there_is", (market, amounts))


def stakes_make_the_book(state: State) -> None:
    """Where accounts have stakes, each has and owes what its stake says, and all of them no more than the market."""
    book = state.deployment.book
    for market, redistribution in enumerate(state.deployment.redistributions):
        stakes, amounts = redistribution.stakes, [0, 0]
        for account, held in stakes.items():
            row = book.row_of(account)
            balances = tuple(book.balance(row, slot_of(market, side)) for side in (COLLATERAL, DEBT))
            _must(balances == entire_amounts(redistribution, held), "stakes_make_the_book", (market, account))
            amounts = [total + balance for total, balance in zip(amounts, balances, strict=True)]
        holds = amounts[0] <= redistribution.collateral_amount and amounts[1] <= redistribution.debt_amount
        is_whole = redistribution.stake_total == sum(held.stake for held in stakes.values())
        _must(holds and is_whole, "stakes_make_the_book", (market, amounts))


def market_total_is_never_negative(state: State) -> None:
    """Totals, fees and bad debt of a market are never below zero."""
    for market, of_market in enumerate(state.deployment.market_states):
        amounts = (
            of_market.supply_amount,
            of_market.supply_shares,
            of_market.debt_amount,
            of_market.bad_debt_amount,
            of_market.fee_amount,
            of_market.surplus_amount,
        )
        _must(min(amounts) >= 0, "market_total_is_never_negative", (market, amounts))


def auctions_sum_to_market_total(state: State) -> None:
    """Lots and dues of auctions are never negative and add up, market by market, to the totals that limits read."""
    auctions, count = state.deployment.auctions, len(state.deployment.markets)
    lots, dues = [0] * count, [0] * count
    for auction in auctions:
        _must(auction.lot_balance >= 0 and auction.due_ray > 0, "auctions_sum_to_market_total", auction)
        lots[auction.collateral_market] += auction.lot_balance
        dues[auction.debt_market] += auction.due_ray
    kept, summed = (auctions.lot_balances, auctions.due_rays), (lots, dues)
    _must(kept == summed, "auctions_sum_to_market_total", (kept, summed))


def auction_accounts_for_its_money(orders: Sequence[Order]) -> None:
    """What an auction raised, lost and gave back as debt is what it cost and what is left over; a loss is absorbed at once."""
    for order, follower in zip_longest(orders, orders[1:]):
        if isinstance(order, EndAuction):
            covered_amount = order.raised_amount + order.loss_amount + order.returned_debt_amount
            adds_up = covered_amount == order.cost_amount + order.surplus_amount
            _must(
                adds_up and min(order.loss_amount, order.surplus_amount) == 0, "auction_accounts_for_its_money", order
            )
            absorbed = follower.bad_debt_amount if isinstance(follower, AbsorbLoss) else 0
            is_absorbed = not order.loss_amount or absorbed == order.loss_amount
            _must(is_absorbed, "auction_accounts_for_its_money", (order, follower))


def healthy_account_is_never_seized(orders: Sequence[Order]) -> None:
    """A fill is settled, and an auction started, only on an account whose health factor is at or below one."""
    for order in orders:
        if isinstance(order, SettleFill | StartAuction):
            _must(order.health_factor_ratio_before <= WAD, "healthy_account_is_never_seized", order)


def waterfall_pays_each_unit_once(orders: Sequence[Order]) -> None:
    """The payments of a loss add up to the loss."""
    for order in orders:
        if isinstance(order, AbsorbLoss):
            paid_amount = sum(payment.amount for payment in order.payments)
            _must(paid_amount == order.bad_debt_amount, "waterfall_pays_each_unit_once", order)


def winners_pay_what_the_loser_gains(orders: Sequence[Order]) -> None:
    """What winners pay in a deleveraging is the loss that it covers, and what is closed of them what is closed of the loser."""
    for order in orders:
        if isinstance(order, AutoDeleverage):
            closed_amount = sum(cut.closed_amount for cut in order.record.cuts)
            is_matched = 0 < closed_amount == order.closed_amount <= order.record.loss.balance
            is_paid = sum(order.paid_amounts) == order.covered_amount > 0 and min(order.paid_amounts) >= 0
            _must(is_matched and is_paid, "winners_pay_what_the_loser_gains", order)


def winners_keep_their_margin(state: State, protocol: Protocol, orders: Sequence[Order]) -> None:
    """By our own rule nobody who was above the line is deleveraged below it; the queues of others do not promise it."""
    deployment = state.deployment
    for order in orders:
        if isinstance(order, AutoDeleverage) and order.record.rule == EXACT_BUDGET:
            for cut in order.record.cuts:
                is_below = protocol.is_liquidatable(deployment, deployment.book.row_of(cut.account))
                _must(not is_below, "winners_keep_their_margin", (cut, deployment.at))


def offers_come_by_priority(orders: Sequence[Order]) -> None:
    """Offers of one event come worst first; equals come in order of the account's bytes."""
    keys = [(-order.priority, order.account) for order in singly(orders) if isinstance(order, Liquidate)]
    _must(keys == sorted(keys), "offers_come_by_priority", keys)
