"""A world of chance around the auction house: whatever is asked and bid, lots, money and debts add up to the unit."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.auctions import ART, ETHER, INK, KEEPER, RAD, House, dutch, english, offers_in, vault

from seawall.engine.state import State
from seawall.fixed import WAD
from seawall.ledger.event import Bid, BidsReported
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.ledger.order import (
    AbsorbLoss,
    EndAuction,
    ForfeitBond,
    HoldBid,
    ResetAuction,
    ReturnBid,
    SettleBid,
    StartAuction,
    singly,
)
from seawall.protocols.batch_sale import BatchRule, BatchSale
from seawall.protocols.maker import MAKER, Maker
from seawall.rules.batch_auction import SealedBid
from seawall.rules.sealed_bid import commitment

SALT = bytes(32)
NAMES = [vault(f"owner {nth}") for nth in range(4)]


def batch(**changed):
    """Return Maker's vaults with a batch sale in windows of a quarter of an hour."""
    return Maker("2.0", MAKER[1].proof, BatchSale(BatchRule(900_000, WAD // 2, WAD // 2, **changed)))


SALES = {
    "dutch": lambda: dutch(debt_value_min=1_000 * WAD, market_due_value_max=30_000 * WAD, reward_value=WAD),
    "batch": batch,
    "sealed": lambda: batch(reveal_ms=900_000, bond_ratio=WAD // 100),
    "english": lambda: english(auction_due_value_max=9_000 * WAD, total_due_value_max=40_000 * WAD),
}


class AuctionWorld(RuleBasedStateMachine):
    """Vaults of chance, prices of chance, and keepers that ask and bid whatever comes to their mind."""

    sale = "dutch"

    def __init__(self):
        super().__init__()
        self.house = House(SALES[self.sale]())
        self.held = {COLLATERAL: 0, DEBT: 0}
        self.taken = 0
        self.seized = self.returned = self.paid = self.in_hold = self.lost = self.surplus = self.cost = (
            self.owed_again
        ) = 0
        self.orders = {}
        self.committed = []
        self.note(self.house.price(ETH=2_000, BTC=40_000, DAI=1))

    def note(self, said):
        """Add up what orders say, on our own."""
        for order in singly(said):
            match order:
                case StartAuction():
                    self.taken += order.debt_amount
                    self.cost += order.debt_amount + order.reward_amount
                case SettleBid():
                    self.seized += order.seize_balance
                    self.paid += order.pay_amount
                    self.in_hold -= order.pay_amount if order.was_held else 0
                case HoldBid():
                    self.in_hold += order.pay_amount
                    self.returned += order.returned_balance
                case ReturnBid():
                    self.in_hold -= order.pay_amount
                case ForfeitBond():
                    self.in_hold -= order.pay_amount
                    self.surplus += order.pay_amount
                case ResetAuction():
                    self.cost += order.reward_amount
                case EndAuction():
                    self.returned += 0 if order.returned_to_account else order.returned_balance
                    self.owed_again += order.returned_debt_amount
                    self.surplus += order.surplus_amount
                    self.cost -= order.cost_amount
                    self.paid -= order.raised_amount
                case AbsorbLoss():
                    self.lost += order.bad_debt_amount
                case _:
                    pass
        self.orders.update({order.account: order for order in offers_in(said)})

    @rule(name=st.sampled_from(NAMES), ink=st.integers(0, 2 * INK), art=st.integers(0, ART))
    def give(self, name, ink, art):
        self.held[COLLATERAL] += ink
        self.held[DEBT] += art
        self.note(self.house.give(name, ink, art))

    @rule(price=st.integers(300, 2_500))
    def move_price(self, price):
        self.note(self.house.price(ETH=price))

    @rule(seconds=st.sampled_from([1, 90, 900, 8_500, 11_000, 173_000]))
    def wait(self, seconds):
        self.house.wait(seconds)
        self.note(self.house.block())

    @rule(name=st.sampled_from(NAMES))
    def ask(self, name):
        if name in self.orders:
            self.note(self.house.start(self.orders[name]))

    @rule(
        auction_id=st.integers(0, 6), share=st.integers(-1, 12), pay=st.integers(-1, 12), bid_id=st.integers(0, 40),
        price=st.integers(-1, 3_000),
    )  # fmt: skip
    def bid(self, auction_id, share, pay, bid_id, price):
        auction = self.house.state.deployment.auctions.get(auction_id)
        lot, due = (auction.lot_balance, auction.due_ray) if auction else (WAD, RAD)
        bid = self.house.bid_of(
            auction_id, lot * share // 10, bid_id=bid_id, price_ray=price * 10**27, pay_ray=due * pay // 10
        )
        self.note(self.house.tell(BidsReported(self.house.at, (bid,))))

    @rule(
        auction_id=st.integers(1, 6), share=st.integers(0, 11), bid_id=st.integers(0, 40), price=st.integers(500, 3_000)
    )
    def commit(self, auction_id, share, bid_id, price):
        auction = self.house.state.deployment.auctions.get(auction_id)
        if auction is not None:
            lot, price_ray = auction.lot_balance * share // 10, price * 10**27
            sealed = commitment(auction_id, SealedBid(KEEPER, bid_id, price_ray, lot, 0), SALT)
            bid = Bid(auction_id, bid_id, KEEPER, 0, pay_ray=auction.due_ray // 50, commitment=sealed)
            self.committed.append(Bid(auction_id, bid_id, KEEPER, lot, price_ray, salt=SALT))
            self.note(self.house.tell(BidsReported(self.house.at, (bid,))))

    @rule(data=st.data())
    def reveal(self, data):
        if self.committed:
            shown = data.draw(st.sampled_from(self.committed))
            self.note(self.house.tell(BidsReported(self.house.at, (shown,))))

    @rule(auction_id=st.integers(0, 6))
    def reset(self, auction_id):
        self.note(self.house.reset(auction_id))

    @rule(auction_id=st.integers(0, 6))
    def end(self, auction_id):
        self.note(self.house.end(auction_id))

    @rule(level=st.integers(0, 3))
    def decide(self, level):
        self.note(self.house.decide(ETHER, level))

    @invariant()
    def collateral_is_held_on_sale_sold_or_returned(self):
        deployment = self.house.state.deployment
        on_sale = deployment.auctions.lot_balances[ETHER]
        in_book = deployment.book.balance_totals[slot_of(ETHER, COLLATERAL)]
        assert self.held[COLLATERAL] == in_book + on_sale + self.seized + self.returned

    @invariant()
    def money_of_running_auctions_is_what_was_paid_or_is_held(self):
        auctions = list(self.house.state.deployment.auctions)
        assert sum(auction.raised_amount for auction in auctions) == self.paid
        assert sum(auction.cost_amount for auction in auctions) == self.cost
        held = sum(-(-bid.pay_ray // 10**27) for auction in auctions for bid in auction.bids)
        assert held == self.in_hold

    @invariant()
    def debt_is_owed_or_was_taken_over(self):
        # Index one: a stored unit is a unit.
        owed = self.house.state.deployment.book.balance_totals[slot_of(ETHER, DEBT)]
        assert self.held[DEBT] == owed + self.taken - self.owed_again

    @invariant()
    def losses_and_surpluses_are_in_the_market(self):
        of_market = self.house.state.deployment.market_states[ETHER]
        assert (of_market.bad_debt_amount, of_market.surplus_amount) == (self.lost, self.surplus)

    @invariant()
    def a_snapshot_is_the_state(self):
        data = self.house.state.canonical_bytes()
        assert State.restored(data).canonical_bytes() == data


@pytest.mark.parametrize("sale", sorted(SALES))
def test_whatever_is_asked_and_bid_everything_adds_up(sale):
    run_state_machine_as_test(
        type("World", (AuctionWorld,), {"sale": sale}),
        settings=settings(
            deadline=None,
            max_examples=25,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
