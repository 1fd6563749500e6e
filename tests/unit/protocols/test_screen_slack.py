"""The slack is sound and tight: what it calls certain is what the contract decides, and it is seldom uncertain.

Margins are exact: all weights stand on one common denominator, so integers compare as fractions would.
"""

import random
from math import lcm

import pytest
from tests.deployments import lending_protocols
from tests.unit.protocols.deployments import open_account, pair, pooled, risk

from seawall.fixed import RAY, WAD
from seawall.ledger.deployment import Deployment
from seawall.ledger.liquidation_rule import BonusStep, GrowingBonus, LiquidationRule
from seawall.ledger.market import COLLATERAL, DEBT, NO_CATEGORY, slot_of
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.protocol import Protocol
from seawall.protocols.seawall import Seawall

PLANTED = 20_000
NO_BONUS = GrowingBonus((BonusStep(WAD // 2, 0),))
OWN = [
    Seawall(version, LiquidationRule(0, 0, WAD, line_ratio=trigger, growing_bonus=NO_BONUS))
    for version, trigger in (("early", 112 * 10**16 + 7), ("late", 7 * 10**17 + 3))
]
POOLED = [
    *(p for p in lending_protocols() if not p.accounts_are_per_market and p.sale is None),
    *OWN,
]
LABELS = [protocol.label for protocol in POOLED]
LINES = [WAD, 11 * 10**17, 1234567890123456789, 3 * WAD]
E18 = 10**18


class Screen:
    """The linear margin of a deployment, and what the slack makes certain of it."""

    def __init__(self, protocol: Protocol, deployment: Deployment, categories: int, line_ratio: int = WAD) -> None:
        self.protocol, self.deployment, self.line_ratio = protocol, deployment, line_ratio
        slots = range(2 * len(deployment.markets))
        weights = {
            (slot, category): protocol.line_weight(deployment, slot, category, line_ratio)
            for slot in slots
            for category in range(categories)
        }
        self.denominator = lcm(*(denominator for _, denominator in weights.values()))
        self.weight = {key: top * (self.denominator // bottom) for key, (top, bottom) in weights.items()}
        self.slack = protocol.screen_slack(deployment)

    def side(self, positions: list[tuple[int, int]], category: int, side: int, units: int = 0) -> int:
        return sum((balance + units) * self.weight[slot, category] for slot, balance in positions if slot % 2 == side)

    def margin(self, positions: list[tuple[int, int]], category: int) -> int:
        return self.side(positions, category, COLLATERAL) - self.side(positions, category, DEBT)

    def is_certain(self, positions: list[tuple[int, int]], category: int) -> tuple[bool, bool]:
        """Return (healthy for certain, liquidatable for certain)."""
        slack, value = self.slack, self.slack.value * self.denominator * WAD
        worst = self.side(positions, category, COLLATERAL, -slack.collateral_units) * (WAD - slack.collateral_ratio)
        worst -= self.side(positions, category, DEBT, slack.debt_units) * (WAD + slack.debt_ratio)
        best = self.side(positions, category, COLLATERAL, slack.collateral_units) * (WAD + slack.collateral_ratio)
        best -= self.side(positions, category, DEBT, -slack.debt_units) * (WAD - slack.debt_ratio)
        return worst > value, best < -value

    def decide(self, row: int, positions: list[tuple[int, int]], category: int) -> bool:
        """Put the account on these positions and return the contract's decision."""
        book = self.deployment.book
        for slot, _ in book.positions(row):
            book.set_balance(row, slot, 0)
        book.set_category(row, category)
        for slot, balance in positions:
            book.set_balance(row, slot, balance)
        return self.protocol.is_below(self.deployment, row, self.line_ratio)


def pool(protocol: Protocol, draw: random.Random, moved: bool) -> Deployment:
    """Six assets of 2 to 18 decimals; the last is no collateral, the first two have another category."""
    with_category = protocol.name == "aave_v3"

    def categories(*bps: int) -> tuple:
        return ({1: risk(*bps)},) if with_category and bps else ()

    markets = (
        ("ETH", 18, 2000123456789012345678, risk(8250, 500), *categories(9300, 100)),
        ("STETH", 18, 2240987654321098765432, risk(7900, 700), *categories(9300, 100)),
        ("BTC", 8, 60000000001234567890123, risk(7300, 650)),
        ("USDC", 6, 999812345678901234, risk(7700, 500)),
        ("GUSD", 2, 1000912345678901234, risk(4100, 900)),
        ("SHIB", 18, 12345678901234, risk(0, 0)),
    )

    def index() -> int:
        return RAY + draw.randrange(RAY // 3) if moved else RAY

    return pooled(*markets, indices=tuple((index(), index()) for _ in markets))


def drawn_positions(screen: Screen, draw: random.Random, category: int) -> list[tuple[int, int]]:
    """One to three collaterals and one or two debts of 10 to 10,000,000 in value, the last debt on the line."""
    count = len(screen.deployment.markets)
    weighted = [market for market in range(count) if screen.weight[slot_of(market, COLLATERAL), category]]
    slots = [slot_of(market, COLLATERAL) for market in draw.sample(weighted, draw.randint(1, 3))]
    slots += [slot_of(market, DEBT) for market in draw.sample(range(count), draw.randint(1, 2))]
    size = E18 * 10 ** draw.randint(1, 7) * screen.denominator
    positions = [(slot, 1 + draw.randrange(size) // screen.weight[slot, category]) for slot in slots[:-1]]
    if screen.margin(positions, category) <= 0:
        positions = [(slot, balance if slot % 2 == COLLATERAL else 1) for slot, balance in positions]
    positions.append((slots[-1], max(1, screen.margin(positions, category) // screen.weight[slots[-1], category])))
    return positions


def planted(screen: Screen, draw: random.Random, category: int) -> list[tuple[int, int]]:
    """Move one collateral of a drawn account so that its margin is somewhere inside the slack, or just outside."""
    positions = drawn_positions(screen, draw, category)
    slot, balance = positions[0]
    debt = screen.side(positions, category, DEBT)
    slack = screen.slack
    band = slack.value * screen.denominator + debt * (slack.collateral_ratio + slack.debt_ratio) // WAD
    band += sum(screen.weight[at, category] for at, _ in positions)
    target = draw.randint(-band, band) * draw.choice((1, 1, 1, 0, 2)) // draw.choice((1, 1, 10, 1000))
    weight = screen.weight[slot, category]
    moved = balance + (target - screen.margin(positions, category)) // weight + draw.randint(-1, 1)
    return [(slot, max(1, moved)), *positions[1:]]


@pytest.mark.parametrize("line_ratio", LINES)
@pytest.mark.parametrize("moved", [True, False], ids=["indices moved", "indices at one"])
@pytest.mark.parametrize("protocol", POOLED, ids=LABELS)
def test_what_is_certain_is_what_the_contract_decides(protocol, moved, line_ratio):
    draw = random.Random(f"{protocol.label} {moved} {line_ratio}")
    deployment = pool(protocol, draw, moved)
    protocol.check_markets(deployment.markets)
    categories = 2 if protocol.name == "aave_v3" else 1
    screen = Screen(protocol, deployment, categories, line_ratio)
    row = open_account(deployment, {}, {})
    uncertain = against_the_sign = 0
    for _ in range(PLANTED // 2 if line_ratio == WAD else PLANTED // 8):
        category = draw.randrange(categories)
        positions = planted(screen, draw, category)
        decision = screen.decide(row, positions, category)
        is_healthy, is_liquidatable = screen.is_certain(positions, category)
        assert not (is_healthy and decision), positions
        assert not (is_liquidatable and not decision), positions
        uncertain += not (is_healthy or is_liquidatable)
        against_the_sign += decision != (screen.margin(positions, category) < 0)
    # The test would be empty if the slack were never needed.
    assert uncertain > (100 if line_ratio == WAD else 25)
    assert against_the_sign > (10 if line_ratio == WAD else 0)


@pytest.mark.parametrize("protocol", POOLED, ids=LABELS)
def test_few_accounts_of_a_normal_book_are_uncertain(protocol):
    draw = random.Random(protocol.label)
    deployment = pool(protocol, draw, moved=True)
    screen = Screen(protocol, deployment, 1)
    uncertain = 0
    for _ in range(5_000):
        positions = drawn_positions(screen, draw, NO_CATEGORY)
        # Health factors between 0.8 and 2.8.
        held = draw.randint(800_000, 2_800_000)
        positions = [
            (slot, balance * held // 1_000_000 + 1 if slot % 2 == 0 else balance) for slot, balance in positions
        ]
        uncertain += not any(screen.is_certain(positions, NO_CATEGORY))
    assert uncertain <= 10


@pytest.mark.parametrize("line_ratio", LINES)
def test_morpho_blue_is_certain_of_what_its_contract_decides(line_ratio):
    protocol = protocol_named("morpho_blue")
    draw = random.Random(protocol.label)
    against_the_sign = uncertain = 0
    for collateral, loan in (
        ((18, 2000123456789012345678), (6, 999812345678901234)),
        ((8, 60000000001234567890123), (18, 2240987654321098765432)),
        ((6, E18), (2, 1000912345678901234)),
        ((18, 12345678901234), (8, 60000000001234567890123)),
    ):
        deployment = pair(collateral, loan, 86 * 10**16, debt_amount=10**9 * 10 ** loan[0], supply_amount=10**30)
        open_account(deployment, {}, {0: 98 * 10**13 * 10 ** loan[0] + 777}, b"others".ljust(20) + b"\0\0")
        row = open_account(deployment, {0: 1}, {}, b"borrower".ljust(20) + b"\0\0")
        shares_in_all = deployment.book.balance_totals[slot_of(0, DEBT)]
        for _ in range(PLANTED // 4):
            shares = 1 + draw.randrange(10 ** (loan[0] + 6 + draw.randint(0, 6)))
            # The totals contain the account's own shares.
            deployment.book.set_balance(row, slot_of(0, DEBT), shares)
            screen = Screen(protocol, deployment, 1, line_ratio)
            weight = screen.weight[slot_of(0, COLLATERAL), 0]
            owed = shares * screen.weight[slot_of(0, DEBT), 0]
            band = screen.slack.value * screen.denominator * draw.choice((1, 2)) // draw.choice((1, 1, 5))
            held = max(1, (owed + draw.randint(-band, band)) // weight)
            positions = [(slot_of(0, COLLATERAL), held), (slot_of(0, DEBT), shares)]
            deployment.book.set_balance(row, slot_of(0, COLLATERAL), held)
            decision = protocol.is_below(deployment, row, line_ratio)
            is_healthy, is_liquidatable = screen.is_certain(positions, 0)
            assert not (is_healthy and decision), positions
            assert not (is_liquidatable and not decision), positions
            uncertain += not (is_healthy or is_liquidatable)
            against_the_sign += decision != (screen.margin(positions, 0) < 0)
        assert deployment.book.balance_totals[slot_of(0, DEBT)] == shares_in_all + shares
    assert uncertain > PLANTED // 10
    assert against_the_sign > 0
